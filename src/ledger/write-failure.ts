import { EvidenceError } from '../core/errors.ts'

/** What the system said of an error, beneath all that was wrapped around it; and whether it is want of space. */
export function deepestReason(error: unknown): { readonly why: string; readonly isFull: boolean } {
  let deepest = error
  while (deepest instanceof Error && deepest.cause instanceof Error) deepest = deepest.cause
  const why = deepest instanceof Error ? deepest.message : String(deepest)
  return { why, isFull: /No space left|ENOSPC/.test(why) }
}

/** Runs a write that belongs to the start. Throws `disk-full`, `disk-failed` where the disk refuses it. */
export async function writeAtStart<T>(write: () => Promise<T>): Promise<T> {
  try {
    return await write()
  } catch (cause) {
    const { why, isFull } = deepestReason(cause)
    throw new EvidenceError(
      isFull ? 'disk-full' : 'disk-failed',
      `the disk refused a write while the ledger was opened: ${why}`,
      {},
      { cause },
    )
  }
}
