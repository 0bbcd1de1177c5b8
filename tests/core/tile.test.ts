import { describe, expect, it } from 'vitest'
import { concat } from '../../src/core/bytes.ts'
import { Tile, TileView, upperBytes } from '../../src/core/merkle/tile.ts'
import { leafHashOf, mth } from '../reference/rfc6962.ts'
import { codeOf } from './support.ts'
import { someLeaves } from './tree.ts'

const leaves = someLeaves(256)
const hashes = leaves.map(leafHashOf)

function tileOf(width: number): Tile {
  const tile = new Tile()
  for (const hash of hashes.slice(0, width)) tile.append(hash)
  return tile
}

describe('Tile', () => {
  it.each([1, 2, 3, 112, 255, 256])('of width %d reads back what it writes', (width) => {
    const bytes = tileOf(width).bytes()
    expect(bytes).toEqual(concat(...hashes.slice(0, width)))
    const read = Tile.parse(bytes)
    expect(read.width).toBe(width)
    expect(read.bytes()).toEqual(bytes)
    expect(read.bytes(1)).toEqual(hashes[0])
  })

  it.each([0, 1, 31, 33, 63, 256 * 32 - 1, 256 * 32 + 1, 257 * 32])('refuses %d bytes', (length) => {
    expect(codeOf(() => Tile.parse(new Uint8Array(length)))).toBe('tile-malformed')
  })

  it('has every complete subtree inside it, and none that is not complete', () => {
    for (const width of [1, 2, 5, 64, 200, 256]) {
      const tile = tileOf(width)
      for (let height = 0; height <= 8; height++) {
        for (let index = 0; index < 256 >> height; index++) {
          const end = (index + 1) << height
          const expected = end <= width ? mth(leaves.slice(index << height, end)) : undefined
          expect(tile.node(height, index)).toEqual(expected)
        }
      }
      expect(tile.node(9, 0)).toBeUndefined()
    }
  })

  it('has a root once it is full, and takes no more', () => {
    expect(tileOf(255).root).toBeUndefined()
    const full = tileOf(256)
    expect(full.root).toEqual(mth(leaves))
    expect(() => full.append(hashes[0] as Uint8Array)).toThrow(RangeError)
    expect(full.width).toBe(256)
  })

  it('gives copies: who changes the bytes does not change the tile', () => {
    const tile = tileOf(4)
    tile.bytes().fill(0)
    expect(tile.node(2, 0)).toEqual(mth(leaves.slice(0, 4)))
    expect(tile.bytes()).toEqual(concat(...hashes.slice(0, 4)))
  })
})

describe('TileView', () => {
  const full = tileOf(256)

  it.each([
    ['with the upper nodes', full.upper()],
    ['without', undefined],
  ])('has the nodes of the whole tile, %s', (_name, upper) => {
    const view = new TileView(full.bytes(), upper)
    for (let height = 0; height <= 9; height++) {
      for (let index = 0; index <= 256 >> height; index++) {
        expect(view.node(height, index)).toEqual(full.node(height, index))
      }
    }
  })

  it('takes 62 upper nodes, of heights 3 to 7', () => {
    expect(upperBytes).toBe(62 * 32)
    expect(full.upper()).toEqual(
      concat(
        ...[3, 4, 5, 6, 7].flatMap((height) =>
          Array.from({ length: 256 >> height }, (_, i) => full.node(height, i) as Uint8Array),
        ),
      ),
    )
  })

  it.each([
    [255 * 32, undefined],
    [257 * 32, undefined],
    [256 * 32, upperBytes - 32],
    [256 * 32, 0],
  ])('refuses %d bytes with %d of upper nodes', (length, upper) => {
    const nodes = upper === undefined ? undefined : new Uint8Array(upper)
    expect(codeOf(() => new TileView(new Uint8Array(length), nodes))).toBe('tile-malformed')
  })
})
