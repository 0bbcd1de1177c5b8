import { describe, expect, it } from 'vitest'
import {
  fromBase64,
  fromBase64url,
  fromHex,
  hashLines,
  toBase64,
  toBase64url,
  toHex,
  tryBase64,
  tryBase64url,
  tryHash,
} from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { codeOf } from './support.ts'

/** RFC 4648, section 10. */
const vectors = [
  ['', '', ''],
  ['f', 'Zg==', '66'],
  ['fo', 'Zm8=', '666f'],
  ['foo', 'Zm9v', '666f6f'],
  ['foob', 'Zm9vYg==', '666f6f62'],
  ['fooba', 'Zm9vYmE=', '666f6f6261'],
  ['foobar', 'Zm9vYmFy', '666f6f626172'],
] as const

const everyByte = Uint8Array.from({ length: 256 }, (_, i) => i)

describe('encoding', () => {
  it.each(vectors)('writes and reads the vector %j of RFC 4648', (text, padded, hex) => {
    const bytes = utf8(text)
    const unpadded = padded.replaceAll('=', '')
    expect([toBase64(bytes), toBase64url(bytes), toHex(bytes)]).toEqual([padded, unpadded, hex])
    expect([fromBase64(padded), fromBase64url(unpadded), fromHex(hex)]).toEqual([bytes, bytes, bytes])
  })

  it('writes what the runtime writes, for every length to 100 and every alphabet character', () => {
    for (let length = 0; length <= 100; length++) {
      for (const start of [0, 77, 156]) {
        const bytes = everyByte.slice(start, start + length)
        const buffer = Buffer.from(bytes)
        expect(toBase64(bytes)).toBe(buffer.toString('base64'))
        expect(toBase64url(bytes)).toBe(buffer.toString('base64url'))
        expect(toHex(bytes)).toBe(buffer.toString('hex'))
        expect(fromBase64(toBase64(bytes))).toEqual(bytes)
        expect(fromBase64url(toBase64url(bytes))).toEqual(bytes)
        expect(fromHex(toHex(bytes))).toEqual(bytes)
      }
    }
  })
})

/** Spellings that a lenient decoder takes for one of the vectors, or for nothing. */
const neither = [
  'Z',
  'Zm9vZ',
  'Zm9v\n',
  '\nZm9v',
  ' Zm9v',
  'Zm 9v',
  'Zm9v====',
  '====',
  '===',
  '==',
  '=',
  'Zm9*',
  'Zm9é',
]

describe('padded base64', () => {
  it.each([
    ...neither,
    'Zg',
    'Zg=',
    'Zg===',
    'Zg==\n',
    'Z===',
    'Zh==',
    'Zn==',
    'Z/==',
    'Zm9=',
    'Zm+=',
    'Zm8',
    'Zg==Zg==',
    'Zm8=Zm8=',
    'Z=g=',
    '=Zg=',
    'Zm9v=Zg=',
    '-_-_',
    'Zm9v-w==',
    'Zm9\u0176',
    'Ｚｍ９ｖ',
    'Zm8＝',
    'Zg==~',
  ])('refuses %j', (text) => {
    expect(tryBase64(text)).toBeUndefined()
    expect(codeOf(() => fromBase64(text))).toBe('base64-malformed')
  })

  it('takes its own alphabet', () => {
    expect(fromBase64('+/+/')).toEqual(Uint8Array.of(0xfb, 0xff, 0xbf))
  })
})

describe('unpadded base64url', () => {
  it.each([...neither, 'Zg==', 'Zm8=', 'Zh', 'Zv', 'Zm9', 'Zm-', 'Zm_', '+/+/', 'Zm9v+w', 'Zm9v.', 'Zm9\u0176', 'Zg~'])(
    'refuses %j',
    (text) => {
      expect(tryBase64url(text)).toBeUndefined()
      expect(codeOf(() => fromBase64url(text))).toBe('base64-malformed')
    },
  )

  it('takes its own alphabet', () => {
    expect(fromBase64url('-_-_')).toEqual(Uint8Array.of(0xfb, 0xff, 0xbf))
  })

  it('has exactly one last character in four for two bytes, one in sixteen for one', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = (head: string): string[] => Array.from(alphabet).filter((c) => tryBase64url(head + c) !== undefined)
    expect(last('AA')).toEqual(Array.from('AEIMQUYcgkosw048'))
    expect(last('A')).toEqual(Array.from('AQgw'))
    expect(last('')).toEqual([])
    expect(last('AAA').length).toBe(64)
  })
})

describe('hexadecimal', () => {
  it.each(['0', '000', 'AB', 'aB', '0g', '0x00', ' 00', '00 ', '00\n', '-1', '٠٠', '００', 'é0'])(
    'refuses %j',
    (text) => {
      expect(codeOf(() => fromHex(text))).toBe('hex-malformed')
    },
  )
})

describe('a hash', () => {
  const bytes = Uint8Array.from({ length: 33 }, (_, i) => i)

  it('is 32 bytes of canonical base64, and nothing else', () => {
    const hash = bytes.subarray(0, 32)
    expect(tryHash(toBase64(hash))).toEqual(hash)
    for (const length of [0, 31, 33]) expect(tryHash(toBase64(bytes.subarray(0, length)))).toBeUndefined()
    for (const text of [toBase64url(hash), `${toBase64(hash)}\n`, toBase64(hash).replace(/.=$/, '9=')])
      expect(tryHash(text)).toBeUndefined()
  })

  it('is a line among others', () => {
    expect(hashLines([])).toBe('')
    expect(hashLines([bytes.subarray(0, 1), bytes.subarray(0, 1)])).toBe('AA==\nAA==\n')
  })
})
