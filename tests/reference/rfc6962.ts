import * as crypto from 'node:crypto'

/*
 * RFC 6962, section 2.1, written down as it stands there: recursive, over all leaves, nothing kept. It is what the
 * project's own tree is compared with, so it shares no line with it.
 */

function hash(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(crypto.hash('sha256', Buffer.concat(parts), 'buffer'))
}

export function leafHashOf(leaf: Uint8Array): Uint8Array {
  return hash(Uint8Array.of(0), leaf)
}

export function nodeHashOf(left: Uint8Array, right: Uint8Array): Uint8Array {
  return hash(Uint8Array.of(1), left, right)
}

/** "the largest power of two smaller than n" */
function largestPowerBelow(n: bigint): bigint {
  let k = 1n
  while (k * 2n < n) k *= 2n
  return k
}

function split(leaves: readonly Uint8Array[]): number {
  return Number(largestPowerBelow(BigInt(leaves.length)))
}

/** Section 2.1: MTH(D[n]). */
export function mth(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves
  if (only === undefined) return hash()
  if (leaves.length === 1) return leafHashOf(only)
  const k = split(leaves)
  return nodeHashOf(mth(leaves.slice(0, k)), mth(leaves.slice(k)))
}

/** Section 2.1.1: PATH(m, D[n]). */
export function path(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return []
  const k = split(leaves)
  return m < k
    ? [...path(m, leaves.slice(0, k)), mth(leaves.slice(k))]
    : [...path(m - k, leaves.slice(k)), mth(leaves.slice(0, k))]
}

/** Section 2.1.2: PROOF(m, D[n]). */
export function proof(m: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  return subproof(m, leaves, true)
}

function subproof(m: number, leaves: readonly Uint8Array[], known: boolean): Uint8Array[] {
  if (m === leaves.length) return known ? [] : [mth(leaves)]
  const k = split(leaves)
  return m <= k
    ? [...subproof(m, leaves.slice(0, k), known), mth(leaves.slice(k))]
    : [...subproof(m - k, leaves.slice(k), false), mth(leaves.slice(0, k))]
}

/** PATH read backwards: the root that a path leads to, or undefined where its length does not fit. */
export function rootOfPath(
  m: bigint,
  n: bigint,
  leafHash: Uint8Array,
  hashes: readonly Uint8Array[],
): Uint8Array | undefined {
  if (n === 1n) return hashes.length === 0 ? leafHash : undefined
  const last = hashes.at(-1)
  if (last === undefined) return undefined
  const rest = hashes.slice(0, -1)
  const k = largestPowerBelow(n)
  const inner = m < k ? rootOfPath(m, k, leafHash, rest) : rootOfPath(m - k, n - k, leafHash, rest)
  if (inner === undefined) return undefined
  return m < k ? nodeHashOf(inner, last) : nodeHashOf(last, inner)
}

/** SUBPROOF read backwards: the old and the new root that a proof leads to; `root1` is what the verifier knows already. */
export function rootsOfProof(
  m: bigint,
  n: bigint,
  root1: Uint8Array,
  hashes: readonly Uint8Array[],
  known = true,
): { old: Uint8Array; new: Uint8Array } | undefined {
  const last = hashes.at(-1)
  const rest = hashes.slice(0, -1)
  if (m === n) {
    if (known) return last === undefined ? { old: root1, new: root1 } : undefined
    return last === undefined || rest.length > 0 ? undefined : { old: last, new: last }
  }
  if (last === undefined) return undefined
  const k = largestPowerBelow(n)
  if (m <= k) {
    const inner = rootsOfProof(m, k, root1, rest, known)
    return inner && { old: inner.old, new: nodeHashOf(inner.new, last) }
  }
  const inner = rootsOfProof(m - k, n - k, root1, rest, false)
  return inner && { old: nodeHashOf(last, inner.old), new: nodeHashOf(last, inner.new) }
}

/** How many hashes PATH(m, D[n]) has. */
export function pathLength(m: bigint, n: bigint): number {
  if (n === 1n) return 0
  const k = largestPowerBelow(n)
  return 1 + (m < k ? pathLength(m, k) : pathLength(m - k, n - k))
}

/** How many hashes PROOF(m, D[n]) has. */
export function proofLength(m: bigint, n: bigint, known = true): number {
  if (m === n) return known ? 0 : 1
  const k = largestPowerBelow(n)
  return 1 + (m <= k ? proofLength(m, k, known) : proofLength(m - k, n - k, false))
}
