import type { MlDsaKey } from './mldsa-key-file.ts'
import type { MlDsaCalls } from './mldsa-worker.ts'
import { WorkerPool } from './worker-pool.ts'

/**
 * Signs with ML-DSA-44 on a thread of its own: a signature takes milliseconds, some take tens, and nothing else may wait for
 * it. A thread that dies fails what it was given; the next signature has a new one.
 */
export class MlDsaSigner {
  /** 1,312 bytes. */
  readonly publicKey: Uint8Array
  private readonly seed: Uint8Array
  private readonly pool: WorkerPool<MlDsaCalls>

  constructor(key: MlDsaKey) {
    this.publicKey = key.publicKey
    this.seed = key.seed
    this.pool = new WorkerPool({
      source: new URL('./mldsa-worker.ts', import.meta.url),
      threads: 1,
      what: 'the thread that signs with ML-DSA-44',
      workerData: this.seed,
    })
  }

  /** A hedged signature of 2,420 bytes. Rejects where the thread ends first, and after {@link close}. */
  sign(message: Uint8Array): Promise<Uint8Array> {
    return this.pool.call('sign', [message])
  }

  async close(): Promise<void> {
    await this.pool.close()
    this.seed.fill(0)
  }
}
