import { describe, expect, it } from 'vitest'
import { leafHash } from '../../src/core/entry.ts'
import { emptyRoot, nodeHash } from '../../src/core/merkle/hashing.ts'
import { CompactRange } from '../../src/core/merkle/range.ts'
import { consistencyProof, inclusionProof, rootFromTiles } from '../../src/core/merkle/tiles.ts'
import { verifyConsistency, verifyInclusion } from '../../src/core/merkle/verify.ts'
import { leafHashOf, mth, nodeHashOf, path, proof } from '../reference/rfc6962.ts'
import { codeOf, hashOf } from './support.ts'
import { someLeaves, tilesOver } from './tree.ts'
import { sampled } from '../support/long.ts'

/** Past a half and a whole power of two, so that every shape of a right edge of seven levels comes up. */
const largest = 130
const leaves = someLeaves(largest)
const read = tilesOver(leaves)
const roots = Array.from({ length: largest + 1 }, (_, size) => mth(leaves.slice(0, size)))
/** `toEqual` on 17,000 proofs would take most of the time. */
function equalLists(a: readonly Uint8Array[], b: readonly Uint8Array[]): boolean {
  return a.length === b.length && Buffer.concat(a).equals(Buffer.concat(b))
}
const every = Array.from({ length: largest }, (_, i) => i + 1)
const sizes = sampled('tests/core/merkle.test.ts', 'trees', every)

describe('hashes of the tree', () => {
  it('prefixes leaves with 0x00 and nodes with 0x01', () => {
    for (const leaf of [new Uint8Array(0), ...leaves.slice(0, 9), new Uint8Array(65_535), new Uint8Array(65_536)]) {
      expect(leafHash(leaf)).toEqual(leafHashOf(leaf))
    }
    expect(nodeHash(hashOf(1), hashOf(2))).toEqual(nodeHashOf(hashOf(1), hashOf(2)))
    expect(leafHash(new Uint8Array([1, ...hashOf(1), ...hashOf(2)]))).not.toEqual(nodeHash(hashOf(1), hashOf(2)))
  })

  it('knows the published roots of the empty tree and of one empty leaf', () => {
    expect(Buffer.from(emptyRoot()).toString('hex')).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    )
    expect(Buffer.from(leafHash(new Uint8Array(0))).toString('hex')).toBe(
      '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    )
  })
})

describe(`every tree of 0 to ${largest} leaves`, () => {
  it('has the root of RFC 6962 from a compact range and from tiles', () => {
    const range = new CompactRange()
    for (let size = 0; size <= largest; size++) {
      expect(range.size).toBe(size)
      expect(range.root()).toEqual(roots[size])
      expect(rootFromTiles(size, read)).toEqual(roots[size])
      if (size < largest) range.append(leafHash(leaves[size] as Uint8Array))
    }
  })

  it('has the inclusion proof of RFC 6962 for every leaf, and each verifies', () => {
    const wrong: string[] = []
    for (const size of sizes) {
      const part = leaves.slice(0, size)
      const root = roots[size] as Uint8Array
      for (let index = 0; index < size; index++) {
        const hashes = inclusionProof(index, size, read)
        const expected = path(index, part)
        const input = { leafHash: leafHashOf(leaves[index] as Uint8Array), proof: hashes, root }
        const sound =
          equalLists(hashes, expected) &&
          verifyInclusion({ index, size, ...input }) &&
          verifyInclusion({ index: BigInt(index), size: BigInt(size), ...input })
        if (!sound) wrong.push(`leaf ${index} of ${size}`)
      }
    }
    expect(wrong).toEqual([])
    expect(inclusionProof(0, 1, read)).toEqual([])
  })

  it('has the consistency proof of RFC 6962 for every pair of sizes, and each verifies', () => {
    const wrong: string[] = []
    for (const size2 of sizes) {
      const part = leaves.slice(0, size2)
      for (let size1 = 1; size1 <= size2; size1++) {
        const hashes = consistencyProof(size1, size2, read)
        const expected = proof(size1, part)
        const input = { root1: roots[size1] as Uint8Array, root2: roots[size2] as Uint8Array, proof: hashes }
        const sound =
          equalLists(hashes, expected) &&
          verifyConsistency({ size1, size2, ...input }) &&
          verifyConsistency({ size1: BigInt(size1), size2, ...input })
        if (!sound) wrong.push(`${size1} to ${size2}`)
      }
    }
    expect(wrong).toEqual([])
    expect(consistencyProof(largest, largest, read)).toEqual([])
  })
})

describe('trees out of tiles', () => {
  it('names a tile that is missing or too narrow', () => {
    expect(codeOf(() => rootFromTiles(3, () => undefined))).toBe('tile-missing')
    expect(codeOf(() => rootFromTiles(largest + 1, read))).toBe('tile-missing')
    expect(codeOf(() => inclusionProof(0, largest + 1, read))).toBe('tile-missing')
    expect(codeOf(() => consistencyProof(largest, largest + 1, read))).toBe('tile-missing')
  })

  it('needs no tile for the empty tree', () => {
    expect(rootFromTiles(0, () => undefined)).toEqual(emptyRoot())
  })
})
