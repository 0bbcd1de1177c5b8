import { append } from '../../core/arrays.ts'
import { count, counted } from '../../core/text.ts'
import { custodyEventNames } from '../../statements/later-event-names.ts'
import type { LaterEvent } from '../../statements/later-events.ts'
import type { Finding } from '../../verify/report.ts'

type What = LaterEvent['what']

/** What is asked of later events, and held of them, at most. */
export interface LaterBounds {
  /** Pages of one status, of some hundred events each. */
  readonly pages: number
  /** Bytes of later entries that are held of one rank: what decides is of another than what any reader can add. */
  readonly bytes: number
  /** Challenges of one deposit of which is asked what was found on them. */
  readonly challenges: number
}

/** Far above what a ledger lets one participant add in a day, and below what a reader's memory and patience hold. */
export const laterBounds: LaterBounds = { pages: 10_000, bytes: 64 * 1024 * 1024, challenges: 1000 }

/** What was not asked or not held of later events, for their number. All else of the answer holds. */
export interface LeftOut {
  /** What is to be said of it: exit code 3 each, and nothing of the evidence. */
  readonly findings: readonly Finding[]
  /** True where a retraction, or what became of a key, may be among it. */
  readonly mayDecide: boolean
  /** Events that were read and are not held, by what they say. */
  readonly counts: ReadonlyMap<What, number>
}

/** What an event costs besides its entry. */
const eventBytes = 512

const custodial: ReadonlySet<What> = new Set<What>([...custodyEventNames, 'erasure-ordered', 'found'])
const addedByAnyReader: ReadonlySet<What> = new Set<What>(['attested', 'related', 'recorded', 'challenged'])

type Rank = 'decides' | 'custody' | 'said'

function rankOf(what: What): Rank {
  if (addedByAnyReader.has(what)) return 'said'
  return custodial.has(what) ? 'custody' : 'decides'
}

/**
 * Room for the later events of one deposit. Each rank has its own, so that events that any reader of the deposit may add in any number never take
 * that of a retraction, a revoked key or a step of custody, however late those come.
 */
export class LaterRoom {
  private readonly bytes: number
  private readonly used = new Map<Rank, number>()
  private readonly counts = new Map<What, number>()
  private readonly findings: Finding[] = []
  private isCut = false

  constructor({ bytes }: Pick<LaterBounds, 'bytes'>) {
    this.bytes = bytes
  }

  /** Whether an event is held, with `bytes` of an entry that comes with it alone; else it is counted. */
  holds(what: What, bytes: number): boolean {
    const rank = rankOf(what)
    const used = (this.used.get(rank) ?? 0) + bytes + eventBytes
    if (used <= this.bytes) {
      this.used.set(rank, used)
      return true
    }
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
    return false
  }

  /** Notes that the later events of an entry go on after `next`, and that those were not asked. `decides` says that they are a deposit's own. */
  cut(index: number, asked: number, next: number, { decides }: { readonly decides: boolean }): void {
    this.isCut ||= decides
    this.add(
      `entry ${index} has more than ${counted(asked, 'later event')}: those after entry ${next} were not asked`,
      String(index),
    )
  }

  /** Notes that of so many challenges it was not asked what was found on them. */
  skip(challenges: number, where: number): void {
    const what = `${counted(challenges, 'challenge')} of entry ${where}`
    this.add(`what was found on ${what} was not asked: there are more than are asked of one deposit`, String(where))
  }

  leftOut(): LeftOut {
    const all: Finding[] = []
    const dropped = [...this.counts].map(([what, number]) => `${count(number)} ${what}`)
    if (dropped.length > 0) {
      const message = `later events that were read are not all told, for their number: without ${dropped.join(', ')}`
      all.push({ code: 'server-not-all-asked', message })
    }
    append(all, this.findings)
    const mayDecide = this.isCut || [...this.counts.keys()].some((what) => rankOf(what) === 'decides')
    return { findings: all, mayDecide, counts: this.counts }
  }

  private add(message: string, where: string): void {
    this.findings.push({ code: 'server-not-all-asked', message, where })
  }
}

/** The first `most` of all, where everybody has a turn before anybody has another; `first` go before others in each round. */
export function inTurns<T>(
  all: readonly T[],
  { by, isFirst, most }: { by: (one: T) => string; isFirst: (by: string) => boolean; most: number },
): T[] {
  const turns = new Map<string, number>()
  const placed = all.map((one) => {
    const who = by(one)
    const turn = turns.get(who) ?? 0
    turns.set(who, turn + 1)
    return { one, turn: 2 * turn + (isFirst(who) ? 0 : 1) }
  })
  // A stable sort: of one round in the order given.
  return placed
    .sort((a, b) => a.turn - b.turn)
    .slice(0, most)
    .map(({ one }) => one)
}
