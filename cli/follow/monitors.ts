import { join } from 'node:path'
import { failureOf } from '../../src/core/attempt.ts'
import type { EvidenceError } from '../../src/core/errors.ts'
import type { Policy } from '../../src/core/policy.ts'
import { CaseSearch } from '../../src/monitor/case-search.ts'
import type { MonitorEvent } from '../../src/monitor/events.ts'
import type { LedgerMonitor } from '../../src/monitor/monitor.ts'
import type { VerifiedCopy } from '../../src/monitor/verified-copy.ts'
import { witnessPoint } from '../../src/monitor/witness-point.ts'
import { findingOf } from '../../src/verify/report.ts'
import type { Output } from '../render/output.ts'
import { copyFolderOf, followLedger, type LedgerPoint, originOf, policyFor } from './followed-ledger.ts'

/** Where copies and proofs are kept, who else is asked, and what is watched for. */
interface WatchOptions {
  readonly state: string
  readonly witness?: readonly string[]
  readonly watchDigest?: readonly string[]
  readonly watchParticipant?: readonly string[]
  readonly watchCase?: readonly string[]
}

/** A ledger that is followed. */
interface Followed {
  readonly copy: VerifiedCopy
  readonly monitor: LedgerMonitor
  readonly cases: CaseSearch | undefined
}

/** Takes events, to tell them: it waits for nobody, or one ledger's events would hold up the look at another. What it throws ends the monitor. */
type Tell = (events: readonly MonitorEvent[]) => void

/**
 * One monitor for each ledger; which ledger a URL shows is asked until it shows one. Whatever a ledger answers is an event of its own,
 * and ends no watch (docs/design/monitoring-others.md).
 */
export class Monitors {
  private readonly options: WatchOptions
  private readonly output: Output
  private readonly policies: readonly Policy[]
  private readonly count: number
  private readonly tell: Tell
  private waiting: readonly LedgerPoint[]
  private readonly points = new Map<string, LedgerPoint[]>()
  private readonly followed = new Map<string, Followed>()
  /** Looks and searches that have not ended, by their ledger. */
  private readonly underWay = new Map<string, Promise<void>>()
  /** Alarms of URLs and copies that are not watched yet, by where they are: one that lasts is told once. */
  private readonly faults = new Map<string, string>()

  constructor(
    points: readonly LedgerPoint[],
    policies: readonly Policy[],
    options: WatchOptions,
    output: Output,
    tell: Tell,
  ) {
    this.options = options
    this.output = output
    this.count = points.length
    this.tell = tell
    this.waiting = points
    this.policies = policies
  }

  /**
   * Begins a look at every ledger whose look before has ended. Gives what resolves when all looks have ended. Throws what telling throws,
   * and why the copy cannot be opened where there is no other URL.
   */
  async look(): Promise<{ readonly ended: Promise<void> }> {
    await this.place()
    // Also where there is nothing new: what was not delivered is tried again.
    this.tell([])
    for (const [origin, points] of this.points) {
      const followed = this.followed.get(origin) ?? (await this.open(origin, points))
      if (followed === undefined) continue
      const { copy, monitor, cases } = followed
      const look = this.begin(origin, () => this.tellAll(origin, monitor.look()))
      // What a case search makes of a server's answers keeps back no look.
      if (cases !== undefined)
        void this.begin(`${origin} cases`, () => look.then(() => this.tellAll(origin, cases.search(copy.size))))
    }
    const ended = Promise.all(this.underWay.values()).then(() => {})
    // What waits for it is told of a failure; until something does, it is no unhandled one.
    ended.catch(() => {})
    return { ended }
  }

  /** Begins work, unless the one before it is under way: then that is given. */
  private begin(name: string, work: () => Promise<void>): Promise<void> {
    const before = this.underWay.get(name)
    if (before !== undefined) return before
    // What fails stays: the next who waits for all of them is told.
    const begun = work().then(() => void this.underWay.delete(name))
    begun.catch(() => {})
    this.underWay.set(name, begun)
    return begun
  }

  private async tellAll(origin: string, parts: AsyncIterable<MonitorEvent[]>): Promise<void> {
    for await (const events of parts) {
      this.tell(events)
      // Its copy may be half-way between two sizes.
      if (events.some(({ what }) => what === 'unfinished')) this.followed.delete(origin)
    }
  }

  /** Finds out which ledger each URL shows. One that shows none that can be watched waits. */
  private async place(): Promise<void> {
    const asked = this.waiting
    const origins = await Promise.all(asked.map((point) => this.originAt(point)))
    const left: LedgerPoint[] = []
    // In the order in which they were given, whichever answered first.
    for (const [i, point] of asked.entries()) {
      const origin = origins[i] as string | EvidenceError
      if (typeof origin !== 'string') {
        left.push(point)
        this.fail('unknown', point.where, origin)
        continue
      }
      this.faults.delete(point.where)
      const points = this.points.get(origin)
      if (points === undefined) this.points.set(origin, [point])
      else points.push(point)
    }
    this.waiting = left
  }

  /** The ledger that a URL shows, or why it is none that can be watched. */
  private async originAt(point: LedgerPoint): Promise<string | EvidenceError> {
    try {
      const origin = await originOf(point)
      policyFor(origin, this.policies, point.where)
      return origin
    } catch (error) {
      return failureOf(error, `what ${point.where} shows cannot be read`)
    }
  }

  /** Opens the copy of a ledger. One that cannot be opened is told, and tried again. */
  private async open(origin: string, points: readonly LedgerPoint[]): Promise<Followed | undefined> {
    const { state, witness = [], watchDigest = [], watchParticipant = [], watchCase = [] } = this.options
    const folder = copyFolderOf(state, origin)
    const witnesses = witness.map((url) => witnessPoint(url, origin))
    let opened: Awaited<ReturnType<typeof followLedger>>
    let cases: CaseSearch | undefined
    try {
      opened = await followLedger({
        origin,
        policy: policyFor(origin, this.policies, origin),
        folder,
        proofs: join(state, 'proofs'),
        told: join(folder, 'told'),
        known: join(state, 'origins'),
        // URLs that are found to show it later are looked at too.
        points: () => [...points, ...witnesses],
        watch: { digests: watchDigest, participants: watchParticipant },
      })
      if (watchCase.length > 0) cases = this.caseSearch(origin, points, folder, opened.copy.size)
    } catch (error) {
      if (this.count === 1) throw error
      this.fail(origin, folder, failureOf(error, `the copy ${folder} cannot be opened`), true)
      return undefined
    }
    const { copy, monitor, found } = opened
    this.faults.delete(folder)
    this.output.note(`following ${origin}, of which ${copy.size} entries are held`)
    const followed = { copy, monitor, cases }
    this.followed.set(origin, followed)
    this.tell(found)
    return followed
  }

  private caseSearch(origin: string, points: readonly LedgerPoint[], folder: string, from: number): CaseSearch {
    const clients = (): LedgerPoint['client'][] => points.map(({ client }) => client)
    return new CaseSearch({ origin, cases: this.options.watchCase ?? [], clients, file: `${folder}.cases`, from })
  }

  /** What cannot be reached is to be known; what is shown and cannot be watched, or a copy that was lost, must not be. */
  private fail(origin: string, where: string, failure: EvidenceError, isAlarm = false): void {
    if (failure.kind.exit === 3 && !isAlarm)
      return this.tell([{ event: 'notice', what: 'unreachable', origin, where, message: failure.message }])
    const event = { event: 'alarm', what: 'fault', origin, where, finding: findingOf(failure) } as const
    const name = JSON.stringify(event)
    if (this.faults.get(where) === name) return
    this.faults.set(where, name)
    this.tell([event])
  }
}
