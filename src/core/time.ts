import { EvidenceError } from './errors.ts'

const shape = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})\.\d{3}Z$/

/** Milliseconds since 1970 of a time of docs/spec/01-primitives.md (`YYYY-MM-DDTHH:MM:SS.mmmZ`, years 0001 to 9999), or undefined. */
export function tryTime(text: string): number | undefined {
  if (!shape.test(text) || text.startsWith('0000')) return undefined
  const ms = Date.parse(text)
  // Date.parse rolls 31 February over into March and takes 24:00; a real time writes itself back.
  if (Number.isNaN(ms) || new Date(ms).toISOString() !== text) return undefined
  return ms
}

/** The same; throws `time-malformed`. */
export function parseTime(text: string, what = 'time'): number {
  const ms = tryTime(text)
  if (ms === undefined) {
    throw new EvidenceError('time-malformed', `the ${what} is not a time of the form YYYY-MM-DDTHH:MM:SS.mmmZ`, {
      found: text.slice(0, 40),
    })
  }
  return ms
}

/** Writes milliseconds since 1970 (years 0001 to 9999). */
export function formatTime(ms: number): string {
  const text = new Date(ms).toISOString()
  if (tryTime(text) !== ms) throw new EvidenceError('time-malformed', 'the time lies outside the years 0001 to 9999')
  return text
}
