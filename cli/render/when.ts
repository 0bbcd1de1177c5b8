import { timeText, tryTime } from '../../src/core/time.ts'

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
  const local = localOf(ms)
  return local === undefined ? timeText(ms) : `${timeText(ms)} (${local})`
}

/** A time given in seconds since 1970, for people, like {@link when}. */
export function whenSeconds(seconds: number): string {
  return when(seconds * 1000)
}

/** Local time with its offset from UTC; undefined where that is none, and for what is no time. */
function localOf(ms: number): string | undefined {
  if (tryTime(timeText(ms)) === undefined) return undefined
  const date = new Date(ms)
  const offset = -date.getTimezoneOffset()
  if (offset === 0) return undefined
  const ahead = Math.abs(offset)
  const zone = `${offset < 0 ? '-' : '+'}${pad(Math.floor(ahead / 60))}:${pad(ahead % 60)}`
  const day = `${date.getDate()} ${months[date.getMonth()]} ${date.getFullYear()}`
  return `${day} ${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())} ${zone}`
}
