import { append } from '../core/arrays.ts'
import { EvidenceError } from '../core/errors.ts'
import type { Policy } from '../core/policy.ts'
import { laterEventNames, toReadersOnly } from '../statements/later-event-names.ts'
import { answersTo, type EventSubject, type LaterEvent, laterEventsIn } from '../statements/later-events.ts'
import type { OnlineStatus, ProvenLater } from '../check/steps/later.ts'
import { type CheckResult, inFile } from '../check/steps/receipt.ts'
import { checkReceipt, type CheckedReceipt, ledgerOf, subjectOf } from '../verify/check-receipt.ts'
import type { CheckedEvent, ProvenEvent, ShownEntry } from '../verify/check-status.ts'
import { type Finding, findingOf } from '../verify/report.ts'
import { attachedOfSort, type Attachments, laterName, type LaterName } from './attachments.ts'
import { isOfPart, type PartNamed, type ShownEvent, type StatedLater } from './model.ts'
import { flagsAt, modelText } from './shown.ts'

/*
 * What happened to a deposit after its receipt was made: the receipts of later entries that a certificate carries, so that a reader proves a
 * retraction with the ledger gone; and what its maker states of the rest of the ledger's answer.
 */

/** What the attached receipts of later entries come to. */
export interface JudgedLater {
  readonly events: readonly ShownEvent[]
  /** The events as the steps of a check ask for them. */
  readonly proven: ProvenLater
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
}

/** Judges the attached receipts of later entries by a policy. What does not hold is in the result, with the attachment's name. */
export function judgeLater(attachments: Attachments, { checked }: CheckResult, policy: Policy): JudgedLater {
  const events: ShownEvent[] = []
  const proven: ProvenEvent[] = []
  const faults: Finding[] = []
  const unjudged: Finding[] = []
  const there = [...attachments.keys()].filter((name) => name.startsWith('later-')).length
  if (checked === undefined) return { events, proven: { events: proven, flagged: false }, faults, unjudged }
  const challenges: Challenge[] = []
  let last = checked.receipt.entry.index
  for (let i = 1; i <= there; i++) {
    const name = laterName(i)
    const bytes = attachments.get(name)
    if (bytes === undefined) {
      faults.push({ ...findingOf(malformed(name, 'is missing, and one with a later number is there')), file: name })
      break
    }
    const later = checkReceipt(bytes, policy)
    append(faults, inFile(name, later.faults))
    append(unjudged, inFile(name, later.unjudged))
    if (later.receipt === undefined || later.faults.length > 0 || later.unjudged.length > 0) continue
    const said = saidOf(checked, later, challenges)
    const { index } = later.receipt.entry
    if (ledgerOf(later) !== ledgerOf(checked) || index <= last || said.length === 0) {
      const why = 'is not the receipt of a later entry about this deposit, in the order of entries'
      faults.push({ ...findingOf(malformed(name, why)), file: name })
      continue
    }
    last = index
    append(proven, said)
    append(events, shownOf(name, said, later))
    if (said.some(({ what }) => what === 'challenged')) challenges.push({ subject: subjectOf(later), said })
  }
  const { time } = checked.receipt.entry
  const flagged = events.some((event) => flagsAt(event, time))
  return { events, proven: { events: proven, flagged }, faults, unjudged }
}

function malformed(name: string, why: string): EvidenceError {
  return new EvidenceError('certificate-malformed', `the attachment ${name} ${why}`, { where: name })
}

/** An attached challenge of the deposit, which attached findings may be on. */
interface Challenge {
  readonly subject: EventSubject
  readonly said: readonly LaterEvent[]
}

/** What a later entry says of the deposit, or of a challenge of it that is attached before. */
function saidOf(
  checked: CheckedReceipt,
  { receipt, statement }: CheckedReceipt,
  challenges: readonly Challenge[],
): ProvenEvent[] {
  if (statement === undefined || !receipt.entry.known) return []
  const { index, time } = receipt.entry
  const { kind } = statement.common
  const own = laterEventsIn(subjectOf(checked), statement).filter(({ what }) => what !== 'related')
  const answers = challenges.flatMap(({ subject, said }) => answersTo(said, subject, statement))
  return [...own, ...answers].map((event) => ({ proven: true, index, time, kind, ...event }))
}

function shownOf(attachment: LaterName, said: readonly ProvenEvent[], { statement }: CheckedReceipt): ShownEvent[] {
  const by = modelText(statement?.common.iss ?? '')
  return said.map(({ index, time, what, code, compromisedSince, item, line, ...more }) => ({
    index,
    what,
    time,
    code: code === undefined ? null : modelText(code),
    compromisedSince: compromisedSince ?? null,
    item: item ?? null,
    line: line ?? null,
    attachment,
    by,
    giver: more.giver ?? null,
    receiver: more.receiver ?? null,
    flags: more.flags ?? [],
    inLieu: more.inLieu ?? null,
    on: more.on ?? null,
  }))
}

/** What of the ledger's answer goes with a certificate, and what its maker states of the rest. */
export interface CarriedLater {
  readonly receipts: ReadonlyMap<LaterName, Uint8Array>
  readonly stated: Pick<StatedLater, 'events' | 'others'>
}

/**
 * Chooses the later entries whose receipts a certificate carries: of each sort those that decide how the deposit stands, then the newest, fifty at
 * most; of findings on challenges those whose challenge is carried too. The rest is counted, and the newest of what is not shown is named.
 */
export function carriedLater(online: OnlineStatus, time: string, part: PartNamed): CarriedLater {
  const decides = (event: ProvenEvent): boolean =>
    event.what === 'retracted' ||
    isOfPart(parted(event), part) ||
    flagsAt({ compromisedSince: event.compromisedSince ?? null }, time)
  const rank = (event: ProvenEvent): number => (decides(event) ? 0 : 1)
  const proven = online.events.filter((event): event is ProvenEvent => event.proven && event.what !== 'related')
  const chosen = new Set<number>()
  const sorts = bySort(proven)
  // Challenges before the findings on them: what is found on one that is not attached would be about nothing here.
  for (const name of laterEventNames) {
    const events = (sorts.get(name) ?? []).filter(({ on }) => on === undefined || chosen.has(on))
    const order = events.sort((a, b) => rank(a) - rank(b) || b.index - a.index)
    for (const { index } of order.slice(0, attachedOfSort)) chosen.add(index)
  }
  const indices = [...chosen].sort((a, b) => a - b)
  const receipts = new Map(
    indices.map((index, i) => [laterName(i + 1), (online.shown.get(index) as ShownEntry).receipt]),
  )
  const rest = online.events.filter(({ index, what }) => what === 'related' || !chosen.has(index))
  const named = [...bySort(rest.filter(({ what }) => what === 'attested' || what === 'related'))].flatMap(
    ([, events]) => events.slice(-attachedOfSort),
  )
  const isNamed = new Set(named)
  const counts = new Map(online.leftOut?.counts)
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
  return { receipts, stated: { events, others } }
}

function parted({ what, item, line }: LaterEvent): Parameters<typeof isOfPart>[0] {
  return { what, item: item ?? null, line: line ?? null }
}

function bySort<T extends CheckedEvent>(events: readonly T[]): Map<T['what'], T[]> {
  const sorts = new Map<T['what'], T[]>()
  for (const event of events) {
    const sort = sorts.get(event.what)
    if (sort === undefined) sorts.set(event.what, [event])
    else sort.push(event)
  }
  return sorts
}

/** Events that the ledger proves to have had when the certificate's maker says that it was asked, and that the certificate neither shows nor names. */
function unnamed(stated: StatedLater, shown: readonly ShownEvent[], online: OnlineStatus): CheckedEvent[] {
  const known = new Set([...shown, ...stated.events].map(({ index, what }) => `${index} ${what}`))
  return online.events.filter(
    ({ index, what, proven }) => proven && index < stated.size && !known.has(`${index} ${what}`),
  )
}

/**
 * Entries of which readers of the deposit alone are told, and that a certificate says nothing of: none where it says something of any such, for its
 * maker was a reader then, and was told of all.
 */
export function untoldIn(stated: StatedLater, shown: readonly ShownEvent[], online: OnlineStatus): number[] {
  if ([...shown, ...stated.others].some(({ what }) => toReadersOnly.has(what))) return []
  const untold = unnamed(stated, shown, online).filter(({ what }) => toReadersOnly.has(what))
  return [...new Set(untold.map(({ index }) => index))]
}

/**
 * What the ledger proves to have had when the certificate's maker says that it was asked, and the certificate neither shows nor names nor
 * counts: one finding for each sort. What its maker may not have been told is none of it ({@link untoldIn}).
 */
export function leftOut(stated: StatedLater, shown: readonly ShownEvent[], online: OnlineStatus): Finding[] {
  const untold = new Set(untoldIn(stated, shown, online))
  const then = unnamed(stated, shown, online).filter(({ index }) => !untold.has(index))
  return [...bySort(then)].flatMap(([what, events]): Finding[] => {
    const counted = stated.others.find((one) => one.what === what)?.count ?? 0
    if (events.length <= counted) return []
    const indices = events.map(({ index }) => index)
    const message = `The certificate states that the ledger was asked as of size ${stated.size}, and leaves out what the ledger had then: ${what}, entry ${indices.slice(-3).join(', ')}.`
    return [
      {
        code: 'certificate-left-out',
        message,
        where: 'certificate.json',
        found: `${events.length}`,
        expected: `${counted}`,
      },
    ]
  })
}
