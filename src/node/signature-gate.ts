import { append } from '../core/arrays.ts'
import { verifyEd25519 } from '../core/ed25519.ts'
import { packJobs, type SignatureJob } from './signature-jobs.ts'
import type { SignatureMeans } from './signature-means.ts'
import type { SignatureCalls, SignatureWorkerData } from './signature-worker.ts'
import { WorkerPool } from './worker-pool.ts'

interface Waiting {
  readonly job: SignatureJob
  readonly settle: (valid: boolean) => void
  readonly fail: (error: Error) => void
}

/** Below this many at once a thread's round trip costs more than it saves. */
const inlineLimit = 4
/** Signatures handed to a thread at once, and batches that one thread holds. */
const batchSize = 64
const batchesPerThread = 2
/** Signatures of one request that are taken before the next request's. */
const perRequest = 8
/** Signatures verified here in one turn while every thread is busy: some 0.4 ms. */
const inlineTurn = 8

/** How a {@link SignatureGate} verifies. */
export interface SignatureGateOptions {
  /** Threads; 0 verifies everything here. */
  readonly threads: number
  /** How the threads verify: by tables of keys that sign often, or by libsodium alone. What is verified here is verified by libsodium. */
  readonly means?: SignatureMeans
  /** Called where tables were found wrong: they serve no longer in that thread, and what was asked of them is verified anew without. */
  readonly onDisagreement?: (message: string) => void
}

/**
 * Verifies signatures as they arrive: the few of a quiet moment here, the many of a busy one on other threads, and here as
 * well while those are busy; of each request that waits some in its turn, so that a single one stands behind no batch. The rule is verifyEd25519's, here and there.
 */
export class SignatureGate {
  /** What each request has waiting, the next in turn first. */
  private readonly requests: Waiting[][] = []
  private waiting = 0
  private scheduled = false
  private handedOut = 0
  private readonly pool: WorkerPool<SignatureCalls>
  private readonly threads: number
  private readonly onDisagreement: ((message: string) => void) | undefined

  constructor({ threads, means = 'tables', onDisagreement }: SignatureGateOptions) {
    this.threads = threads
    this.onDisagreement = onDisagreement
    this.pool = new WorkerPool({
      source: new URL('./signature-worker.ts', import.meta.url),
      threads,
      what: 'a thread that verifies signatures',
      workerData: { signatures: means } satisfies SignatureWorkerData,
    })
  }

  /**
   * Whether each signature is valid, in the order of the jobs: one promise for all, since one each costs as much as judging the statement.
   * Rejects only if a thread dies: nothing is taken for verified then.
   */
  verifyMany(jobs: readonly SignatureJob[]): Promise<boolean[]> {
    if (jobs.length === 0) return Promise.resolve([])
    return new Promise((resolve, fail) => {
      const verdicts = new Array<boolean>(jobs.length).fill(false)
      let left = jobs.length
      const request = jobs.map((job, i) => {
        const settle = (valid: boolean): void => {
          verdicts[i] = valid
          if (--left === 0) resolve(verdicts)
        }
        return { job, settle, fail }
      })
      this.enter(request)
    })
  }

  private enter(request: Waiting[]): void {
    this.requests.push(request)
    this.waiting += request.length
    this.schedule()
  }

  private take(most: number): Waiting[] {
    const taken: Waiting[] = []
    while (taken.length < most) {
      const request = this.requests.shift()
      if (request === undefined) break
      append(taken, request.splice(0, Math.min(perRequest, most - taken.length)))
      if (request.length > 0) this.requests.push(request)
    }
    this.waiting -= taken.length
    return taken
  }

  private schedule(): void {
    if (this.scheduled) return
    this.scheduled = true
    setImmediate(() => {
      this.scheduled = false
      this.turn()
      if (this.waiting > 0) this.schedule()
    })
  }

  private turn(): void {
    const isBusy = this.threads > 0 && this.waiting >= inlineLimit
    while (isBusy && this.waiting > 0 && this.handedOut < this.threads * batchesPerThread) {
      this.hand(this.take(batchSize))
    }
    for (const { job, settle } of this.take(inlineTurn)) {
      settle(verifyEd25519(job.publicKey, job.message, job.signature))
    }
  }

  private hand(batch: readonly Waiting[]): void {
    this.handedOut++
    const packed = packJobs(batch.map(({ job }) => job))
    this.pool
      .call('verify', [packed], [packed.buffer])
      .then(
        ({ valid, disagreement }) => {
          if (disagreement !== undefined) this.onDisagreement?.(disagreement)
          batch.forEach(({ settle }, i) => settle(valid[i] === 1))
        },
        (error: Error) => batch.forEach(({ fail }) => fail(error)),
      )
      .finally(() => {
        this.handedOut--
      })
  }

  /** Ends the threads. What they have not verified is rejected. */
  close(): Promise<void> {
    return this.pool.close()
  }
}
