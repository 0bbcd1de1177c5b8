import { describe, expect, it } from 'vitest'
import { valueOr } from '../../src/core/attempt.ts'
import { isTime, readExactTime, readTime } from '../../src/timestamp/der-time.ts'
import { parseDer, reading } from '../../src/timestamp/der.ts'
import { derOf } from '../support/time-authority.ts'

const [utc, generalized] = [0x17, 0x18]

/** What a reader makes of an element: a time, or "refused"; the library may refuse it before. */
function readBy(reader: typeof readTime, tag: number, text: string): string {
  const read = (): string => new Date(reader(parseDer(derOf(tag, text), 'test', 200), 'test')).toISOString()
  return valueOr(() => reading('test', read), 'refused', 'time-stamp-malformed')
}

describe('a time in DER', () => {
  it.each([
    [generalized, '20261127193803Z', '2026-11-27T19:38:03.000Z'],
    [generalized, '20240229000000Z', '2024-02-29T00:00:00.000Z'],
    [generalized, '00010101000000Z', '0001-01-01T00:00:00.000Z'],
    [generalized, '99991231235959Z', '9999-12-31T23:59:59.000Z'],
    [utc, '261127193803Z', '2026-11-27T19:38:03.000Z'],
    [utc, '491231235959Z', '2049-12-31T23:59:59.000Z'],
    [utc, '500101000000Z', '1950-01-01T00:00:00.000Z'],
    [utc, '000229120000Z', '2000-02-29T12:00:00.000Z'],
  ])('of a certificate or a list is read: %i %s', (tag, text, expected) => {
    expect(readBy(readTime, tag, text)).toBe(expected)
  })

  const malformed = [
    ['another zone', '20261127193803+0800'],
    ['another zone, of no minutes', '20261127193803-08'],
    ['the zone +0000', '20261127193803+0000'],
    ['no zone', '20261127193803'],
    ['a small z', '20261127193803z'],
    ['no seconds', '202611271938Z'],
    ['no minutes', '2026112719Z'],
    ['a sixtieth second', '20261127193860Z'],
    ['a sixtieth minute', '20261127196003Z'],
    ['a 24th hour', '20261127240000Z'],
    ['month 13', '20261327000000Z'],
    ['month 0', '20260027000000Z'],
    ['30 February', '20260230000000Z'],
    ['29 February of another year', '20260229000000Z'],
    ['31 June', '20260631000000Z'],
    ['the year 0', '00000101000000Z'],
    ['a point without a fraction', '20261127193803.Z'],
    ['a comma', '20261127193803,5Z'],
    ['a zero at the end of its fraction', '20261127193803.50Z'],
    ['a zero as its fraction', '20261127193803.0Z'],
    ['a space', '20261127193803 Z'],
    ['a line after it', '20261127193803Z\n'],
    ['words', 'hello world!!!Z'],
    ['nothing', ''],
    ['more digits than fit', `20261127193803.${'1'.repeat(120)}Z`],
  ] as const

  it.each(malformed)('BR-M2: with %s is refused', (_what, text) => {
    expect([readBy(readExactTime, generalized, text), readBy(readTime, generalized, text)]).toEqual([
      'refused',
      'refused',
    ])
    // Without its century the year 0 is 2000.
    const short = text.startsWith('0000') ? '' : text.slice(2)
    expect(readBy(readTime, utc, short)).toBe('refused')
  })

  it('BR-M2: is read to its fraction where it may have one, and a part of a millisecond counts as one', () => {
    const at = (fraction: string): string => readBy(readExactTime, generalized, `20261127193803${fraction}Z`).slice(17)
    expect(['', '.5', '.05', '.001', '.123', '.1231', '.9990001', '.9999'].map(at)).toEqual([
      '03.000Z',
      '03.500Z',
      '03.050Z',
      '03.001Z',
      '03.123Z',
      '03.124Z',
      '04.000Z',
      '04.000Z',
    ])
    expect(readBy(readTime, generalized, '20261127193803.5Z')).toBe('refused')
  })

  it('BR-M2: of another tag is none', () => {
    expect(readBy(readExactTime, utc, '261127193803Z')).toBe('refused')
    expect(readBy(readTime, 0x0c, '20261127193803Z')).toBe('refused')
    expect(readBy(readTime, 0x16, '261127193803Z')).toBe('refused')
    const element = (tag: number): boolean => isTime(parseDer(derOf(tag, '261127193803Z'), 'test', 200))
    expect([element(utc), element(0x16), isTime(undefined)]).toEqual([true, false, false])
  })
})
