import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  parseTilePath,
  perfectSubtrees,
  splitPoint,
  tileIndexPath,
  tileLevels,
  tilePath,
  tilesAt,
  tileWidthAt,
} from '../../src/core/merkle/layout.ts'

describe('tile paths', () => {
  it.each([
    [0, 0, 256, 'tile/0/000'],
    [0, 999, 256, 'tile/0/999'],
    [0, 1000, 256, 'tile/0/x001/000'],
    [0, 1_234_067, 256, 'tile/0/x001/x234/067'],
    [1, 1_234_067, 17, 'tile/1/x001/x234/067.p/17'],
    [63, 0, 1, 'tile/63/000.p/1'],
    ['entries', 273, 112, 'tile/entries/273.p/112'],
    ['entries', Number.MAX_SAFE_INTEGER, 255, 'tile/entries/x009/x007/x199/x254/x740/991.p/255'],
  ] as const)('writes and reads level %s, tile %d, width %d', (level, n, width, path) => {
    expect(tilePath(level, n, width)).toBe(path)
    expect(parseTilePath(path.slice('tile/'.length))).toEqual({ level, n, width })
  })

  it.each([
    ['an empty path', ''],
    ['no tile', '0/'],
    ['no level', '/000'],
    ['level 64', '64/000'],
    ['level 100', '100/000'],
    ['a level with a leading zero', '00/000'],
    ['a level with a leading zero', '01/000'],
    ['a negative level', '-1/000'],
    ['a level with a sign', '+1/000'],
    ['another word', 'data/000'],
    ['upper case', 'ENTRIES/000'],
    ['one digit', '0/0'],
    ['two digits', '0/00'],
    ['four digits', '0/0000'],
    ['digits that are not ASCII', '0/٠٠٠'],
    ['a leading x on the last element', '0/x001'],
    ['no x on an element before', '0/001/234'],
    ['leading zero elements', '0/x000/001'],
    ['leading zero elements deeper', '0/x000/x001/234'],
    ['a capital x', '0/X001/234'],
    ['an index beyond 2^53-1', '0/x009/x007/x199/x254/x740/992'],
    ['an index far beyond', '0/x999/x999/x999/x999/x999/999'],
    ['seven elements', '0/x001/x001/x001/x001/x001/x001/001'],
    ['width 0', '0/000.p/0'],
    ['width 256', '0/000.p/256'],
    ['width 257', '0/000.p/257'],
    ['width 999', '0/000.p/999'],
    ['width 1000', '0/000.p/1000'],
    ['a width with a leading zero', '0/000.p/01'],
    ['a negative width', '0/000.p/-1'],
    ['an empty width', '0/000.p/'],
    ['no width', '0/000.p'],
    ['a suffix without a dot', '0/000p/5'],
    ['a second suffix', '0/000.p/5.p/5'],
    ['a trailing slash', '0/000/'],
    ['a leading slash', '/0/000'],
    ['a leading space', ' 0/000'],
    ['a line feed at the end', '0/000\n'],
    ['a doubled slash', '0//000'],
    ['a way up', '0/../000'],
    ['the whole path', 'tile/0/000'],
    ['an escaped slash', '0%2F000'],
  ])('refuses %s: %j', (_, path) => {
    expect(parseTilePath(path)).toBeUndefined()
  })

  it('accepts every level to 63 and every width to 255, and no other', () => {
    const range = Array.from({ length: 300 }, (_, i) => i)
    expect(range.filter((level) => parseTilePath(`${level}/000`) !== undefined)).toEqual(range.slice(0, 64))
    expect(range.filter((width) => parseTilePath(`0/000.p/${width}`) !== undefined)).toEqual(range.slice(1, 256))
  })

  it('writes index elements of three digits', () => {
    expect(tileIndexPath(7)).toBe('007')
    expect(tileIndexPath(1_000_000)).toBe('x001/x000/000')
  })
})

describe('tiles of a size', () => {
  it('are those of the examples in tlog-tiles', () => {
    // "273 full level 0 tiles, one partial level 0 tile of width 112, one full level 1 tile, one partial level 1 tile of
    // width 17, and one partial level 2 tile of width 1"
    const size = 70_000
    const widths = (level: number): number[] =>
      Array.from({ length: tilesAt(level, size) }, (_, n) => tileWidthAt(level, n, size))
    expect(tileLevels(size)).toBe(3)
    expect(widths(0)).toEqual([...Array.from({ length: 273 }, () => 256), 112])
    expect(widths(1)).toEqual([256, 17])
    expect(widths(2)).toEqual([1])
    // "a full level 0 tile and a partial level 1 tile of width 1"
    expect([tileLevels(256), tilesAt(0, 256), tileWidthAt(0, 0, 256), tileWidthAt(1, 0, 256)]).toEqual([2, 1, 256, 1])
  })

  it('are none for the empty tree and one for 255 leaves', () => {
    expect([tileLevels(0), tilesAt(0, 0), tileWidthAt(0, 0, 0)]).toEqual([0, 0, 0])
    expect([tileLevels(255), tilesAt(0, 255), tilesAt(1, 255), tileWidthAt(0, 0, 255)]).toEqual([1, 1, 0, 255])
  })

  it('stay exact up to 2^53-1', () => {
    const size = Number.MAX_SAFE_INTEGER
    expect(tileLevels(size)).toBe(7)
    expect(tilesAt(0, size)).toBe(2 ** 45)
    expect(tileWidthAt(0, 2 ** 45 - 1, size)).toBe(255)
    expect(tileWidthAt(6, 0, size)).toBe(31)
    expect(tileWidthAt(7, 0, size)).toBe(0)
  })
})

describe('ranges of leaves', () => {
  it('split at the largest power of two below', () => {
    expect([2, 3, 4, 5, 8, 9, 2 ** 52, 2 ** 53 - 1].map(splitPoint)).toEqual([1, 2, 2, 4, 4, 8, 2 ** 51, 2 ** 52])
  })

  it('fall into perfect subtrees that touch, largest possible first', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (end) => {
        const subtrees = perfectSubtrees({ begin: 0, end })
        const bits = end.toString(2).replaceAll('0', '').length
        expect(subtrees.length).toBe(bits)
        let at = 0
        for (const { height, index } of subtrees) {
          expect(index * 2 ** height).toBe(at)
          at += 2 ** height
        }
        expect(at).toBe(end)
      }),
    )
  })
})
