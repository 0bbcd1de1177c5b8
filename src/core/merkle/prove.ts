import { nodeHash } from './hashing.ts'
import { type LeafRange, perfectSubtrees, type Subtree, splitPoint } from './layout.ts'

/*
 * Proving, apart from verifying: which ranges of leaves a proof names (RFC 6962, sections 2.1.1 and 2.1.2), and their
 * hashes out of perfect subtrees that somebody keeps.
 */

/** The ranges whose hashes are the inclusion proof of `index` in a tree of `size`, leaf to root. Needs index < size. */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  const out: LeafRange[] = []
  let begin = 0
  let end = size
  while (end - begin > 1) {
    const middle = begin + splitPoint(end - begin)
    if (index < middle) {
      out.push({ begin: middle, end })
      end = middle
    } else {
      out.push({ begin, end: middle })
      begin = middle
    }
  }
  return out.reverse()
}

/** The ranges whose hashes are the consistency proof from `size1` to `size2`. Needs 0 < size1 <= size2. */
export function consistencyRanges(size1: number, size2: number): LeafRange[] {
  const out: LeafRange[] = []
  let begin = 0
  let end = size2
  // RFC 6962 SUBPROOF: go down to where the old tree ends; its root is left out where it is known (begin still 0).
  while (end !== size1) {
    const middle = begin + splitPoint(end - begin)
    if (size1 <= middle) {
      out.push({ begin: middle, end })
      end = middle
    } else {
      out.push({ begin, end: middle })
      begin = middle
    }
  }
  if (begin !== 0) out.push({ begin, end })
  return out.reverse()
}

/** Hash of a range, from the hashes of its perfect subtrees. */
export function rangeHash(range: LeafRange, subtreeHash: (subtree: Subtree) => Uint8Array): Uint8Array {
  const width = range.end - range.begin
  // Nearly every range of a proof is one perfect subtree.
  if ((width & (width - 1)) === 0 && width < 2 ** 31 && range.begin % width === 0) {
    return subtreeHash({ height: 31 - Math.clz32(width), index: range.begin / width })
  }
  const hashes = perfectSubtrees(range).map(subtreeHash)
  let hash = hashes.pop() as Uint8Array
  while (hashes.length > 0) hash = nodeHash(hashes.pop() as Uint8Array, hash)
  return hash
}
