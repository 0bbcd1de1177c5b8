import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromBase64, installBase64, toBase64, toBase64url, tryBase64, tryBase64url } from '../../src/core/base64.ts'
import { fromUtf8, holdsBytes, installAscii, installHoldsBytes, installUtf8, utf8 } from '../../src/core/bytes.ts'
import { installNativePrimitives } from '../../src/node/native.ts'

installNativePrimitives()

const encode = (bytes: Uint8Array, url: boolean): string => Buffer.from(bytes).toString(url ? 'base64url' : 'base64')
const decode = (text: string, url: boolean): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(Buffer.from(text, url ? 'base64url' : 'base64'))

describe('a native base64', () => {
  it.each([
    ['that encodes otherwise', { encode: (bytes: Uint8Array) => encode(bytes, false), decode }],
    ['that decodes to other bytes', { encode, decode: (text: string, url: boolean) => decode(text, url).fill(0) }],
    ['that decodes to fewer', { encode, decode: (text: string, url: boolean) => decode(text, url).slice(1) }],
  ])('%s is not installed', (_name, codec) => {
    expect(installBase64(codec)).toBe(false)
  })

  it('that is right is installed', () => {
    expect(installBase64({ encode, decode })).toBe(true)
  })

  it('gives no bytes a second spelling: not by wide characters, whose low byte is a letter', () => {
    for (const wide of ['\u0141', '\u0241', '\u4e41', '\uff21', '\u00c1', '\ud841']) {
      for (let at = 0; at < 80; at++) {
        const text = `${'A'.repeat(at)}${wide}${'A'.repeat(79 - at)}`
        expect([tryBase64(text), tryBase64url(text)]).toEqual([undefined, undefined])
      }
    }
  })

  it('gives no bytes a second spelling: not by any change of a character', () => {
    const bytes = fc.uint8Array({ minLength: 48, maxLength: 120 })
    fc.assert(
      fc.property(bytes, fc.nat(), fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }), (value, place, other) => {
        const url = toBase64url(value)
        const at = place % url.length
        const changed = url.slice(0, at) + other + url.slice(at + 1)
        const read = tryBase64url(changed)
        if (read !== undefined && toBase64url(read) !== changed) throw new Error(`${JSON.stringify(changed)} is read`)
        const padded = toBase64(value)
        const changedPadded = padded.slice(0, at) + other + padded.slice(at + 1)
        const readPadded = tryBase64(changedPadded)
        if (readPadded !== undefined && toBase64(readPadded) !== changedPadded)
          throw new Error(`${JSON.stringify(changedPadded)} is read`)
      }),
      { numRuns: 3000 },
    )
  })

  it('reads long texts as short ones are read', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(fromBase64(toBase64(bytes))).toEqual(bytes)
      }),
    )
  })
})

describe('a native UTF-8 encoder', () => {
  it.each([
    ['that is Latin-1', (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'))],
    ['that drops half a pair', (text: string) => Uint8Array.from(Buffer.from(text.replace(/[\ud800-\udfff]/g, '')))],
    ['that drops a byte order mark', (text: string) => Uint8Array.from(Buffer.from(text.replace('\ufeff', '')))],
  ])('%s is not installed', (_name, native) => {
    expect(installUtf8(native)).toBe(false)
  })

  it('that is right is installed, and writes what the standard’s does', () => {
    expect(installUtf8((text) => Uint8Array.from(Buffer.from(text)))).toBe(true)
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(utf8(text)).toEqual(new TextEncoder().encode(text))
      }),
    )
  })
})

describe('a native reader of ASCII', () => {
  const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1')
  it.each([
    ['that takes Latin-1 for ASCII', latin1],
    ['that drops the high bit', (bytes: Uint8Array) => Buffer.from(bytes).toString('ascii')],
    ['that reads nothing', () => undefined],
  ])('%s is not installed', (_name, native) => {
    expect(installAscii(native)).toBe(false)
  })

  it('leaves what is not ASCII to the strict decoder', () => {
    const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 90 }), fc.string({ unit: 'binary' }).map(utf8)), (bytes) => {
        const read = (decode: () => string): string | undefined => {
          try {
            return decode()
          } catch {
            return undefined
          }
        }
        expect(read(() => fromUtf8(bytes))).toBe(read(() => strict.decode(bytes)))
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a native search for bytes', () => {
  it.each([
    ['that finds everything', () => true],
    ['that finds nothing', () => false],
    ['that looks at the beginning alone', (bytes: Uint8Array, part: Uint8Array) => bytes[0] === part[0]],
  ])('%s is not installed', (_name, native) => {
    expect(installHoldsBytes(native)).toBe(false)
  })

  it('finds what is there, wherever it stands, and nothing else', () => {
    const few = fc.uint8Array({ max: 2, maxLength: 60 })
    fc.assert(
      fc.property(few, fc.uint8Array({ max: 2, minLength: 1, maxLength: 6 }), (bytes, part) => {
        const expected = Buffer.from(bytes).toString('latin1').includes(Buffer.from(part).toString('latin1'))
        expect(holdsBytes(bytes, part)).toBe(expected)
      }),
      { numRuns: 2000 },
    )
  })
})
