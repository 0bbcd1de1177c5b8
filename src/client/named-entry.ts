import { utf8 } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import type { Policy } from '../core/policy.ts'
import { caseNumbersOf, exhibitNumbersOf, lookupForm } from '../statements/disclosures.ts'
import { type CheckedReceipt, checkReceipt, ledgerOf } from '../verify/check-receipt.ts'
import { withoutQuorum } from './deposit-answer.ts'

/* What a client believes of a ledger that says which entry somebody means: as much as the receipt of that entry proves. */

/** How an entry is named that a ledger is asked for. */
export interface EntryName {
  readonly index: number
  /** Origin of the ledger that is asked; left out where the policy alone says which ledgers are meant. */
  readonly origin?: string | undefined
  /** The number that its collector gave the exhibit. */
  readonly exhibit?: string | undefined
  readonly case?: string | undefined
  /** Id of the participant that deposited it. */
  readonly depositor?: string | undefined
}

/**
 * Reads the receipt that a ledger gave for an entry, and holds it to what was asked: it verifies under the policy, but for the quorum, and
 * is of the entry that {@link requireNamed} asks for. Throws `server-answer`, `number-not-shown`.
 */
export function requireReceiptOf(text: string, policy: Policy, name: EntryName): CheckedReceipt {
  const checked = checkReceipt(utf8(text), withoutQuorum(policy))
  const [fault] = [...checked.faults, ...checked.unjudged]
  if (checked.receipt === undefined || fault !== undefined) {
    const why = fault === undefined ? '' : `: ${fault.code}: ${fault.message}`
    throw new EvidenceError('server-answer', `the server’s receipt of entry ${name.index} does not verify${why}`)
  }
  requireNamed(checked, name)
  return checked
}

/**
 * Holds a receipt that verified to the name by which its entry was asked for: index, ledger and depositor, and the number of the exhibit or the
 * case, compared as the ledger looks it up. Throws `server-answer` for another entry, `number-not-shown` where the receipt does not
 * disclose the claim with the number.
 */
export function requireNamed(checked: CheckedReceipt, name: EntryName): void {
  const { index, origin, depositor } = name
  const { entry } = checked.receipt
  const iss = checked.statement?.common.iss
  if (entry.index !== index)
    throw other(`the server gives the receipt of entry ${entry.index} for that of entry ${index}`, name)
  if (origin !== undefined && ledgerOf(checked) !== origin)
    throw other(`the server gives a receipt of the ledger ${ledgerOf(checked)} for one of ${origin}`, name)
  if (depositor !== undefined && iss !== depositor)
    throw other(`the server says that entry ${index} is by ${depositor}, and its receipt that it is by ${iss}`, name)
  requireNumber(checked, name, 'exhibit number', 'collection', name.exhibit, exhibitNumbersOf(checked.disclosures))
  requireNumber(checked, name, 'case number', 'case', name.case, caseNumbersOf(checked.disclosures))
}

function requireNumber(
  { disclosures }: CheckedReceipt,
  name: EntryName,
  what: string,
  claim: string,
  wanted: string | undefined,
  shown: readonly string[],
): void {
  if (wanted === undefined || shown.includes(lookupForm(wanted))) return
  const said = `the server says that entry ${name.index} has the ${what} ${JSON.stringify(wanted)}`
  if (disclosures.some((one) => one.claim === claim)) throw other(`${said}, and its receipt has another`, name)
  throw new EvidenceError(
    'number-not-shown',
    `${said}, and you are not shown that: name the deposit by its index, or by its receipt`,
    { where: wanted, index: name.index },
  )
}

function other(why: string, { index }: EntryName): EvidenceError {
  return new EvidenceError('server-answer', why, { index })
}
