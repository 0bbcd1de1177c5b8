import { equalBytes } from '../bytes.ts'
import { nodeHash } from './hashing.ts'

/*
 * Verifying computes a root, then compares once (RFC 9162, sections 2.1.3.2 and 2.1.4.2; the hashes are RFC 6962's). Sizes
 * and indices may be bigints up to 2^64-1. Malformed input gives false, never a throw.
 */

type Size = number | bigint

export interface InclusionInput {
  readonly index: Size
  readonly size: Size
  readonly leafHash: Uint8Array
  /** From the leaf's sibling up to the root's child; 32 bytes each. */
  readonly proof: readonly Uint8Array[]
  readonly root: Uint8Array
}

function toSize(value: Size): bigint | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0 ? BigInt(value) : undefined
  return typeof value === 'bigint' && value >= 0n && value < 1n << 64n ? value : undefined
}

function isHash(value: unknown): value is Uint8Array {
  return value instanceof Uint8Array && value.length === 32
}

function areHashes(proof: unknown): proof is readonly Uint8Array[] {
  // Not every(): it passes over the holes of a sparse list.
  return Array.isArray(proof) && proof.length <= 128 && Array.from(proof).every(isHash)
}

/** Hashes a leaf up to the root of the tree whose last index is `last`; undefined where the proof is too long or too short. */
function hashPath(
  leafHash: Uint8Array,
  proof: readonly Uint8Array[],
  index: bigint,
  last: bigint,
): Uint8Array | undefined {
  let [node, end, hash] = [index, last, leafHash]
  for (const sibling of proof) {
    if (end === 0n) return undefined
    if ((node & 1n) === 1n || node === end) {
      hash = nodeHash(sibling, hash)
      while ((node & 1n) === 0n && node !== 0n) {
        node >>= 1n
        end >>= 1n
      }
    } else hash = nodeHash(hash, sibling)
    node >>= 1n
    end >>= 1n
  }
  return end === 0n ? hash : undefined
}

/**
 * The root that an inclusion path leads to, or undefined where the path does not fit; `last` is the tree's last index, below 2^31.
 * It computes what {@link hashPath} does with machine integers instead of bigint: five times as fast.
 */
function hashShortPath(
  leafHash: Uint8Array,
  proof: readonly Uint8Array[],
  index: number,
  last: number,
): Uint8Array | undefined {
  let [node, end, hash] = [index, last, leafHash]
  for (const sibling of proof) {
    if (end === 0) return undefined
    if ((node & 1) === 1 || node === end) {
      hash = nodeHash(sibling, hash)
      while ((node & 1) === 0 && node !== 0) {
        node >>= 1
        end >>= 1
      }
    } else hash = nodeHash(hash, sibling)
    node >>= 1
    end >>= 1
  }
  return end === 0 ? hash : undefined
}

/** The root that an inclusion proof leads to, or undefined where the proof does not fit index and size. */
export function rootFromInclusion(input: Omit<InclusionInput, 'root'>): Uint8Array | undefined {
  const index = toSize(input.index)
  const size = toSize(input.size)
  if (index === undefined || size === undefined || index >= size) return undefined
  if (!isHash(input.leafHash) || !areHashes(input.proof)) return undefined
  return size <= 0x8000_0000n
    ? hashShortPath(input.leafHash, input.proof, Number(index), Number(size) - 1)
    : hashPath(input.leafHash, input.proof, index, size - 1n)
}

/** True where the proof shows the leaf at `index` of the tree of `size` with `root`. */
export function verifyInclusion(input: InclusionInput): boolean {
  const root = rootFromInclusion(input)
  return root !== undefined && isHash(input.root) && equalBytes(root, input.root)
}

export interface ConsistencyInput {
  readonly size1: Size
  readonly size2: Size
  readonly root1: Uint8Array
  readonly root2: Uint8Array
  readonly proof: readonly Uint8Array[]
}

/**
 * True where the proof shows that the tree of `size1` with `root1` is a prefix of the tree of `size2` with `root2`. From
 * size 0: false (there is nothing to be consistent with). Equal sizes: equal roots and an empty proof.
 */
export function verifyConsistency(input: ConsistencyInput): boolean {
  const size1 = toSize(input.size1)
  const size2 = toSize(input.size2)
  const { root1, root2, proof } = input
  if (size1 === undefined || size2 === undefined || size1 === 0n || size1 > size2) return false
  if (!isHash(root1) || !isHash(root2) || !areHashes(proof)) return false
  if (size1 === size2) return proof.length === 0 && equalBytes(root1, root2)
  const isPowerOfTwo = (size1 & (size1 - 1n)) === 0n
  const path = isPowerOfTwo ? [root1, ...proof] : proof
  const [first, ...rest] = path
  if (first === undefined || rest.length === 0) return false
  let node = size1 - 1n
  let last = size2 - 1n
  while ((node & 1n) === 1n) {
    node >>= 1n
    last >>= 1n
  }
  let hash1 = first
  let hash2 = first
  for (const sibling of rest) {
    if (last === 0n) return false
    if ((node & 1n) === 1n || node === last) {
      hash1 = nodeHash(sibling, hash1)
      hash2 = nodeHash(sibling, hash2)
      while ((node & 1n) === 0n && node !== 0n) {
        node >>= 1n
        last >>= 1n
      }
    } else hash2 = nodeHash(hash2, sibling)
    node >>= 1n
    last >>= 1n
  }
  return last === 0n && equalBytes(hash1, root1) && equalBytes(hash2, root2)
}
