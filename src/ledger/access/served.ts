import type { ReadingLine, ReadingLog } from './reading-log.ts'

/** One participant that was shown an entry under a seal on one day, and how often. */
export interface Served {
  readonly index: number
  readonly reader: string
  /** Whether its sealed claims were shown, it was found by a look-up, or it was part of a copy. */
  readonly shown: ReadingLine['shown']
  /** Canonical times of the first and the last reading that a line was written of. */
  readonly first: string
  readonly last: string
  /** Readings at least, and less than twice as many. */
  readonly times: number
}

/** The first day with readings that comes after `after`, and on or before the day of `until`; undefined where there is none. */
export function dayServed(log: ReadingLog, after: string, until: string): string | undefined {
  return log.days().find(({ day }) => day > after && day <= until.slice(0, 10))?.day
}

/** Who was shown entries on a day, by the log of readings, in the order of the first reading. Throws `readings-failed`. */
export async function servedOn(log: ReadingLog, day: string, indices: readonly number[]): Promise<Served[]> {
  const found = new Map<string, Served>()
  await log.walk(day, { part: '"index":' }, (line) => {
    for (const index of indices.filter((one) => isAbout(line, one))) {
      const { reader, shown, time, times = 1 } = line
      const name = `${index} ${shown} ${reader}`
      const before = found.get(name)
      found.set(name, {
        index,
        reader,
        shown,
        first: before?.first ?? time,
        last: time,
        times: (before?.times ?? 0) + times,
      })
    }
    return true
  })
  return [...found.values()]
}

function isAbout({ index, to = index }: ReadingLine, entry: number): boolean {
  return index <= entry && entry <= to
}
