import { join } from 'node:path'
import { append } from '../../src/core/arrays.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { MonitorEvent } from '../../src/monitor/events.ts'
import { LedgerMonitor, type VantagePoint } from '../../src/monitor/monitor.ts'
import { witnessPoint } from '../../src/monitor/witness-point.ts'
import type { Output } from '../render/output.ts'
import { copyFolderOf, followLedger, type LedgerPoint, originOf, policyFor } from './followed-ledger.ts'

/** Where copies and proofs are kept, who else is asked, and what is watched for. */
interface WatchOptions {
  readonly state: string
  readonly witness: readonly string[]
  readonly watchDigest: readonly string[]
  readonly watchParticipant: readonly string[]
  readonly watchCase: readonly string[]
}

/** One monitor for each ledger; which ledger a URL shows is asked until it answers. */
export class Monitors {
  private readonly options: WatchOptions
  private readonly output: Output
  private readonly policies: readonly Policy[]
  private waiting: readonly LedgerPoint[]
  private readonly points = new Map<string, VantagePoint[]>()
  private readonly monitors = new Map<string, LedgerMonitor>()

  constructor(points: readonly LedgerPoint[], policies: readonly Policy[], options: WatchOptions, output: Output) {
    this.options = options
    this.output = output
    this.waiting = points
    this.policies = policies
  }

  async poll(): Promise<MonitorEvent[]> {
    const events: MonitorEvent[] = await this.place()
    for (const monitor of this.monitors.values()) append(events, await monitor.poll())
    return events
  }

  /** Finds out which ledger each URL shows, and opens its copy. */
  private async place(): Promise<MonitorEvent[]> {
    const events: MonitorEvent[] = []
    const left: LedgerPoint[] = []
    for (const point of this.waiting) {
      try {
        const origin = await originOf(point)
        policyFor(origin, this.policies, point.where)
        const points = this.points.get(origin)
        if (points === undefined) this.points.set(origin, [point])
        else points.push(point)
      } catch (error) {
        if (!isEvidenceError(error) || error.kind.exit !== 3) throw error
        left.push(point)
        events.push({
          event: 'notice',
          what: 'unreachable',
          origin: 'unknown',
          where: point.where,
          message: error.message,
        })
      }
    }
    this.waiting = left
    for (const [origin, points] of this.points) {
      if (!this.monitors.has(origin)) append(events, await this.open(origin, points))
    }
    return events
  }

  private async open(origin: string, points: VantagePoint[]): Promise<MonitorEvent[]> {
    const { state, witness, watchDigest, watchParticipant, watchCase } = this.options
    const policy = policyFor(origin, this.policies, origin)
    append(
      points,
      witness.map((url) => witnessPoint(url, origin)),
    )
    const { monitor, found, copy } = await followLedger({
      origin,
      policy,
      folder: copyFolderOf(state, origin),
      proofs: join(state, 'proofs'),
      known: join(state, 'origins'),
      points,
      watch: { digests: watchDigest, participants: watchParticipant },
      cases: watchCase,
    })
    this.output.note(`following ${origin}, of which ${copy.size} entries are held`)
    this.monitors.set(origin, monitor)
    return found
  }
}
