import { append } from '../core/arrays.ts'
import { EvidenceError } from '../core/errors.ts'
import type { Policy } from '../core/policy.ts'
import { releaseOf } from '../statements/custody-release.ts'
import { answersTo, type EventSubject, type LaterEvent, laterEventsIn } from '../statements/later-events.ts'
import type { Statement } from '../statements/statement.ts'
import type { ProvenLater } from '../check/steps/later.ts'
import { type CheckResult, inFile } from '../check/steps/receipt.ts'
import { checkReceipt, type CheckedReceipt, ledgerOf, subjectOf } from '../verify/check-receipt.ts'
import type { ProvenEvent } from '../verify/check-status.ts'
import { type Finding, findingOf } from '../verify/report.ts'
import { type Attachments, laterName, type LaterName } from './attachments.ts'
import type { ShownEvent } from './model.ts'
import { flagsAt, modelText } from './shown.ts'

/*
 * What happened to a deposit after its receipt was made: the receipts of later entries that a certificate carries, so that a reader proves a
 * retraction with the ledger gone.
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
    releasedSince: what === 'handed-over' ? releasedSince(statement) : null,
    on: more.on ?? null,
  }))
}

/** The entry through which, or after which, the giver of a hand-over says to have held what it gives. */
function releasedSince(statement: Statement | undefined): number | null {
  const text = statement?.payload['release']
  const release = typeof text === 'string' ? releaseOf({ release: text }) : undefined
  return release === undefined || release instanceof EvidenceError ? null : release.since
}
