import { custodyEventNames } from '../statements/later-event-names.ts'
import { referencesOf } from '../statements/said.ts'
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

/** A related entry, and what it says of deposits of the package. */
interface Said {
  readonly checked: CheckedReceipt
  readonly events: readonly PackagedEvent[]
}

/**
 * What related entries say of deposits, or of challenges of these that are related entries too, in their order: index and leaf hash are theirs.
 * Empty for a stranger's.
 */
export function eventsOf(
  related: readonly CheckedReceipt[],
  deposits: readonly Subject[],
): readonly (readonly PackagedEvent[])[] {
  const said = related.map((checked): Said => ({ checked, events: ofDeposits(checked, deposits) }))
  const challenges = new Map(
    said
      .filter(({ events }) => events.some(({ what }) => what === 'challenged'))
      .map((one) => [nameOf(one.checked, one.checked.receipt.entry.index), one] as const),
  )
  return said.map(({ checked, events }) => [...events, ...ofChallenges(checked, challenges)])
}

function nameOf(checked: CheckedReceipt, index: number): string {
  return `${index} ${ledgerOf(checked)}`
}

function ofDeposits(related: CheckedReceipt, deposits: readonly Subject[]): PackagedEvent[] {
  const { statement, receipt } = related
  if (statement === undefined) return []
  return deposits.flatMap(({ folder, checked }) => {
    if (ledgerOf(checked) !== ledgerOf(related) || receipt.entry.index <= checked.receipt.entry.index) return []
    return laterEventsIn(subjectOf(checked), statement)
      .filter(({ what }) => relatedEvents.has(what))
      .map((event) => ({ ...event, folder, of: checked.receipt.entry.index }))
  })
}

function ofChallenges(related: CheckedReceipt, challenges: ReadonlyMap<string, Said>): PackagedEvent[] {
  const { statement, body, receipt } = related
  if (statement === undefined) return []
  return referencesOf(body).flatMap(({ index }) => {
    const challenge = challenges.get(nameOf(related, index))
    if (challenge === undefined || receipt.entry.index <= index) return []
    const subject = subjectOf(challenge.checked)
    return challenge.events.flatMap((one) => {
      const { folder, of } = one
      return answersTo([one], subject, statement).map((event) => ({ ...event, folder, of }))
    })
  })
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
