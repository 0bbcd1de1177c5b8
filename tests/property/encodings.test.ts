import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromBase64, fromBase64url, fromHex, toBase64, toBase64url, toHex } from '../../src/core/base64.ts'
import { parseDecimal } from '../../src/core/bytes.ts'
import { parseTilePath, tilePath } from '../../src/core/merkle/layout.ts'
import { parseVerifierKey, verifierKey } from '../../src/core/note.ts'
import { isOrigin, requireOrigin } from '../../src/core/origin.ts'
import { formatTime, parseTime, tryTime } from '../../src/core/time.ts'
import { cosignerNamed } from '../core/cosigners.ts'
import { ledgerKey } from '../core/samples.ts'
import { signerNamed } from '../support/signers.ts'
import { accepted, nearlyValidText, rewritten } from './mutations.ts'

const runs = { numRuns: 1500 }
const bytes = fc.uint8Array({ maxLength: 300 })

describe.each([
  ['base64', toBase64, fromBase64],
  ['base64url', toBase64url, fromBase64url],
  ['hex', toHex, fromHex],
] as const)('%s', (_, encode, decode) => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(decode(encode(value))).toEqual(value)
      }),
    )
  })

  it('writes what it reads, and refuses all else', () => {
    const samples = ['', 'a', 'ab', 'abc', 'abcd', '\u00ff\u00fe\u00fd'].map((text) =>
      encode(Buffer.from(text, 'latin1')),
    )
    fc.assert(
      fc.property(nearlyValidText(samples), (text) => {
        expect(rewritten(text, decode, encode)).toBe(text)
      }),
      runs,
    )
  })
})

describe('time', () => {
  const [first, last] = [Date.parse('0001-01-01T00:00:00.000Z'), Date.parse('9999-12-31T23:59:59.999Z')]

  it('reads what it writes, and keeps the order', () => {
    const ms = fc.integer({ min: first, max: last })
    fc.assert(
      fc.property(ms, ms, (a, b) => {
        expect(parseTime(formatTime(a))).toBe(a)
        expect(formatTime(a) < formatTime(b)).toBe(a < b)
      }),
    )
  })

  it('writes what it reads, and refuses all else', () => {
    const samples = ['2026-11-21T09:30:00.000Z', '2024-02-29T23:59:59.999Z', '0001-01-01T00:00:00.000Z']
    fc.assert(
      fc.property(nearlyValidText(samples), (text) => {
        expect(rewritten(text, parseTime, formatTime)).toBe(text)
        expect(tryTime(text) === undefined).toBe(accepted(() => parseTime(text)) === undefined)
      }),
      runs,
    )
  })
})

describe('decimals and origins', () => {
  it('have one spelling', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        expect(parseDecimal(String(value))).toBe(value)
      }),
    )
    fc.assert(
      fc.property(nearlyValidText(['0', '7', '9007199254740991', '123456789']), (text) => {
        const value = parseDecimal(text)
        expect(value === undefined ? text : String(value)).toBe(text)
      }),
      runs,
    )
  })

  it('are printable', () => {
    fc.assert(
      fc.property(nearlyValidText(['court.example/ledger-7f3a', 'o'.repeat(255)]), (text) => {
        const printable = Array.from(text).every((c) => c > ' ' && c < '\u007f' && c !== '+')
        expect(isOrigin(text)).toBe(printable && text.length >= 1 && text.length <= 255)
        expect(rewritten(text, requireOrigin, (origin) => origin)).toBe(text)
      }),
      runs,
    )
  })
})

describe('tile path', () => {
  const level = fc.oneof(fc.constant('entries' as const), fc.nat({ max: 63 }))

  it('reads what it writes', () => {
    fc.assert(
      fc.property(level, fc.maxSafeNat(), fc.integer({ min: 1, max: 256 }), (l, n, width) => {
        expect(parseTilePath(tilePath(l, n, width).slice('tile/'.length))).toEqual({ level: l, n, width })
      }),
    )
  })

  it('writes what it reads, and refuses all else', () => {
    const samples = ['0/000', '0/x001/x234/067', '63/999.p/255', 'entries/x001/000.p/7', '1/273']
    fc.assert(
      fc.property(nearlyValidText(samples), (path) => {
        const address = parseTilePath(path)
        const again = address === undefined ? `tile/${path}` : tilePath(address.level, address.n, address.width)
        expect(again).toBe(`tile/${path}`)
      }),
      runs,
    )
  })
})

describe('vkey', () => {
  const name = fc.stringMatching(/^[!-*,-~é说]{1,40}$/)
  const publicKey = fc.constantFrom(...['a', 'b', 'c'].map((seed) => signerNamed(seed).publicKey))

  it('reads what it writes', () => {
    fc.assert(
      fc.property(name, publicKey, fc.constantFrom(1, 4), (keyName, key, type) => {
        const made = verifierKey(keyName, key, type)
        expect(parseVerifierKey(made.text)).toEqual(made)
      }),
    )
  })

  it('writes what it reads of the types that it knows, and refuses all else', () => {
    const samples = [ledgerKey.text, cosignerNamed('w').key.text, 'ct.example+00000000+BQAAAA==']
    fc.assert(
      fc.property(nearlyValidText(samples), (text) => {
        const key = accepted(() => parseVerifierKey(text))
        const known = key !== undefined && (key.type === 1 || key.type === 4)
        expect(key?.text ?? text).toBe(text)
        expect(known ? verifierKey(key.name, key.publicKey, key.type).text : text).toBe(text)
      }),
      runs,
    )
  })
})
