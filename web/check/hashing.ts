import type { Dropped } from '../../src/check/steps/dropped.ts'
import type { Hashing } from '../../src/check/steps/dropped-set.ts'
import { digestsOf } from '../../src/core/digest.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { DigestAlgorithm } from '../../src/core/hash.ts'
import type { MeasuredFile } from '../../src/verify/check-file.ts'
import type { measureBlob } from './measure.ts'

/** One file of the browser, behind what the check asks. */
export interface DroppedFile extends Dropped {
  readonly blob: Blob
}

/** Puts a file of the browser, or bytes that came from a ledger, behind what the check asks. */
export function droppedFile(path: string, blob: Blob): DroppedFile {
  const readAt = async (at: number, length: number): Promise<Uint8Array> => {
    try {
      return new Uint8Array(await blob.slice(at, at + length).arrayBuffer())
    } catch (cause) {
      throw unreadable(path, cause)
    }
  }
  return { path, size: blob.size, blob, readAt }
}

/** The refusal of a file that the browser could not read: it was moved, changed or locked since it was chosen. */
export function unreadable(path: string, cause: unknown): EvidenceError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new EvidenceError('file-unreadable', `${path} cannot be read: ${why}`, { where: path }, { cause })
}

/** What a worker is sent, and what it answers. */
export interface HashTask {
  readonly blob: Blob
  readonly algorithms: readonly DigestAlgorithm[]
}
export type HashAnswer = { readonly bytes: number } | { readonly measured: MeasuredFile } | { readonly failed: string }

/** Where the script that hashes is: it is run as a worker, or, where there is none, as a module of the page. */
export interface HashScript {
  readonly url: string
  readonly makeWorker: () => Worker | undefined
  /** Called when there is no worker, before the page itself hashes. */
  readonly withoutWorker?: () => void
}

/** The worker did not start: the browser forbids it, or the script is not there. */
class NoWorker extends Error {}

/** How the page hashes: in a worker, or, where the browser gives none, in the page itself. `signal` cancels it. */
export function pageHashing(script: HashScript, signal: AbortSignal): Hashing {
  const workers = new Workers(script.makeWorker, signal)
  const digests: Hashing['digests'] = async (dropped, algorithms, onBytes = () => {}) => {
    const { blob, path } = dropped as DroppedFile
    try {
      return await measured(script, workers, { blob, algorithms }, onBytes, signal)
    } catch (cause) {
      if (signal.aborted) throw cause
      throw unreadable(path, cause)
    }
  }
  return {
    digests,
    digestsOf: (bytes, algorithms) => ({ size: bytes.length, digest: digestsOf(bytes, algorithms) }),
    canDigest: () => true,
  }
}

/** How long a worker waits for the next file, in milliseconds: to start one takes far longer than to hash a small file. */
const idleMs = 2000

/** Workers that hash, each one file at a time. All end when the check is cancelled, and soon after there is no more to hash. */
class Workers {
  readonly #make: () => Worker | undefined
  readonly #free: Worker[] = []
  readonly #all = new Set<Worker>()
  #end: ReturnType<typeof setTimeout> | undefined
  constructor(make: () => Worker | undefined, signal: AbortSignal) {
    this.#make = make
    signal.addEventListener('abort', () => this.#endAll(), { once: true })
  }

  /** A worker that has nothing to do; undefined where the browser gives none. */
  take(): Worker | undefined {
    clearTimeout(this.#end)
    const worker = this.#free.pop() ?? this.#make()
    if (worker !== undefined) this.#all.add(worker)
    return worker
  }

  giveBack(worker: Worker): void {
    if (!this.#all.has(worker)) return
    this.#free.push(worker)
    if (this.#free.length === this.#all.size) this.#end = setTimeout(() => this.#endAll(), idleMs)
  }

  drop(worker: Worker): void {
    worker.terminate()
    this.#all.delete(worker)
  }

  #endAll(): void {
    for (const worker of this.#all) worker.terminate()
    this.#all.clear()
    this.#free.length = 0
  }
}

async function measured(
  { url, withoutWorker }: HashScript,
  workers: Workers,
  task: HashTask,
  onBytes: (count: number) => void,
  signal: AbortSignal,
): Promise<MeasuredFile> {
  const worker = workers.take()
  if (worker !== undefined) {
    try {
      const answer = await inWorker(worker, task, onBytes, signal)
      workers.giveBack(worker)
      return answer
    } catch (cause) {
      workers.drop(worker)
      if (!(cause instanceof NoWorker)) throw cause
    }
  }
  withoutWorker?.()
  await import(url)
  const { evidenceMeasure } = globalThis as { evidenceMeasure?: typeof measureBlob }
  if (evidenceMeasure === undefined) throw new NoWorker('the script that hashes could not be loaded')
  return evidenceMeasure(task.blob, task.algorithms, onBytes, signal)
}

function inWorker(
  worker: Worker,
  task: HashTask,
  onBytes: (count: number) => void,
  signal: AbortSignal,
): Promise<MeasuredFile> {
  return new Promise((resolve, reject) => {
    // One that was cancelled before it began never hears of it.
    if (signal.aborted) {
      reject(new DOMException('cancelled', 'AbortError'))
      return
    }
    signal.addEventListener('abort', () => reject(new DOMException('cancelled', 'AbortError')), { once: true })
    worker.onmessage = ({ data }: MessageEvent<HashAnswer>) => {
      if ('bytes' in data) onBytes(data.bytes)
      else if ('measured' in data) resolve(data.measured)
      else reject(new Error(data.failed))
    }
    worker.onerror = (event) => reject(new NoWorker(event.message))
    worker.postMessage(task)
  })
}
