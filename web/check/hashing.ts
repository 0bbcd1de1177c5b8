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
  const digests: Hashing['digests'] = async (dropped, algorithms, onBytes = () => {}) => {
    const { blob, path } = dropped as DroppedFile
    try {
      return await measured(script, { blob, algorithms }, onBytes, signal)
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

async function measured(
  { url, makeWorker, withoutWorker }: HashScript,
  task: HashTask,
  onBytes: (count: number) => void,
  signal: AbortSignal,
): Promise<MeasuredFile> {
  const worker = makeWorker()
  try {
    if (worker !== undefined) return await inWorker(worker, task, onBytes, signal)
  } catch (cause) {
    if (!(cause instanceof NoWorker)) throw cause
  } finally {
    worker?.terminate()
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
    const stop = (): void => reject(new DOMException('cancelled', 'AbortError'))
    signal.addEventListener('abort', stop, { once: true })
    worker.addEventListener('message', ({ data }: MessageEvent<HashAnswer>) => {
      if ('bytes' in data) onBytes(data.bytes)
      else if ('measured' in data) resolve(data.measured)
      else reject(new Error(data.failed))
    })
    worker.addEventListener('error', (event) => reject(new NoWorker(event.message)))
    worker.postMessage(task)
  })
}
