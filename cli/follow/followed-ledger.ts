import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { defined } from '../../src/core/objects.ts'
import type { Policy } from '../../src/core/policy.ts'
import { type Identity, LedgerClient } from '../../src/client/ledger-client.ts'
import { UrlSource } from '../../src/client/url-source.ts'
import type { Delivery } from '../../src/monitor/delivery.ts'
import { isToBeTold, type MonitorEvent } from '../../src/monitor/events.ts'
import { LedgerMonitor, type VantagePoint } from '../../src/monitor/monitor.ts'
import { ToldSize } from '../../src/monitor/told-size.ts'
import { UnreachedNotes } from '../../src/monitor/unreached.ts'
import { VerifiedCopy } from '../../src/monitor/verified-copy.ts'
import { type WatchList, WatchObserver } from '../../src/monitor/watch-list.ts'
import type { Output } from '../render/output.ts'

/** A request of a monitor is given up after this, and repeated at the next look. */
const httpOptions = { retries: 1, timeoutMs: 30_000 } as const

/** A ledger's server as a vantage point, with its client and tile source; requests are signed by the identity, where one is given. */
export interface LedgerPoint extends VantagePoint {
  readonly client: LedgerClient
  readonly source: UrlSource
}

export function ledgerPoint(url: string, identity?: Identity): LedgerPoint {
  const client = new LedgerClient(url, identity, httpOptions)
  const source = new UrlSource(client)
  return { where: client.url, client, source, checkpoint: () => source.checkpoint() }
}

/** The name of the ledger that a place shows. Throws `server-unreachable`, and the codes of notes. */
export async function originOf({ source }: LedgerPoint): Promise<string> {
  return parseSignedCheckpoint(await source.checkpoint()).checkpoint.origin
}

/** The policy that names a ledger. Throws `checkpoint-untrusted`. */
export function policyFor(origin: string, policies: readonly Policy[], where: string): Policy {
  const policy = policies.find(({ logs }) => logs.some(({ key }) => key.name === origin))
  if (policy !== undefined) return policy
  throw new EvidenceError('checkpoint-untrusted', `${where} is the ledger ${origin}, which no policy given names`, {
    where,
  })
}

/** The folder of a ledger's copy, below that of all. */
export function copyFolderOf(root: string, origin: string): string {
  return join(root, createHash('sha256').update(origin).digest('hex'))
}

export interface FollowOptions {
  readonly origin: string
  readonly policy: Policy
  readonly folder: string
  readonly proofs: string
  /** File that says up to which size events were handed over; without it what is lost with the process is not told again. */
  readonly told?: string
  /** List of the origins of which a copy was begun; by default in the copy’s own folder. */
  readonly known?: string
  /** Read anew for each look. */
  readonly points: () => readonly VantagePoint[]
  readonly watch?: WatchList
}

/** A ledger's copy with its monitor, and what was wrong with the copy already. */
export async function followLedger(
  options: FollowOptions,
): Promise<{ readonly copy: VerifiedCopy; readonly monitor: LedgerMonitor; readonly found: MonitorEvent[] }> {
  const { origin, policy, folder, proofs, points, watch = { digests: [], participants: [] } } = options
  const told = options.told === undefined ? undefined : new ToldSize(options.told)
  const observer = new WatchObserver(watch)
  const again = told?.size === undefined ? undefined : { from: told.size, observer }
  const { copy, report, late } = await VerifiedCopy.open(folder, origin, policy, options.known, again)
  // Before the copy goes on: a run that ends in between has told nothing of what is new.
  told?.begin(copy.size)
  const unreached = new UnreachedNotes(join(folder, 'unreached'))
  const monitor = new LedgerMonitor({ copy, policy, points, proofs, unreached, watch, ...defined({ told }) })
  return { copy, monitor, found: await monitor.report(report.faults, late.unjudged, observer.matches) }
}

/** One line for people. */
function lineOf(event: MonitorEvent): string {
  const at = `${event.event === 'alarm' ? 'ALARM' : 'notice'} ${event.origin}`
  switch (event.what) {
    case 'misbehaviour':
      return `${at}: ${event.says.join(' ')} Proof: ${event.file} (${event.where})`
    case 'fault': {
      const file = event.file === undefined ? '' : ` Proof: ${event.file}`
      return `${at}: ${event.finding.code}: ${event.finding.message}${file} (${event.where})`
    }
    case 'unproven':
      return `${at}: ${event.finding.code}: ${event.finding.message}; not proven by what was shown (${event.where})`
    case 'unreachable':
      return `${at}: ${event.message}`
    case 'unfinished':
      return `${at}: this look was not finished: ${event.finding.code}: ${event.finding.message} (${event.where})`
    case 'unsearched':
      return `${at}: the ${event.watched} was NOT SEARCHED after entry ${event.after}: ${event.finding.code}: ${event.finding.message} (${event.where})`
    case 'behind':
      return `${at}: ${event.where} shows ${event.size} entries, where ${event.largest} have been signed`
    case 'unjudged':
      return `${at}: entry ${event.finding.index}: ${event.finding.message}`
    case 'grown':
      return `${at}: entries ${event.from} to ${event.to - 1} verified (${event.where})`
    case 'watch':
      return `${at}: entry ${event.index} has the ${event.watched}`
    default:
      return at
  }
}

/** Tells events on the terminal or as lines of JSON; those that {@link isToBeTold} names also by the channels of `delivery`, which is not waited for. */
export function tell(events: readonly MonitorEvent[], output: Output, delivery?: Delivery): void {
  for (const event of events) output.line(event, lineOf(event))
  delivery?.tell(events.filter(isToBeTold))
}

/** 1 after an alarm, 3 where a ledger could not be reached, looked at or searched, 4 where a newer verifier has to judge something. */
export function exitOf(events: readonly MonitorEvent[]): 0 | 1 | 3 | 4 {
  if (events.some(({ event }) => event === 'alarm')) return 1
  if (events.some(({ what }) => ['unreachable', 'unfinished', 'unsearched'].includes(what))) return 3
  return events.some(({ what }) => what === 'unjudged') ? 4 : 0
}
