import { EvidenceError } from '../core/errors.ts'
import { readTextIfThere } from '../node/bounded-file.ts'

/** A file in which the monitor keeps something between runs. */
export interface KeptFile<T> {
  readonly path: string
  /** What is kept there, for the refusal: "the checkpoints that were shown". */
  readonly what: string
  /** What a file that was moved away means, for the refusal; left out where that needs no word. */
  readonly without?: string
  /** Most bytes that it may have. */
  readonly maxBytes: number
  /** What its text says; undefined, or anything thrown, where it is not what was written. */
  readonly read: (text: string) => T | undefined
}

/** What a file keeps; undefined where there is none. Throws `file-unreadable` where it is not what was written, or cannot be read. */
export function readKept<T>({ path, what, without, maxBytes, read }: KeptFile<T>): T | undefined {
  const after = without === undefined ? '' : `: ${without}`
  const message = `${path}, ${what}, cannot be read; look at it, then move it away${after}`
  const refusal = (cause?: unknown): EvidenceError =>
    new EvidenceError('file-unreadable', message, { where: path }, { cause })
  let kept: T | undefined
  try {
    const text = readTextIfThere(path, maxBytes)
    if (text === undefined) return undefined
    kept = read(text)
  } catch (cause) {
    throw refusal(cause)
  }
  if (kept === undefined) throw refusal()
  return kept
}
