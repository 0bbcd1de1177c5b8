import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { packJobs, type SignatureJob } from './signature-jobs.ts'

/** A thread runs the built worker; a test that runs this file as source finds it where the build put it. */
const workerUrl: URL = import.meta.url.endsWith('.ts')
  ? new URL('../../dist/src/node/signature-worker.js', import.meta.url)
  : new URL('./signature-worker.js', import.meta.url)

interface Pending {
  readonly resolve: (verdicts: boolean[]) => void
  readonly reject: (error: Error) => void
}

/**
 * Verifies batches of signatures on other threads, over the whole rule of core's verifyEd25519. One message a batch each
 * way; a thread that dies fails what it was given, and nothing is ever taken for verified.
 */
export class SignaturePool {
  private readonly workers: Worker[] = []
  private readonly pending: Map<number, Pending>[] = []
  private nextId = 0
  private turn = 0

  constructor(threads: number = availableParallelism()) {
    for (let i = 0; i < Math.max(1, threads); i++) {
      const worker = new Worker(workerUrl)
      const waiting = new Map<number, Pending>()
      worker.on('message', ({ id, verdicts }: { id: number; verdicts: Uint8Array }) => {
        waiting.get(id)?.resolve(Array.from(verdicts, (verdict) => verdict === 1))
        waiting.delete(id)
        // An idle pool does not keep the process alive; a busy one must.
        if (waiting.size === 0) worker.unref()
      })
      worker.on('error', (error) => {
        for (const { reject } of waiting.values()) reject(error instanceof Error ? error : new Error(String(error)))
        waiting.clear()
      })
      worker.unref()
      this.workers.push(worker)
      this.pending.push(waiting)
    }
  }

  /** One verdict for each job, in order. */
  verify(jobs: readonly SignatureJob[]): Promise<boolean[]> {
    if (jobs.length === 0) return Promise.resolve([])
    const lane = this.turn++ % this.workers.length
    const packed = packJobs(jobs)
    const id = this.nextId++
    return new Promise((resolve, reject) => {
      this.pending[lane]?.set(id, { resolve, reject })
      this.workers[lane]?.ref()
      this.workers[lane]?.postMessage({ id, packed }, [packed.buffer])
    })
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()))
  }
}
