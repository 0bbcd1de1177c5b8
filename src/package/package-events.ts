import { custodyEventNames } from '../statements/later-event-names.ts'
import { answersTo, type LaterEvent, laterEventsIn } from '../statements/later-events.ts'
import { type CheckedReceipt, ledgerOf, subjectOf } from '../verify/check-receipt.ts'
import type { Finding } from '../verify/report.ts'

/**
 * What is known of the deposits of a package that verifies, the worst first: one was taken back; one was signed by a key that was later
 * reported as compromised at that time; of one the packer did not ask the ledger what followed.
 */
export const standings = ['retracted', 'key-compromised', 'not-asked', 'sound'] as const
export type Standing = (typeof standings)[number]

/** What a later entry of the package says of one of its deposits. */
export interface PackagedEvent extends LaterEvent {
  /** Folder of the deposit, and the index of its entry. */
  readonly folder: string
  readonly of: number
}

interface Subject {
  readonly folder: string
  readonly checked: CheckedReceipt
}

/** What may lie in `data/related/`: entries about a deposit. Those about its signer's key lie among the admissions. */
export const relatedEvents: ReadonlySet<LaterEvent['what']> = new Set([
  'retracted',
  'part-retracted',
  'attested',
  'related',
  'recorded',
  'challenged',
  'found',
  ...custodyEventNames,
  'erasure-ordered',
])

/** A related entry that challenges deposits of the package: what is found on it is about them. */
export interface PackagedChallenge {
  readonly checked: CheckedReceipt
  readonly events: readonly PackagedEvent[]
}

/** Those of the related entries that challenge a deposit. */
export function challengesOf(related: readonly CheckedReceipt[], deposits: readonly Subject[]): PackagedChallenge[] {
  return related.flatMap((checked) => {
    const events = eventsOf(checked, deposits).filter(({ what }) => what === 'challenged')
    return events.length === 0 ? [] : [{ checked, events }]
  })
}

/** What an entry says of deposits, or of challenges of them: index and leaf hash are theirs. Empty for a stranger's. */
export function eventsOf(
  related: CheckedReceipt,
  deposits: readonly Subject[],
  challenges: readonly PackagedChallenge[] = [],
): PackagedEvent[] {
  const { statement, receipt } = related
  if (statement === undefined) return []
  const isLater = ({ checked }: Pick<Subject, 'checked'>): boolean =>
    ledgerOf(checked) === ledgerOf(related) && receipt.entry.index > checked.receipt.entry.index
  const own = deposits.filter(isLater).flatMap(({ folder, checked }) =>
    laterEventsIn(subjectOf(checked), statement)
      .filter(({ what }) => relatedEvents.has(what))
      .map((event) => ({ ...event, folder, of: checked.receipt.entry.index })),
  )
  const answers = challenges.filter(isLater).flatMap(({ checked, events }) =>
    events.flatMap((one) => {
      const { folder, of } = one
      return answersTo([one], subjectOf(checked), statement).map((event) => ({ ...event, folder, of }))
    }),
  )
  return [...own, ...answers]
}

/** Whether an entry that was found without fault may say what it says of them; empty where it may. */
export function eventFaults(
  path: string,
  related: CheckedReceipt,
  events: readonly PackagedEvent[],
  deposits: readonly Subject[],
): Finding[] {
  const { statement, body, receipt } = related
  const { index } = receipt.entry
  // Whether an unknown kind is about one is not known: it is not judged.
  if (statement === undefined || body === undefined) return []
  if (events.length === 0) {
    const message = `${path}: entry ${index} is about no deposit of this package.`
    return [{ code: 'package-malformed', index, message, where: path }]
  }
  const isForeign = events.some(
    ({ what, folder }) =>
      (what === 'retracted' || what === 'part-retracted') &&
      deposits.find((one) => one.folder === folder)?.checked.statement?.common.iss !== statement.common.iss,
  )
  if (!isForeign) return []
  const message = `${path}: entry ${index} retracts what another participant deposited.`
  return [{ code: 'retract-not-own', index, message, where: path }]
}
