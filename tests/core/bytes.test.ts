import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  compareBytes,
  concat,
  equalBytes,
  fromUtf8,
  latin1,
  parseDecimal,
  readBounded,
  utf8,
  utf8Length,
  withoutFinalSlashes,
} from '../../src/core/bytes.ts'
import { codeOf } from './support.ts'

describe('UTF-8', () => {
  it.each<[string, number[]]>([
    ['a lone continuation byte', [0x80]],
    ['a byte that never occurs', [0xff]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong NUL', [0xc0, 0x80]],
    ['an overlong form of three bytes', [0xe0, 0x80, 0x80]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a surrogate pair in CESU-8', [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80]],
    ['a code point beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['five bytes', [0xf8, 0x88, 0x80, 0x80, 0x80]],
    ['a character cut off', [0x61, 0xe8, 0xaf]],
    ['a good text with one bad byte', [0x61, 0xfe, 0x62]],
  ])('refuses %s', (_, bytes) => {
    expect(codeOf(() => fromUtf8(Uint8Array.from(bytes)))).toBe('utf8-malformed')
  })

  it('keeps a byte order mark, NUL, noncharacters and unnormalised text', () => {
    for (const text of ['\ufeffa', '\u0000', '\uffff', 'e\u0301', 'é', '说明', '😀']) {
      expect(fromUtf8(utf8(text))).toBe(text)
    }
  })

  it('counts bytes as it writes them', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(utf8Length(text)).toBe(utf8(text).length)
      }),
    )
    expect(['', 'a', '\u007f', '\u0080', '\u07ff', '\u0800', '\uffff', '😀'].map(utf8Length)).toEqual([
      0, 1, 1, 2, 2, 3, 3, 4,
    ])
  })
})

describe('bytes', () => {
  it('are one character each in latin1, however many', () => {
    const bytes = Uint8Array.from({ length: 40_000 }, (_, i) => i % 256)
    expect(latin1(bytes)).toBe(Buffer.from(bytes).toString('latin1'))
    expect(latin1(new Uint8Array(0))).toBe('')
  })

  it('are joined in order', () => {
    expect(concat()).toEqual(new Uint8Array(0))
    expect(concat(Uint8Array.of(1), new Uint8Array(0), Uint8Array.of(2, 3))).toEqual(Uint8Array.of(1, 2, 3))
  })

  it('are ordered and compared as memcmp does', () => {
    const bytes = fc.uint8Array({ maxLength: 5, max: 3 })
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b))
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0)
      }),
    )
    expect(compareBytes(Uint8Array.of(0x7f), Uint8Array.of(0x80))).toBeLessThan(0)
    expect(compareBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBeLessThan(0)
  })
})

describe('decimals', () => {
  it.each([0, 1, 9, 10, 65_535, 2 ** 32, 999_999_999_999_999, Number.MAX_SAFE_INTEGER])('reads %d', (value) => {
    expect(parseDecimal(String(value))).toBe(value)
  })

  it.each([
    '',
    '00',
    '01',
    '-0',
    '-1',
    '+1',
    '1.0',
    '1e3',
    '0x10',
    '1_000',
    ' 1',
    '1 ',
    '1\n',
    '٣',
    '１',
    'NaN',
    '9007199254740992',
    '9999999999999999',
    '10000000000000000',
    '18446744073709551615',
  ])('refuses %j', (text) => {
    expect(parseDecimal(text)).toBeUndefined()
  })
})

describe('withoutFinalSlashes', () => {
  it.each([
    ['http://a/', 'http://a'],
    ['a///', 'a'],
    ['a/b', 'a/b'],
    ['/', ''],
    ['', ''],
  ])('%j is %j', (text, expected) => {
    expect(withoutFinalSlashes(text)).toBe(expected)
  })
})

describe('readBounded', () => {
  const tooLong = (): Error => new Error('too long')

  it('gives all bytes of a stream, none of none', async () => {
    const stream = new Blob(['abc', 'de']).stream()
    expect(await readBounded(stream, 5, tooLong)).toEqual(utf8('abcde'))
    expect(await readBounded(null, 0, tooLong)).toEqual(utf8(''))
  })

  it('lets go of a stream that is too long, and reads no more of it', async () => {
    const taken: number[] = []
    let isLetGo = false
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (let n = 1; ; n++) {
          taken.push(n)
          yield utf8('abc')
        }
      } finally {
        isLetGo = true
      }
    }
    await expect(readBounded(ReadableStream.from(endless()), 7, tooLong)).rejects.toThrow('too long')
    // A stream may hold one piece ready.
    expect(taken.length).toBeLessThanOrEqual(4)
    expect(isLetGo).toBe(true)
  })
})
