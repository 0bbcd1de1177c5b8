import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { type ErrorCode, isEvidenceError } from '../../src/core/errors.ts'
import { reading } from '../../src/timestamp/der.ts'
import { readTimeInfo, type TimeInfo } from '../../src/timestamp/time-info.ts'
import { derInteger, derOf, timeInfoOf } from '../support/time-authority.ts'

const time = '20261127193803Z'
const read = (after: readonly Uint8Array[], text = time, tag?: number): TimeInfo =>
  reading('test', () => readTimeInfo(timeInfoOf(utf8('data'), text, after, tag), 4096))
const accuracyOf = (...parts: Uint8Array[]): number | undefined => read([derOf(0x30, ...parts)]).accuracyMs

function codeOf(step: () => unknown): ErrorCode | undefined {
  try {
    step()
    return undefined
  } catch (error) {
    if (isEvidenceError(error)) return error.code
    throw error
  }
}

describe('what a token says of a time', () => {
  it('is its time, imprint, policy and serial number, and what may stand after them', () => {
    expect(read([])).toMatchObject({
      genTimeMs: Date.parse('2026-11-27T19:38:03Z'),
      accuracyMs: undefined,
      nonce: undefined,
      policy: '1.2.3.4',
      serial: '05',
    })
    const name = derOf(0xa0, derOf(0x82, utf8('tsa.example')))
    const all = [derOf(0x30, derInteger(1)), derOf(0x01, Uint8Array.of(0xff)), derInteger(7), name]
    expect(read(all)).toMatchObject({ accuracyMs: 1000, nonce: '07' })
  })

  it('BR-M2: has a time of X.690, 11.7, and no other', () => {
    expect(codeOf(() => read([], '20261127193803+0800'))).toBe('time-stamp-malformed')
    expect(codeOf(() => read([], time.slice(2), 0x17))).toBe('time-stamp-malformed')
  })

  it('BR-M3: has the accuracy that it states, in as many bytes as that needs', () => {
    for (const seconds of [0, 1, 127, 128, 32_768, 8_388_607, 8_388_608, 16_777_216, 1_000_000_000])
      expect(accuracyOf(derInteger(seconds))).toBe(seconds * 1000)
    for (const millis of [1, 127, 128, 999]) expect(accuracyOf(derInteger(millis, 0x80))).toBe(millis)
    expect(accuracyOf(derInteger(1), derInteger(500, 0x80), derInteger(1, 0x81))).toBe(1501)
    expect(accuracyOf()).toBe(0)
  })

  it.each<readonly [string, Uint8Array[]]>([
    ['more seconds than a billion', [derInteger(1_000_000_001)]],
    ['seconds of 5 bytes', [derInteger(2 ** 33)]],
    ['seconds below zero', [derOf(0x02, Uint8Array.of(0xff))]],
    ['seconds of 4 bytes below zero', [derOf(0x02, Uint8Array.of(0x80, 0, 0, 1))]],
    ['seconds in more bytes than they need', [derOf(0x02, Uint8Array.of(0, 1))]],
    ['seconds of no bytes', [derOf(0x02)]],
    ['1000 thousandths', [derInteger(1000, 0x80)]],
    ['1000 millionths', [derInteger(1000, 0x81)]],
    ['millionths before thousandths', [derInteger(1, 0x81), derInteger(1, 0x80)]],
    ['thousandths before seconds', [derInteger(1, 0x80), derInteger(1)]],
    ['seconds twice', [derInteger(1), derInteger(1)]],
    ['thousandths twice', [derInteger(1, 0x80), derInteger(1, 0x80)]],
    ['a part of another tag', [derInteger(1, 0x82)]],
    ['a time', [derOf(0x18, time)]],
  ])('BR-M3: is none where its accuracy has %s', (_what, parts) => {
    expect(codeOf(() => accuracyOf(...parts))).toBe('time-stamp-malformed')
  })

  it.each<readonly [string, Uint8Array[]]>([
    ['something after all', [derOf(0x04, 'x')]],
    ['the nonce before the accuracy', [derInteger(7), derOf(0x30, derInteger(1))]],
    ['two nonces', [derInteger(7), derInteger(8)]],
    ['two accuracies', [derOf(0x30, derInteger(1)), derOf(0x30, derInteger(2))]],
  ])('is none with %s', (_what, after) => {
    expect(codeOf(() => read(after))).toBe('time-stamp-malformed')
  })
})
