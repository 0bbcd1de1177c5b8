import { describe, expect, it } from 'vitest'
import { encodeBundle, parseBundle } from '../../src/core/bundle.ts'
import { concat, utf8 } from '../../src/core/bytes.ts'
import { entries } from './samples.ts'
import { codeOf } from './support.ts'

describe('entry bundle', () => {
  it('puts each entry behind its length, a big-endian uint16', () => {
    const bundle = encodeBundle([utf8('a'), new Uint8Array(0), new Uint8Array(258).fill(7)])
    expect(bundle).toEqual(concat(Uint8Array.of(0, 1, 0x61, 0, 0, 1, 2), new Uint8Array(258).fill(7)))
    expect(parseBundle(bundle, 3).map(({ length }) => length)).toEqual([1, 0, 258])
    expect(parseBundle(encodeBundle([utf8('a'), new Uint8Array(0)]), 2).map(({ length }) => length)).toEqual([1, 0])
  })

  it.each([1, 2, 5])('of %d entries reads back', (width) => {
    expect(parseBundle(encodeBundle(entries.slice(0, width)), width)).toEqual(entries.slice(0, width))
  })

  it('holds 256 entries, and an entry of 65,535 bytes', () => {
    const full = Array.from({ length: 256 }, (_, i) => utf8(`entry ${i}`))
    expect(parseBundle(encodeBundle(full), 256)).toEqual(full)
    const largest = new Uint8Array(65_535).fill(1)
    expect(parseBundle(encodeBundle([largest]), 1)).toEqual([largest])
    expect(codeOf(() => encodeBundle([new Uint8Array(65_536)]))).toBe('entry-too-large')
  })

  const good = encodeBundle(entries)
  it.each<[string, Uint8Array, number]>([
    ['nothing', new Uint8Array(0), 1],
    ['fewer entries than asked', good, entries.length + 1],
    ['more entries than asked', good, entries.length - 1],
    ['an end within an entry', good.slice(0, -1), entries.length],
    ['an end within a length', concat(good, Uint8Array.of(0)), entries.length + 1],
    ['a byte after the last entry', concat(good, Uint8Array.of(0)), entries.length],
    ['an empty entry after the last', concat(good, Uint8Array.of(0, 0)), entries.length],
    ['a length alone', Uint8Array.of(0, 1), 1],
    ['a length beyond the end', Uint8Array.of(0xff, 0xff, 1), 1],
    ['a length in the other order', Uint8Array.of(1, 0, 0x61), 1],
  ])('with %s is malformed', (_, bytes, width) => {
    expect(codeOf(() => parseBundle(bytes, width))).toBe('bundle-malformed')
  })
})
