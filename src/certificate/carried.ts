import { smallest } from '../core/arrays.ts'
import type { OnlineStatus } from '../check/steps/later.ts'
import { custodyEventNames, laterEventNames } from '../statements/later-event-names.ts'
import type { LaterEvent } from '../statements/later-events.ts'
import type { CheckedEvent, ProvenEvent, ShownEntry } from '../verify/check-status.ts'
import { attachedBeside, attachedOfSort, laterName, type LaterName } from './attachments.ts'
import { isAbout, isCustodyStep, stepsOf } from './custody.ts'
import { isOfPart, type PartNamed, type StatedLater } from './model.ts'
import { flagsAt } from './shown.ts'

/*
 * Which receipts of later entries a certificate carries of the ledger's answer, and what its maker states of the rest. What decides a statement of
 * the certificate goes before what decides none, so that no number of entries that decide nothing keeps it out (docs/certificate.md).
 */

/** What of the ledger's answer goes with a certificate, and what its maker states of the rest. */
export interface CarriedLater {
  readonly receipts: ReadonlyMap<LaterName, Uint8Array>
  readonly stated: Pick<StatedLater, 'events' | 'others' | 'steps'>
}

/** What a certificate is about. */
export interface CarriedAbout {
  /** Time of the deposit, by the ledger's clock. */
  readonly time: string
  /** How many items it has. */
  readonly items: number
  readonly part: PartNamed
}

/**
 * Chooses the later entries whose receipts a certificate carries. Of each sort fifty at most: first those that decide, then the newest. Beside
 * these three hundred more that decide at most. Findings on challenges are carried with their challenge or not at all. The rest is
 * counted, and the newest of what is not shown is named.
 */
export function carriedLater(online: OnlineStatus, about: CarriedAbout): CarriedLater {
  const proven = online.events.filter(isCarriable)
  const chosen = chosenOf(proven, about)
  const indices = [...chosen].sort((a, b) => a - b)
  const receipts = new Map(
    indices.map((index, i) => [laterName(i + 1), (online.shown.get(index) as ShownEntry).receipt]),
  )
  const rest = online.events.filter(({ index, what }) => what === 'related' || !chosen.has(index))
  const steps = hasAllSteps(online) ? toldSteps(proven, about.items) : null
  return { receipts, stated: { ...statedRest(rest, online.leftOut?.counts), steps } }
}

/** Whether no step of custody can be missing among the events: the answer broke off nowhere, and none was left out for its number. */
function hasAllSteps({ faults, unjudged, leftOut }: OnlineStatus): boolean {
  const isCut =
    leftOut !== undefined && (leftOut.mayDecide || custodyEventNames.some((name) => leftOut.counts.has(name)))
  return !isCut && unjudged.length === 0 && faults.every((fault) => leftOut?.findings.includes(fault) === true)
}

/** Counts the steps of custody among the events, for each item. */
export function toldSteps(proven: readonly ProvenEvent[], items: number): number[] {
  return Array.from({ length: items }, (_, item) => stepsOf(proven, item).length)
}

function isCarriable(event: CheckedEvent): event is ProvenEvent {
  return event.proven && event.what !== 'related'
}

function chosenOf(proven: readonly ProvenEvent[], about: CarriedAbout): Set<number> {
  const decisive = decisiveAmong(proven, about)
  const place = placesOf(proven, about)
  const rank = (event: ProvenEvent): number => (decisive.has(event) ? place(event) : Infinity)
  const inOrder = (events: readonly ProvenEvent[]): ProvenEvent[] =>
    [...events].sort((a, b) => (rank(a) === rank(b) ? b.index - a.index : rank(a) - rank(b)))
  const chosen = new Set<number>()
  // What is found on a challenge that is not attached would be about nothing here.
  const hasGround = ({ on }: ProvenEvent): boolean => on === undefined || chosen.has(on)
  const sorts = bySort(proven)
  // Challenges before the findings on them.
  for (const name of laterEventNames) {
    const events = (sorts.get(name) ?? []).filter(hasGround)
    const entries = new Set(inOrder(events).map(({ index }) => index))
    for (const index of [...entries].slice(0, attachedOfSort)) chosen.add(index)
  }
  const most = chosen.size + attachedBeside
  for (const event of inOrder([...decisive])) if (chosen.size < most && hasGround(event)) chosen.add(event.index)
  return chosen
}

/**
 * Events that decide a statement of a certificate: retractions of what it is about, a key that was compromised, what is said for ever beside a
 * hand-over, steps of custody, findings, and the challenges that they are on.
 */
export function decisiveAmong(
  proven: readonly ProvenEvent[],
  { time, part }: Pick<CarriedAbout, 'time' | 'part'>,
): ReadonlySet<ProvenEvent> {
  const challenged = new Set(proven.flatMap(({ what, on }) => (what === 'found' && on !== undefined ? [on] : [])))
  return new Set(
    proven.filter(
      (event) =>
        isOfStanding(event, { time, part }) ||
        isCustodyStep(event) ||
        event.what === 'found' ||
        (event.what === 'challenged' && challenged.has(event.index)),
    ),
  )
}

/** Whether an event decides what stands first in a certificate, or is said for ever. */
function isOfStanding(event: ProvenEvent, { time, part }: Pick<CarriedAbout, 'time' | 'part'>): boolean {
  const { what, compromisedSince = null, flags = [] } = event
  return (
    what === 'retracted' || isOfPart(parted(event), part) || flagsAt({ compromisedSince }, time) || flags.length > 0
  )
}

/**
 * In which place an event goes that decides: what decides the standing and what was moved by order; what was accepted although it differs; steps
 * of custody, the shortest chain first, so that what is said of one item keeps no other's chain from being whole; challenges; findings on them.
 */
function placesOf(proven: readonly ProvenEvent[], about: CarriedAbout): (event: ProvenEvent) => number {
  const lengths = toldSteps(proven, about.items)
  return (event) => {
    const { what, flags = [] } = event
    if (isOfStanding(event, about)) return flags.length === 0 || flags.includes('moved-by-order') ? 0 : 1
    if (isCustodyStep(event)) return 2 + smallest([...lengths.filter((_, item) => isAbout(event, item)), proven.length])
    return proven.length + (what === 'challenged' ? 3 : 4)
  }
}

function parted({ what, item, line }: LaterEvent): Parameters<typeof isOfPart>[0] {
  return { what, item: item ?? null, line: line ?? null }
}

/** What is stated of the events that are not attached: the newest of attestations and related deposits by entry, of all else how many. */
function statedRest(
  rest: readonly CheckedEvent[],
  notHeld: ReadonlyMap<CheckedEvent['what'], number> = new Map(),
): Pick<StatedLater, 'events' | 'others'> {
  const named = [...bySort(rest.filter(({ what }) => what === 'attested' || what === 'related'))].flatMap(
    ([, events]) => events.slice(-attachedOfSort),
  )
  const isNamed = new Set(named)
  const counts = new Map(notHeld)
  for (const { what } of rest.filter((event) => !isNamed.has(event))) counts.set(what, (counts.get(what) ?? 0) + 1)
  const others = [...counts].map(([what, count]) => ({ what, count }))
  const events = named
    .sort((a, b) => a.index - b.index)
    .map((event) => ({
      index: event.index,
      what: event.what as 'attested' | 'related',
      time: event.proven ? event.time : null,
      code: event.proven ? (event.code ?? null) : null,
    }))
  return { events, others }
}

/** Events by their sort, in their order. */
export function bySort<T extends CheckedEvent>(events: readonly T[]): Map<T['what'], T[]> {
  const sorts = new Map<T['what'], T[]>()
  for (const event of events) {
    const sort = sorts.get(event.what)
    if (sort === undefined) sorts.set(event.what, [event])
    else sort.push(event)
  }
  return sorts
}
