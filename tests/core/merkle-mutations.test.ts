import { describe, expect, it } from 'vitest'
import { equalBytes } from '../../src/core/bytes.ts'
import { verifyConsistency, verifyInclusion } from '../../src/core/merkle/verify.ts'
import { leafHashOf, mth, path, proof, rootOfPath, rootsOfProof } from '../reference/rfc6962.ts'
import { flipBit, hashOf } from './support.ts'
import { someLeaves } from './tree.ts'

const largest = 66
const leaves = someLeaves(largest + 2)
const roots = Array.from({ length: leaves.length + 1 }, (_, size) => mth(leaves.slice(0, size)))
const rootOf = (size: number): Uint8Array => roots[size] as Uint8Array
const sizes = Array.from({ length: largest }, (_, i) => i + 1)

/** Each way to spoil a list of hashes: a bit, a hash too few, too many, two in the other order. */
function* mutationsOf(hashes: readonly Uint8Array[]): Generator<Uint8Array[]> {
  for (let i = 0; i < hashes.length; i++) {
    const [before, hash, after] = [hashes.slice(0, i), hashes[i] as Uint8Array, hashes.slice(i + 1)]
    yield [...before, flipBit(hash, (i * 37) % 256), ...after]
    yield [...before, ...after]
    yield [...before, hash, hash, ...after]
    yield [...before, hash.slice(0, 31), ...after]
    if (after[0] !== undefined) yield [...before, after[0], hash, ...after.slice(1)]
  }
  yield [hashOf(0), ...hashes]
  yield [...hashes, hashOf(0)]
}

describe('a spoilt inclusion proof', () => {
  it('is refused, whatever was spoilt', () => {
    const accepted: string[] = []
    for (const size of sizes) {
      for (let index = 0; index < size; index++) {
        const leafHash = leafHashOf(leaves[index] as Uint8Array)
        const input = { index, size, leafHash, proof: path(index, leaves.slice(0, size)), root: rootOf(size) }
        for (const spoilt of mutationsOf(input.proof)) {
          if (verifyInclusion({ ...input, proof: spoilt }))
            accepted.push(`${index} of ${size}: ${spoilt.length} hashes`)
        }
        const others = [
          { ...input, leafHash: flipBit(leafHash, 5) },
          { ...input, leafHash: leafHashOf(leaves[(index + 1) % leaves.length] as Uint8Array) },
          { ...input, root: flipBit(input.root, 255) },
          { ...input, root: rootOf(size + 1) },
        ]
        if (others.some(verifyInclusion)) accepted.push(`${index} of ${size}: another leaf or root`)
      }
    }
    expect(accepted).toEqual([])
  })

  it('is refused for any other index, and for the root of any other size', () => {
    for (const size of [1, 2, 3, 5, 8, 13, 31, 32, 33, 64, 66]) {
      for (let index = 0; index < size; index++) {
        const leafHash = leafHashOf(leaves[index] as Uint8Array)
        const input = { leafHash, proof: path(index, leaves.slice(0, size)) }
        for (let other = 0; other <= size; other++) {
          const verdict = verifyInclusion({ ...input, index: other, size, root: rootOf(size) })
          expect(verdict).toBe(other === index)
        }
        for (const other of sizes) {
          if (other === size) continue
          expect(verifyInclusion({ ...input, index, size: other, root: rootOf(other) })).toBe(false)
        }
      }
    }
  })

  it('is judged as PATH read backwards judges it, where index or size is not the one it was made for', () => {
    // A size alone is not bound by a proof: a path of 3 leaves has the shape of one of 4. The checkpoint binds it.
    for (const size of [3, 6, 7, 12]) {
      for (let index = 0; index < size; index++) {
        const leafHash = leafHashOf(leaves[index] as Uint8Array)
        const hashes = path(index, leaves.slice(0, size))
        for (let claimed = index + 1; claimed <= 20; claimed++) {
          const reference = rootOfPath(BigInt(index), BigInt(claimed), leafHash, hashes)
          const expected = reference !== undefined && equalBytes(reference, rootOf(size))
          const verdict = verifyInclusion({ index, size: claimed, leafHash, proof: hashes, root: rootOf(size) })
          expect(verdict, `${index} of ${size} as of ${claimed}`).toBe(expected)
        }
      }
    }
    const asOfFour = { index: 0, size: 4, leafHash: leafHashOf(leaves[0] as Uint8Array), root: rootOf(3) }
    expect(verifyInclusion({ ...asOfFour, proof: path(0, leaves.slice(0, 3)) })).toBe(true)
  })
})

describe('a spoilt consistency proof', () => {
  it('is refused, whatever was spoilt', () => {
    const accepted: string[] = []
    for (const size2 of sizes) {
      for (let size1 = 1; size1 <= size2; size1++) {
        const hashes = proof(size1, leaves.slice(0, size2))
        const input = { size1, size2, root1: rootOf(size1), root2: rootOf(size2), proof: hashes }
        for (const spoilt of mutationsOf(hashes)) {
          if (verifyConsistency({ ...input, proof: spoilt })) accepted.push(`${size1} to ${size2}: ${spoilt.length}`)
        }
        const others = [
          { ...input, root1: flipBit(input.root1, 0) },
          { ...input, root2: flipBit(input.root2, 255) },
          { ...input, size2: size2 + 1, root2: rootOf(size2 + 1) },
        ]
        const unequal = [
          { ...input, root1: input.root2, root2: input.root1 },
          { ...input, size1: size2, size2: size1 },
          { ...input, size1: size1 + 1, root1: rootOf(size1 + 1) },
        ]
        if (size1 < size2) others.push(...unequal)
        if (others.some(verifyConsistency)) accepted.push(`${size1} to ${size2}: another root or size`)
      }
    }
    expect(accepted).toEqual([])
  })

  it('is judged as SUBPROOF read backwards judges it, where a size is not the one it was made for', () => {
    for (const [size1, size2] of [
      [2, 3],
      [3, 5],
      [4, 7],
      [6, 11],
      [8, 12],
    ] as const) {
      const hashes = proof(size1, leaves.slice(0, size2))
      const [root1, root2] = [rootOf(size1), rootOf(size2)]
      for (let claimed1 = 1; claimed1 <= 16; claimed1++) {
        for (let claimed2 = claimed1; claimed2 <= 20; claimed2++) {
          const reference = rootsOfProof(BigInt(claimed1), BigInt(claimed2), root1, hashes)
          const expected =
            reference !== undefined && equalBytes(reference.old, root1) && equalBytes(reference.new, root2)
          const verdict = verifyConsistency({ size1: claimed1, size2: claimed2, root1, root2, proof: hashes })
          expect(verdict, `${size1} to ${size2} as ${claimed1} to ${claimed2}`).toBe(expected)
        }
      }
    }
  })
})
