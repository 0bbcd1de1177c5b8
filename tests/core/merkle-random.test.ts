import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { leafHash } from '../../src/core/entry.ts'
import { tileLevels, tilesAt, tileWidthAt } from '../../src/core/merkle/layout.ts'
import { consistencyRanges, inclusionRanges } from '../../src/core/merkle/prove.ts'
import { CompactRange } from '../../src/core/merkle/range.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import {
  consistencyProof,
  inclusionProof,
  rootFromTiles,
  type TileReader,
  tilesNeeded,
} from '../../src/core/merkle/tiles.ts'
import { verifyConsistency, verifyInclusion } from '../../src/core/merkle/verify.ts'
import { leafHashOf, mth, path, proof } from '../reference/rfc6962.ts'
import { codeOf } from './support.ts'
import { someLeaves, tilesOver } from './tree.ts'

const largest = 3000
const leaves = someLeaves(largest)
const readAll = tilesOver(leaves)

/** The tiles of one size as a server has them: each exactly as wide as the size makes it. */
function tilesOfSize(size: number): TileReader {
  return (level, n) => {
    const width = tileWidthAt(level, n, size)
    return width === 0 ? undefined : Tile.parse((readAll(level, n) as Tile).bytes(width))
  }
}

/** Reads only what was named beforehand, and leaves one of it out. */
function only(read: TileReader, needed: readonly { level: number; n: number }[], without = -1): TileReader {
  return (level, n) => {
    const at = needed.findIndex((tile) => tile.level === level && tile.n === n)
    return at < 0 || at === without ? undefined : read(level, n)
  }
}

// Around tiles, where a tile becomes full and the level above gains a hash, and anywhere.
const someSize = fc.oneof(
  fc.integer({ min: 1, max: largest }),
  fc.integer({ min: 0, max: 11 }).chain((n) => fc.integer({ min: Math.max(1, n * 256 - 2), max: n * 256 + 2 })),
)

describe('trees of up to 3,000 leaves', () => {
  it('have the root of RFC 6962, from partial tiles, from wider ones and from a compact range', () => {
    fc.assert(
      fc.property(someSize, (size) => {
        const expected = mth(leaves.slice(0, size))
        expect(rootFromTiles(size, tilesOfSize(size))).toEqual(expected)
        expect(rootFromTiles(size, readAll)).toEqual(expected)
        const range = new CompactRange()
        for (const leaf of leaves.slice(0, size)) range.append(leafHash(leaf))
        expect(range.root()).toEqual(expected)
      }),
      { numRuns: 40 },
    )
  })

  it('have the inclusion proofs of RFC 6962, from exactly the tiles that are named', () => {
    fc.assert(
      fc.property(someSize, fc.nat(), (size, at) => {
        const index = at % size
        const read = tilesOfSize(size)
        const needed = tilesNeeded(inclusionRanges(index, size))
        const hashes = inclusionProof(index, size, only(read, needed))
        expect(hashes).toEqual(path(index, leaves.slice(0, size)))
        const root = rootFromTiles(size, read)
        expect(
          verifyInclusion({ index, size, leafHash: leafHashOf(leaves[index] as Uint8Array), proof: hashes, root }),
        ).toBe(true)
        needed.forEach((_, i) => {
          expect(codeOf(() => inclusionProof(index, size, only(read, needed, i)))).toBe('tile-missing')
        })
      }),
      { numRuns: 40 },
    )
  })

  it('have the consistency proofs of RFC 6962, from exactly the tiles that are named', () => {
    fc.assert(
      fc.property(someSize, someSize, (a, b) => {
        const [size1, size2] = a < b ? [a, b] : [b, a]
        const read = tilesOfSize(size2)
        const needed = tilesNeeded(consistencyRanges(size1, size2))
        const hashes = consistencyProof(size1, size2, only(read, needed))
        expect(hashes).toEqual(proof(size1, leaves.slice(0, size2)))
        const [root1, root2] = [rootFromTiles(size1, readAll), rootFromTiles(size2, read)]
        expect(verifyConsistency({ size1, size2, root1, root2, proof: hashes })).toBe(true)
        needed.forEach((_, i) => {
          expect(codeOf(() => consistencyProof(size1, size2, only(read, needed, i)))).toBe('tile-missing')
        })
      }),
      { numRuns: 40 },
    )
  })

  it('have at each level the tiles that their size makes', () => {
    for (const size of [1, 255, 256, 257, 2999]) {
      for (let level = 0; level < tileLevels(size); level++) {
        const count = tilesAt(level, size)
        const hashes = Array.from({ length: count }, (_, n) => tileWidthAt(level, n, size))
        expect(hashes.every((width) => width > 0)).toBe(true)
        expect(hashes.reduce((sum, width) => sum + width, 0)).toBe(Math.floor(size / 256 ** level))
        expect(tileWidthAt(level, count, size)).toBe(0)
      }
    }
  })
})
