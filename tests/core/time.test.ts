import { describe, expect, it } from 'vitest'
import { formatTime, isSeconds, maxSeconds, parseTime, timeText, tryTime } from '../../src/core/time.ts'
import { codeOf } from './support.ts'

describe('time', () => {
  it.each([
    ['0001-01-01T00:00:00.000Z', -62_135_596_800_000],
    ['1970-01-01T00:00:00.000Z', 0],
    ['1969-12-31T23:59:59.999Z', -1],
    ['2000-02-29T12:00:00.000Z', 951_825_600_000],
    ['2024-02-29T23:59:59.001Z', 1_709_251_199_001],
    ['2026-11-21T09:30:00.000Z', 1_795_253_400_000],
    ['9999-12-31T23:59:59.999Z', 253_402_300_799_999],
  ])('reads and writes %s', (text, ms) => {
    expect(parseTime(text)).toBe(ms)
    expect(formatTime(ms)).toBe(text)
  })

  it.each([
    ['nothing', ''],
    ['the year 0', '0000-01-01T00:00:00.000Z'],
    ['a year of five digits', '10000-01-01T00:00:00.000Z'],
    ['an expanded year', '+002026-01-01T00:00:00.000Z'],
    ['a year before', '-000001-01-01T00:00:00.000Z'],
    ['month 0', '2026-00-01T00:00:00.000Z'],
    ['month 13', '2026-13-01T00:00:00.000Z'],
    ['day 0', '2026-01-00T00:00:00.000Z'],
    ['31 April', '2026-04-31T00:00:00.000Z'],
    ['30 February', '2024-02-30T00:00:00.000Z'],
    ['29 February of a common year', '2023-02-29T00:00:00.000Z'],
    ['29 February 1900', '1900-02-29T00:00:00.000Z'],
    ['32 January', '2026-01-32T00:00:00.000Z'],
    ['hour 24', '2026-01-01T24:00:00.000Z'],
    ['hour 25', '2026-01-01T25:00:00.000Z'],
    ['minute 60', '2026-01-01T23:60:00.000Z'],
    ['a leap second', '2016-12-31T23:59:60.000Z'],
    ['no fraction', '2026-01-01T00:00:00Z'],
    ['one digit of a fraction', '2026-01-01T00:00:00.0Z'],
    ['microseconds', '2026-01-01T00:00:00.000000Z'],
    ['a comma', '2026-01-01T00:00:00,000Z'],
    ['an offset', '2026-01-01T00:00:00.000+00:00'],
    ['no zone', '2026-01-01T00:00:00.000'],
    ['a small t', '2026-01-01t00:00:00.000Z'],
    ['a small z', '2026-01-01T00:00:00.000z'],
    ['a space for T', '2026-01-01 00:00:00.000Z'],
    ['no separators', '20260101T000000.000Z'],
    ['a date alone', '2026-01-01'],
    ['a space before', ' 2026-01-01T00:00:00.000Z'],
    ['a line feed after', '2026-01-01T00:00:00.000Z\n'],
    ['one digit of a month', '2026-1-01T00:00:00.000Z'],
    ['digits that are not ASCII', '２０２６-01-01T00:00:00.000Z'],
    ['seconds as a number', '1793520000'],
    ['a long text', `2026-01-01T00:00:00.000Z${'0'.repeat(10_000)}`],
  ])('refuses %s', (_, text) => {
    expect(tryTime(text)).toBeUndefined()
    expect(codeOf(() => parseTime(text))).toBe('time-malformed')
  })

  it('writes no time outside the years 0001 to 9999, and no fraction of a millisecond', () => {
    for (const ms of [-62_135_596_800_001, 253_402_300_800_000, 0.5, 1e15]) {
      expect(codeOf(() => formatTime(ms))).toBe('time-malformed')
    }
  })
})

describe('the calendar', () => {
  // Date is the reference: it takes each day of the 9,999 years that is one, and no other.
  const day = (year: number, month: number, date: number): string =>
    `${String(year).padStart(4, '0')}-${String(month).padStart(2, '0')}-${String(date).padStart(2, '0')}T23:59:58.987Z`

  it('has the days that Date has, in every year', () => {
    const differing: string[] = []
    for (let year = 0; year <= 9999; year += year % 100 < 4 || year % 100 > 96 ? 1 : 7) {
      for (let month = 0; month <= 13; month++) {
        for (const date of [0, 1, 28, 29, 30, 31, 32]) {
          const text = day(year, month, date)
          const ms = Date.parse(text)
          const isReal = year > 0 && !Number.isNaN(ms) && new Date(ms).toISOString() === text
          if (tryTime(text) !== (isReal ? ms : undefined)) differing.push(text)
        }
      }
    }
    expect(differing).toEqual([])
  })

  it.each(['2026-11-21T24:00:00.000Z', '2026-11-21T23:60:00.000Z', '2026-11-21T23:59:60.000Z'])(
    'refuses %s',
    (text) => {
      expect(tryTime(text)).toBeUndefined()
    },
  )
})

describe('what is no time at all', () => {
  it.each([Number.NaN, Number.POSITIVE_INFINITY, 9e15, -9e15])('%d is refused by name', (ms) => {
    expect(codeOf(() => formatTime(ms))).toBe('time-malformed')
  })
})

describe('F-H9: a time in numbers', () => {
  it('is at most the last second of the year 9999, in whole seconds', () => {
    expect(timeText(maxSeconds * 1000)).toBe('9999-12-31T23:59:59.000Z')
    for (const seconds of [0, 1, maxSeconds]) expect(isSeconds(seconds)).toBe(true)
    for (const value of [-1, 0.5, maxSeconds + 1, 2 ** 53, Number.NaN, Infinity, '0', null, undefined, true])
      expect(isSeconds(value)).toBe(false)
  })

  it.each([
    [0, '1970-01-01T00:00:00.000Z'],
    [-62_135_596_800_000, '0001-01-01T00:00:00.000Z'],
    [-62_135_596_800_001, '-62135596800001 ms since 1970 (no time of the years 1 to 9999)'],
    [253_402_300_800_000, '253402300800000 ms since 1970 (no time of the years 1 to 9999)'],
    [Number.MAX_SAFE_INTEGER * 1000, '9007199254740991000 ms since 1970 (no time of the years 1 to 9999)'],
    [Number.NaN, 'NaN ms since 1970 (no time of the years 1 to 9999)'],
    [Infinity, 'Infinity ms since 1970 (no time of the years 1 to 9999)'],
  ])('of %s ms is written, whatever it is', (ms, text) => {
    expect(timeText(ms)).toBe(text)
  })
})
