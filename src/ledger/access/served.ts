import type { ReadingLine, ReadingLog } from './reading-log.ts'

/** One participant that was shown an entry under a seal on one day, and how often. */
export interface Served {
  readonly index: number
  readonly reader: string
  /** Whether its sealed claims were shown, or it was found by a look-up. */
  readonly shown: ReadingLine['shown']
  /** Canonical times of the first and the last reading. */
  readonly first: string
  readonly last: string
  readonly times: number
}

/** The first day with readings that comes after `after`, and on or before the day of `until`; undefined where there is none. */
export function dayServed(log: ReadingLog, after: string, until: string): string | undefined {
  return log.days().find(({ day }) => day > after && day <= until.slice(0, 10))?.day
}

/** Who was shown entries on a day, by the log of readings, in the order of the first reading. Throws `readings-failed`. */
export function servedOn(log: ReadingLog, day: string, indices: ReadonlySet<number>): Served[] {
  const found = new Map<string, Served>()
  log.eachLine(day, ({ index, reader, shown, time }) => {
    if (!indices.has(index)) return
    const name = `${index} ${shown} ${reader}`
    const before = found.get(name)
    const first = before?.first ?? time
    found.set(name, { index, reader, shown, first, last: time, times: (before?.times ?? 0) + 1 })
  })
  return [...found.values()]
}
