import { type ErasedDigests, type Erasure, listedIn } from '../erasures.ts'

/*
 * A source says of an erasure which entry ordered it. A copy has the entries, so it takes nobody's word: a line that names an entry which orders no such thing
 * is its operator's erasure, and is told as that.
 */

/**
 * The lines of a source, or of a copy's own list, without the order that they name where the copy has that entry, and it orders no such thing. Of
 * entries from `size` on it is not known yet; lines that name one below `from` were looked at before.
 * @param ordered what an entry of the copy orders to be erased; nothing where it is no order, or is not sound. Throws what reading it throws.
 */
export async function vouched(
  lines: readonly Erasure[],
  { from = 0, size }: { readonly from?: number; readonly size: number },
  ordered: (by: number) => Promise<readonly ErasedDigests[]> | readonly ErasedDigests[],
): Promise<Erasure[]> {
  const out: Erasure[] = []
  for (const line of lines) {
    const { by, ...rest } = line
    const isKnown = by === undefined || by < from || by >= size || names(await ordered(by), line)
    out.push(isKnown ? line : rest)
  }
  return out
}

/**
 * A copy's own list, looked at again: the lines as they are to be listed, and those of them that lost the order which they named, as erasures of its
 * source's operator. `follows`: whether the copy follows such. Takes and throws what {@link vouched} does.
 */
export async function relisted(
  before: readonly Erasure[],
  range: Parameters<typeof vouched>[1],
  ordered: Parameters<typeof vouched>[2],
  follows: boolean,
): Promise<{ readonly list: Erasure[]; readonly claimed: Erasure[] }> {
  const told = await vouched(before, range, ordered)
  const claimed = listedIn(
    told.filter((line, i) => line !== before[i]),
    follows,
  )
  const left = claimed.values()
  const list = told.map((line, i) => (line === before[i] ? line : (left.next().value as Erasure)))
  return { list, claimed }
}

/** Whether what is ordered has all digests that a line says are gone. */
function names(ordered: readonly ErasedDigests[], { index, digests }: ErasedDigests): boolean {
  const own = new Set(ordered.filter((one) => one.index === index).flatMap((one) => one.digests))
  return digests.every((digest) => own.has(digest))
}

/** How many lines of a copy's list nothing in the copy vouches for: such as it keeps, and such as name an entry that it has not. */
export function unvouchedIn(lines: readonly Erasure[], size: number): number {
  return lines.filter(({ kept, by }) => kept === true || (by !== undefined && by >= size)).length
}
