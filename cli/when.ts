import { formatTime, tryTime } from '../src/core/index.ts'

/** The years 0001 to 9999, in milliseconds since 1970. */
const firstTime = -62_135_596_800_000
const lastTime = 253_402_300_799_999
const pad = (n: number): string => String(n).padStart(2, '0')
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const

/**
 * A time for people: in UTC as formats write it and, where this machine's zone is another, in local time with its offset:
 * `2026-11-26T12:55:05.123Z (26 Nov 2026 20:55:05 +08:00)`. Takes milliseconds since 1970, or a time as formats write it. Never
 * throws: what is no time of the years 0001 to 9999 is shown as it is.
 */
export function when(time: number | string): string {
  const ms = typeof time === 'number' ? time : tryTime(time)
  if (ms === undefined) return String(time)
  const local = isTime(ms) ? localOf(ms) : undefined
  return local === undefined ? utc(ms) : `${utc(ms)} (${local})`
}

/** Milliseconds since 1970 in UTC, as formats write a time, for programs. Never throws: see {@link when}. */
export function utc(ms: number): string {
  return isTime(ms) ? formatTime(ms) : `${ms} ms since 1970 (no time of the years 1 to 9999)`
}

/** A time given in seconds since 1970, for people, like {@link when}. */
export function whenSeconds(seconds: number): string {
  return when(seconds * 1000)
}

function isTime(ms: number): boolean {
  return Number.isSafeInteger(ms) && ms >= firstTime && ms <= lastTime
}

/** Local time with its offset from UTC; undefined where that is none. */
function localOf(ms: number): string | undefined {
  const date = new Date(ms)
  const offset = -date.getTimezoneOffset()
  if (offset === 0) return undefined
  const ahead = Math.abs(offset)
  const zone = `${offset < 0 ? '-' : '+'}${pad(Math.floor(ahead / 60))}:${pad(ahead % 60)}`
  const day = `${date.getDate()} ${months[date.getMonth()]} ${date.getFullYear()}`
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())} ${zone}`
}
