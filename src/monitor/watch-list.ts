import { itemsOf, subjectsOf } from '../statements/said.ts'
import { signedBy } from '../statements/statement.ts'
import type { EntryObserver, WalkedEntry } from '../verify/judge-entry.ts'

/** What to look out for in new entries. */
export interface WatchList {
  /** `algorithm:hex` */
  readonly digests: readonly string[]
  readonly participants: readonly string[]
}

/** An entry that was looked out for. */
export interface WatchMatch {
  /** `digest sha256:…` or `participant …`. */
  readonly watched: string
  readonly index: number
  readonly kind: string
  readonly iss: string
}

/** Observes a walk, and gathers the entries that a list names. */
export class WatchObserver implements EntryObserver {
  readonly matches: WatchMatch[] = []
  private readonly list: WatchList

  constructor(list: WatchList) {
    this.list = list
  }

  /** A growing walk judges each entry itself: there are no tallies. */
  tally(): void {}

  entry({ index, statement, body }: WalkedEntry): void {
    const { iss, kind } = statement.common
    const add = (watched: string): void => void this.matches.push({ watched, index, kind, iss })
    const own = new Set(
      itemsOf(body).flatMap(({ digest }) => Object.entries(digest).map(([name, hex]) => `${name}:${hex}`)),
    )
    for (const digest of this.list.digests) if (own.has(digest)) add(`digest ${digest}`)
    const about = [iss, ...subjectsOf(body, signedBy(statement))]
    for (const id of this.list.participants) if (about.includes(id)) add(`participant ${id}`)
  }
}
