import { EvidenceError } from './errors.ts'

const shape = 'dddd-dd-ddTdd:dd:dd.dddZ'
const zero = 48
const nine = 57

/** Milliseconds since 1970 of a time of docs/spec/01-primitives.md (`YYYY-MM-DDTHH:MM:SS.mmmZ`, years 0001 to 9999), or undefined. */
export function tryTime(text: string): number | undefined {
  if (text.length !== shape.length) return undefined
  for (let i = 0; i < shape.length; i++) {
    const unit = text.charCodeAt(i)
    if (shape[i] === 'd' ? unit < zero || unit > nine : text[i] !== shape[i]) return undefined
  }
  const digits = (at: number): number => 10 * (text.charCodeAt(at) - zero) + text.charCodeAt(at + 1) - zero
  const [year, month, day] = [100 * digits(0) + digits(2), digits(5), digits(8)]
  const [hours, minutes, seconds] = [digits(11), digits(14), digits(17)]
  if (year === 0 || month < 1 || month > 12 || day < 1 || day > daysOf(year, month)) return undefined
  // No leap seconds: the time is that of RFC 3339 in UTC as computers count it.
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined
  const ms = 10 * digits(20) + text.charCodeAt(22) - zero
  return (((daysSince1970(year, month, day) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000 + ms
}

function daysOf(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31
}

/** Days of the proleptic Gregorian calendar; years start in March, so that the leap day ends one. */
function daysSince1970(year: number, month: number, day: number): number {
  const y = month > 2 ? year : year - 1
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1
  return y * 365 + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400) + dayOfYear - 719_468
}

/** Milliseconds since 1970 of a time of docs/spec/01-primitives.md. Throws `time-malformed`. */
export function parseTime(text: string, what = 'time'): number {
  const ms = tryTime(text)
  if (ms === undefined) {
    throw new EvidenceError('time-malformed', `the ${what} is not a time of the form YYYY-MM-DDTHH:MM:SS.mmmZ`, {
      found: text.slice(0, 40),
    })
  }
  return ms
}

/** Latest time in seconds since 1970 that a format holds: 9999-12-31T23:59:59Z. */
export const maxSeconds = 253_402_300_799

/** True for a time in whole seconds since 1970 that a format may hold: 0 to {@link maxSeconds}. */
export function isSeconds(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= maxSeconds
}

/**
 * Milliseconds since 1970 as UTC text, for people and logs: `YYYY-MM-DDTHH:MM:SS.mmmZ`. Never throws: a number that is no time
 * of the years 0001 to 9999 is written as that number.
 */
export function timeText(ms: number): string {
  const date = new Date(ms)
  const text = Number.isNaN(date.getTime()) ? '' : date.toISOString()
  return tryTime(text) === undefined ? `${ms} ms since 1970 (no time of the years 1 to 9999)` : text
}

/** Milliseconds since 1970 as a time of docs/spec/01-primitives.md. Throws `time-malformed` outside the years 0001 to 9999. */
export function formatTime(ms: number): string {
  const text = timeText(ms)
  if (tryTime(text) !== ms) throw new EvidenceError('time-malformed', 'the time is outside the years 0001 to 9999')
  return text
}
