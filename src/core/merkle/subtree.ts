import { equalBytes } from '../bytes.ts'
import { nodeHash } from './hashing.ts'
import { splitPoint } from './layout.ts'

/*
 * Subtrees of draft-ietf-plants-merkle-tree-certs, sections 4.1 and 4.4: the definition of the proof is followed from its end,
 * so that verifying computes both hashes, then compares once.
 */

/** True where [start, end) is a subtree: not empty, and start a multiple of the smallest power of two that holds its leaves. */
export function isSubtree(start: number, end: number): boolean {
  if (!Number.isSafeInteger(start) || !Number.isSafeInteger(end) || start < 0 || start >= end) return false
  let width = 1
  while (width < end - start) width *= 2
  return start % width === 0
}

/** What a proof leads to: the subtree's hash and the tree's root. */
interface Reached {
  readonly node: Uint8Array
  readonly root: Uint8Array
}

function follow(
  start: number,
  end: number,
  size: number,
  known: Uint8Array | undefined,
  proof: readonly Uint8Array[],
): Reached | undefined {
  if (start === 0 && end === size) {
    if (known !== undefined) return proof.length === 0 ? { node: known, root: known } : undefined
    const [only] = proof
    return only !== undefined && proof.length === 1 ? { node: only, root: only } : undefined
  }
  const last = proof.at(-1)
  if (last === undefined) return undefined
  const rest = proof.slice(0, -1)
  const k = splitPoint(size)
  if (end <= k) {
    const left = follow(start, end, k, known, rest)
    return left === undefined ? undefined : { node: left.node, root: nodeHash(left.root, last) }
  }
  if (k <= start) {
    const right = follow(start - k, end - k, size - k, known, rest)
    return right === undefined ? undefined : { node: right.node, root: nodeHash(last, right.root) }
  }
  // The split lies within: a subtree that it divides begins at 0.
  if (start !== 0) return undefined
  const right = follow(0, end - k, size - k, undefined, rest)
  return right === undefined ? undefined : { node: nodeHash(last, right.node), root: nodeHash(last, right.root) }
}

export interface SubtreeConsistencyInput {
  readonly start: number
  readonly end: number
  readonly size: number
  readonly hash: Uint8Array
  readonly root: Uint8Array
  /** At most 63 hashes of 32 bytes. */
  readonly proof: readonly Uint8Array[]
}

/** True where the proof shows that the subtree [start, end) with `hash` is part of the tree of `size` with `root`. */
export function verifySubtreeConsistency(input: SubtreeConsistencyInput): boolean {
  const { start, end, size, hash, root, proof } = input
  if (!isSubtree(start, end) || !Number.isSafeInteger(size) || end > size || proof.length > 63) return false
  if (![hash, root, ...proof].every((one) => one.length === 32)) return false
  const reached = follow(start, end, size, hash, proof)
  return reached !== undefined && equalBytes(reached.node, hash) && equalBytes(reached.root, root)
}
