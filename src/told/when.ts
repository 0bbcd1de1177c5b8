import { timeText, tryTime } from '../core/time.ts'
import { pad2 } from './digits.ts'

/**
 * A time for people, in UTC and in local time with its offset: `2026-11-26 12:55:05 UTC (2026-11-26 20:55:05 +08:00)`; the second is left out
 * where the reader's zone is UTC. Takes milliseconds since 1970, or a time as formats write it, and the offset from UTC in minutes at a
 * moment (by default that of this machine). Never throws: what is no time is given back as it is.
 */
export function whenTold(time: number | string, offsetAt: (ms: number) => number = ownOffset): string {
  const ms = typeof time === 'number' ? time : tryTime(time)
  if (ms === undefined || tryTime(timeText(ms)) === undefined) return String(time)
  const offset = offsetAt(ms)
  const utc = `${plain(ms)} UTC`
  if (offset === 0) return utc
  const ahead = Math.abs(offset)
  const zone = `${offset < 0 ? '-' : '+'}${pad2(Math.floor(ahead / 60))}:${pad2(ahead % 60)}`
  return `${utc} (${plain(ms + offset * 60_000)} ${zone})`
}

function plain(ms: number): string {
  return timeText(ms).slice(0, 19).replace('T', ' ')
}

function ownOffset(ms: number): number {
  return -new Date(ms).getTimezoneOffset()
}
