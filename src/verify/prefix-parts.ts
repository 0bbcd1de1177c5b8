import { nodeHash } from '../core/merkle/hashing.ts'
import { type LeafRange, splitPoint, type Subtree } from '../core/merkle/layout.ts'
import { rangeHash } from '../core/merkle/prove.ts'

/*
 * The tree of n2 leaves, taken apart until no part has leaves on both sides of n1 (docs/spec/17-misbehaviour.md): the
 * hashes of the parts suffice to compute the root of n2, and what the root of n1 must then have been.
 */

/** The parts, left to right. Needs 0 < size1 < size2. */
export function prefixParts(size1: number, size2: number): LeafRange[] {
  const parts: LeafRange[] = []
  walk(
    { begin: 0, end: size2 },
    size1,
    (part) => void parts.push(part),
    () => undefined,
  )
  return parts
}

/** Hashes of the parts, out of those of perfect subtrees. */
export function prefixHashes(
  size1: number,
  size2: number,
  subtreeHash: (subtree: Subtree) => Uint8Array,
): Uint8Array[] {
  return prefixParts(size1, size2).map((part) => rangeHash(part, subtreeHash))
}

/** Both roots that the hashes of the parts make; undefined where there are not as many as parts. */
export function rootsFromParts(
  size1: number,
  size2: number,
  hashes: readonly Uint8Array[],
): { readonly root1: Uint8Array; readonly root2: Uint8Array } | undefined {
  const parts = prefixParts(size1, size2)
  if (parts.length !== hashes.length) return undefined
  let at = 0
  const root2 = walk<Uint8Array>(
    { begin: 0, end: size2 },
    size1,
    () => hashes[at++] as Uint8Array,
    (left, right) => nodeHash(left, right),
  )
  // Left of size1 stand its perfect subtrees, largest first.
  const before = hashes.slice(0, parts.filter(({ end }) => end <= size1).length)
  let root1 = before.pop() as Uint8Array
  while (before.length > 0) root1 = nodeHash(before.pop() as Uint8Array, root1)
  return { root1, root2 }
}

function walk<T>(
  { begin, end }: LeafRange,
  size1: number,
  part: (range: LeafRange) => T,
  join: (left: T, right: T) => T,
): T {
  if (end <= size1 || begin >= size1) return part({ begin, end })
  const middle = begin + splitPoint(end - begin)
  const left = walk({ begin, end: middle }, size1, part, join)
  return join(left, walk({ begin: middle, end }, size1, part, join))
}
