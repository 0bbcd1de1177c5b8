import { describe, expect, it } from 'vitest'
import { nodeHash } from '../../src/core/merkle/hashing.ts'
import { isSubtree, verifySubtreeConsistency } from '../../src/core/merkle/subtree.ts'
import { consistencyProof, rootFromTiles } from '../../src/core/merkle/tiles.ts'
import { leafHashOf } from '../reference/rfc6962.ts'
import { flipBit, hashOf } from './support.ts'
import { someLeaves, tilesOver } from './tree.ts'

/** MTH of RFC 6962, section 2.1. */
function mth(leaves: readonly Uint8Array[]): Uint8Array {
  if (leaves.length === 1) return leafHashOf(leaves[0] as Uint8Array)
  const k = split(leaves.length)
  return nodeHash(mth(leaves.slice(0, k)), mth(leaves.slice(k)))
}
function split(n: number): number {
  return 2 ** Math.floor(Math.log2(n - 1))
}

/** SUBTREE_SUBPROOF of the draft, section 4.4.1, as it is written there. */
function subproof(start: number, end: number, leaves: readonly Uint8Array[], known: boolean): Uint8Array[] {
  const n = leaves.length
  if (start === 0 && end === n) return known ? [] : [mth(leaves)]
  const k = split(n)
  const [left, right] = [leaves.slice(0, k), leaves.slice(k)]
  if (end <= k) return [...subproof(start, end, left, known), mth(right)]
  if (k <= start) return [...subproof(start - k, end - k, right, known), mth(left)]
  return [...subproof(0, end - k, right, false), mth(left)]
}

describe('a subtree', () => {
  it('begins at a multiple of the power of two that holds it', () => {
    const valid: string[] = []
    for (let start = 0; start < 9; start++)
      for (let end = start; end <= 9; end++) if (isSubtree(start, end)) valid.push(`${start},${end}`)
    expect(valid).toContain('4,7')
    expect(valid).toContain('8,9')
    expect(valid).toContain('0,9')
    expect(valid).not.toContain('3,3')
    expect(valid).not.toContain('2,5')
    expect(valid).not.toContain('1,3')
  })
})

describe('a subtree consistency proof', () => {
  it('as the draft defines it holds for every subtree of every size up to 24, and no changed one does', () => {
    let proved = 0
    for (let size = 1; size <= 24; size++) {
      const leaves = someLeaves(size)
      const root = mth(leaves)
      for (let start = 0; start < size; start++) {
        for (let end = start + 1; end <= size; end++) {
          if (!isSubtree(start, end)) continue
          const hash = mth(leaves.slice(start, end))
          const proof = subproof(start, end, leaves, true)
          const input = { start, end, size, hash, root, proof }
          expect(verifySubtreeConsistency(input)).toBe(true)
          expect(verifySubtreeConsistency({ ...input, hash: flipBit(hash, 1) })).toBe(false)
          expect(verifySubtreeConsistency({ ...input, root: flipBit(root, 1) })).toBe(false)
          expect(verifySubtreeConsistency({ ...input, proof: [...proof, hash] })).toBe(false)
          const shorter = proof.length > 0 && verifySubtreeConsistency({ ...input, proof: proof.slice(1) })
          expect(shorter).toBe(false)
          for (const [i, one] of proof.entries()) {
            expect(verifySubtreeConsistency({ ...input, proof: proof.with(i, flipBit(one, 7)) })).toBe(false)
          }
          proved++
        }
      }
    }
    expect(proved).toBeGreaterThan(500)
  })

  it('from 0 is the consistency proof of RFC 6962, for every size up to 40', () => {
    for (let size = 1; size <= 40; size++) {
      const tree = tilesOver(someLeaves(size))
      for (let end = 1; end <= size; end++) {
        const proof = consistencyProof(end, size, tree)
        const input = { start: 0, end, size, hash: rootFromTiles(end, tree), root: rootFromTiles(size, tree), proof }
        expect(verifySubtreeConsistency(input)).toBe(true)
        const changed = proof.map((one, at) => (at === 0 ? flipBit(one, 9) : one))
        expect(verifySubtreeConsistency({ ...input, proof: changed })).toBe(proof.length === 0)
      }
    }
  })

  it('refuses what is no subtree, or past the tree, without a throw', () => {
    const [hash, root] = [hashOf(1), nodeHash(hashOf(1), hashOf(2))]
    const input = { start: 0, end: 1, size: 2, hash, root, proof: [hashOf(2)] }
    expect(verifySubtreeConsistency(input)).toBe(true)
    for (const bad of [
      { end: 3 },
      { start: 1, end: 1 },
      { size: 2 ** 54 },
      { size: 0.5 },
      { proof: [new Uint8Array(31)] },
    ]) {
      expect(verifySubtreeConsistency({ ...input, ...bad })).toBe(false)
    }
  })
})
