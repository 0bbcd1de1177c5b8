import type { LedgerClient } from '../client/ledger-client.ts'
import { foundPages } from '../client/pages.ts'
import { failureOf } from '../core/attempt.ts'
import { fileBounds } from '../node/bounded-file.ts'
import { writeDurably } from '../node/durable-file.ts'
import { findingOf } from '../verify/report.ts'
import type { MonitorEvent } from './events.ts'
import { readKept } from './kept-file.ts'

export interface CaseSearchOptions {
  readonly origin: string
  /** Case numbers that are watched for. */
  readonly cases: readonly string[]
  /** Servers of the ledger, asked in turn until one answers; read anew for each search. */
  readonly clients: () => readonly LedgerClient[]
  /** Where it is kept how far each case was searched. */
  readonly file: string
  /** Entries from this index on are searched for a case of which nothing is kept. */
  readonly from: number
}

/** Pages of 1,000 entries that one server is asked for in one search for one case: the next search goes on from there. */
const pagesAtOnce = 50

/**
 * Searches a ledger's new entries for case numbers. They are sealed: only a server that lets us read disclosures can say where they
 * stand, and nothing proves what it says (docs/design/monitoring-others.md).
 */
export class CaseSearch {
  private readonly options: CaseSearchOptions
  /** The last entry that each case was searched up to. */
  private readonly through: Map<string, number>
  /** Failures of the search before: one that lasts is told once. */
  private told: ReadonlySet<string> = new Set()

  /** Throws `file-unreadable` where the file is not what was written, and what writing it throws. */
  constructor(options: CaseSearchOptions) {
    const { cases, file, from } = options
    this.options = options
    const what = 'how far cases were searched'
    const without = 'cases are searched from then on'
    const kept = readKept({ path: file, what, without, maxBytes: fileBounds.large, read: throughIn })
    this.through = new Map(cases.map((number) => [number, kept?.get(number) ?? from - 1]))
    // Before the copy goes on: a run that ends in between has searched nothing.
    this.write()
  }

  /**
   * Searches up to a size, case by case, and gives what there is to tell, in parts. Throws nothing that a server does: a search that fails
   * is told as `unsearched`, and is to be taken up by the next.
   */
  async *search(size: number): AsyncGenerator<MonitorEvent[]> {
    const failed = new Set<string>()
    for (const number of this.options.cases) {
      let failure: MonitorEvent | undefined
      for (const client of this.options.clients()) {
        try {
          yield* this.searchAt(client, number, size)
          failure = undefined
          break
        } catch (error) {
          failure ??= this.unsearched(number, client.url, error)
        }
      }
      if (failure === undefined) continue
      const name = JSON.stringify(failure)
      failed.add(name)
      if (!this.told.has(name)) yield [failure]
    }
    this.told = failed
  }

  private async *searchAt(client: LedgerClient, number: string, size: number): AsyncGenerator<MonitorEvent[]> {
    const after = this.through.get(number) as number
    const { origin } = this.options
    for await (const page of foundPages(client, { case: number }, { after, size, most: pagesAtOnce })) {
      yield page.entries.map(({ index }) => ({
        event: 'notice',
        what: 'watch',
        origin,
        where: client.url,
        watched: `case ${number}`,
        index,
      }))
      // After it was told: told twice is better than never.
      this.through.set(number, page.through)
      this.write()
    }
  }

  private unsearched(number: string, where: string, error: unknown): MonitorEvent {
    const failure = failureOf(error, 'the search was not finished')
    const finding = findingOf(failure)
    const after = this.through.get(number) as number
    return {
      event: 'notice',
      what: 'unsearched',
      origin: this.options.origin,
      where,
      watched: `case ${number}`,
      after,
      finding,
    }
  }

  private write(): void {
    writeDurably(this.options.file, `${JSON.stringify([...this.through])}\n`)
  }
}

function throughIn(text: string): ReadonlyMap<string, number> | undefined {
  const kept = JSON.parse(text) as unknown
  const isPair = (one: unknown): boolean =>
    Array.isArray(one) && one.length === 2 && typeof one[0] === 'string' && Number.isSafeInteger(one[1])
  return Array.isArray(kept) && kept.every(isPair) ? new Map(kept as [string, number][]) : undefined
}
