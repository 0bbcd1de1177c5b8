import { toBase64 } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import type { Entry } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import { timeText } from '../core/time.ts'

/** Where the next entry of a chain goes on from. */
export interface ChainPlace {
  readonly index: number
  /** Leaf hash of the entry before, 32 bytes; zeros for entry 0. Undefined where it is not known: then it is not judged. */
  readonly link: Uint8Array | undefined
  /** Time of the entry before, in milliseconds; undefined where there is none, or it is not known. */
  readonly timeMs: number | undefined
}

/**
 * Judges an entry's place in the chain: index, link and time, in every entry version (docs/spec/10-verification.md). Returns
 * `index-wrong`, `link-broken`, `time-reversed`, each with what was expected and found; empty where all is in order.
 */
export function chainFaults(
  { index, link, timeMs }: ChainPlace,
  entry: Pick<Entry, 'index' | 'time' | 'previous'> & { readonly timeMs: number },
): EvidenceError[] {
  const faults: EvidenceError[] = []
  const add = (
    code: 'index-wrong' | 'link-broken' | 'time-reversed',
    message: string,
    expected: string,
    found: string,
  ) => faults.push(new EvidenceError(code, message, { index, expected, found }))
  if (entry.index !== index)
    add('index-wrong', `entry ${index} says that it is entry ${entry.index}`, String(index), String(entry.index))
  if (link !== undefined && !equalBytes(entry.previous, link)) {
    const message = `the link of entry ${index} is not the leaf hash of the entry before it`
    add('link-broken', message, toBase64(link), toBase64(entry.previous))
  }
  if (timeMs !== undefined && entry.timeMs < timeMs) {
    const message = `entry ${index} has an earlier time than the entry before it`
    add('time-reversed', message, `at least ${timeText(timeMs)}`, entry.time)
  }
  return faults
}
