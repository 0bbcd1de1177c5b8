import { defined } from '../../src/core/objects.ts'
import { placeOf } from '../../src/statements/later-events.ts'
import type { StepTrouble } from '../../src/package/shown-custody.ts'
import { releaseIn } from '../../src/statements/custody-release.ts'
import type { Statement } from '../../src/statements/statement.ts'
import type { ShownEntry } from '../../src/verify/check-status.ts'
import type { Exhibit } from './examine.ts'

/** A hand-over, as the release and the transfer that carries it say. */
export interface Passed {
  readonly from: string
  readonly to: string
  readonly isMoved: boolean
  /** Moved by an authority's order, without the holder. */
  readonly isByOrder: boolean
  readonly isDiffering: boolean
}

/** One thing that happened to exhibits. */
export interface Moment {
  /** Where it stands in the ledger's order: the index of its entry, or, of a time stamp, half a step before the size that it stamps. */
  readonly at: number
  readonly what: string
  readonly time?: string
  /** The entry that says it; of a time stamp none. */
  readonly entry?: number
  readonly code?: string
  readonly by?: string
  readonly item?: number
  readonly size?: number
  readonly passed?: Passed
  /** Whether its entry was shown, and verified here. */
  readonly isProven: boolean
  /** Why it is no step of custody, by the entries that are shown. */
  readonly trouble?: StepTrouble
  /** Indices of the exhibits that it is about. */
  readonly of: readonly number[]
}

/** What happened to one exhibit by its receipt and status, in no order. */
export function momentsOf({ index, time, iss, checked, report, stamps, custody }: Exhibit): Moment[] {
  const { events = [], shown = new Map<number, ShownEntry>() } = report.later ?? {}
  const isProven = checked.faults.length === 0 && checked.isSigned
  const of = [index]
  return [
    { at: index, what: 'deposited', time, entry: index, by: iss, isProven, of },
    ...events.map((event): Moment => {
      const { index: at, what, proven } = event
      if (!proven) return { at, entry: at, what, isProven: false, of }
      const { code, item } = event
      return {
        at,
        entry: at,
        what,
        time: event.time,
        isProven: true,
        of,
        ...defined({ code, item, trouble: custody.troubles.get(at) }),
        ...said(shown.get(at)),
      }
    }),
    ...stamps.map((size): Moment => ({ at: size - 0.5, what: 'stamped', size, isProven: false, of })),
  ]
}

/** What a later entry says of itself: who signed it, and a hand-over. */
function said(shown: ShownEntry | undefined): Pick<Moment, 'by' | 'passed'> {
  const statement = shown?.checked.statement
  return statement === undefined ? {} : { by: statement.common.iss, ...defined({ passed: passedIn(statement) }) }
}

/** The hand-over that a statement carries; undefined of one that carries no release. */
export function passedIn({ payload }: Statement): Passed | undefined {
  const { outcome, checked } = payload
  const release = releaseIn({ payload })
  if (release === undefined) return undefined
  const { iss: from, to, inLieu } = release
  const isMoved = outcome === 'accepted'
  const isDiffering = isMoved && Array.isArray(checked) && checked.includes('differs')
  return { from, to, isMoved, isByOrder: isMoved && inLieu !== undefined, isDiffering }
}

/** Moments of several exhibits as one timeline, oldest first: one that is about several of them is told once. */
export function timeline(all: readonly Moment[]): Moment[] {
  const found = new Map<string, Moment>()
  for (const moment of all) {
    const { at, what, code, item } = moment
    const name = JSON.stringify([at, what, code, item])
    const before = found.get(name)
    const of = [...new Set([...(before?.of ?? []), ...moment.of])]
    const trouble = before?.trouble ?? moment.trouble
    found.set(name, { ...(before?.isProven === true ? before : moment), of, ...defined({ trouble }) })
  }
  return [...found.values()].sort((a, b) => a.at - b.at)
}

/** In which place a moment goes where not all have room: deposits and what is flagged or in trouble, then what decides, then the rest. */
export function placeOfMoment({ passed, trouble, ...event }: Moment): number {
  const isFlagged = passed?.isByOrder === true || passed?.isDiffering === true || trouble !== undefined
  return isFlagged || event.what === 'deposited' ? 0 : placeOf(event)
}
