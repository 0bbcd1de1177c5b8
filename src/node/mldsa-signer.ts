import { Worker } from 'node:worker_threads'
import type { MlDsaKey } from './mldsa-key-file.ts'

const workerUrl: URL = import.meta.url.endsWith('.ts')
  ? new URL('../../dist/src/node/mldsa-worker.js', import.meta.url)
  : new URL('./mldsa-worker.js', import.meta.url)

interface Pending {
  readonly resolve: (signature: Uint8Array) => void
  readonly reject: (error: Error) => void
}

/**
 * Signs with ML-DSA-44 on a thread of its own: a signature takes milliseconds, some take tens, and nothing else may wait for
 * it. A thread that dies fails what it was given; the next signature has a new one.
 */
export class MlDsaSigner {
  /** 1,312 bytes. */
  readonly publicKey: Uint8Array
  private readonly seed: Uint8Array
  private readonly pending = new Map<number, Pending>()
  private worker: Worker | undefined
  private nextId = 0

  constructor(key: MlDsaKey) {
    this.publicKey = key.publicKey
    this.seed = key.seed
  }

  /** A hedged signature of 2,420 bytes. */
  sign(message: Uint8Array): Promise<Uint8Array> {
    const worker = (this.worker ??= this.start())
    const id = this.nextId++
    return new Promise((resolve, reject) => {
      this.pending.set(id, { resolve, reject })
      worker.ref()
      worker.postMessage({ id, message })
    })
  }

  private start(): Worker {
    const worker = new Worker(workerUrl, { workerData: this.seed })
    worker.on('message', ({ id, signature }: { id: number; signature: Uint8Array }) => {
      this.pending.get(id)?.resolve(signature)
      this.pending.delete(id)
      // An idle signer does not keep the process alive.
      if (this.pending.size === 0) worker.unref()
    })
    const end = (error: Error): void => {
      if (this.worker === worker) this.worker = undefined
      for (const { reject } of this.pending.values()) reject(error)
      this.pending.clear()
    }
    worker.on('error', (error) => end(error instanceof Error ? error : new Error(String(error))))
    worker.on('exit', () => end(new Error('the thread that signs with ML-DSA-44 has ended')))
    return worker
  }

  async close(): Promise<void> {
    await this.worker?.terminate()
    this.seed.fill(0)
  }
}
