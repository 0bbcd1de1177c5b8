import { askAdmission } from '../../src/check/steps/admission.ts'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { defined } from '../../src/core/objects.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { CheckedReceipt } from '../../src/verify/check-receipt.ts'

/* Whose deposit an argument means: an exhibit's number is its collector's own, and anybody may give it to something else. */

/** The option that says whose deposit is meant. */
export const depositorFlag = [
  '--depositor <id>',
  'whose deposit is meant: others may use the same exhibit number',
] as const

/** Who is asked for a deposit, and what its answer is held to. */
export interface Asking {
  readonly client: LedgerClient
  readonly policy: Policy
  /** Origin of the ledger; left out where the policy alone says which ledgers are meant. */
  readonly origin?: string | undefined
  /** Id of the participant whose deposit is meant. */
  readonly depositor?: string | undefined
  /** Takes a line on whose deposit an exhibit number was found to be, before anything is signed. */
  readonly note?: ((line: string) => void) | undefined
}

/** Whose a deposit is, by its receipt. */
export interface NamedDeposit {
  readonly depositor: string
  /** The name under which the administrators admitted its depositor, where that is shown. */
  readonly name?: string
  /** The authorities whose cases it is of, as its sealed claim `case` names them. */
  readonly authorities?: readonly string[]
  /** The number that its collector gave it. */
  readonly exhibit?: string
}

/** Whose a deposit is, by a receipt that verified. */
export function namedDepositOf({ statement, disclosures }: CheckedReceipt): NamedDeposit | undefined {
  if (statement === undefined) return undefined
  const claimed = (name: string): unknown => disclosures.find(({ claim }) => claim === name)?.value
  const { exhibit } = (claimed('collection') ?? {}) as { readonly exhibit?: unknown }
  const cases = claimed('case')
  const named = (Array.isArray(cases) ? cases : []).flatMap((one: { readonly authority?: unknown } | null) => {
    const authority = textOf(one?.authority)
    return authority === undefined ? [] : [authority]
  })
  const authorities = named.length === 0 ? undefined : [...new Set(named)]
  return { depositor: statement.common.iss, ...defined({ authorities, exhibit: textOf(exhibit) }) }
}

/** Whose a deposit is, with the name under which its depositor was admitted, where the ledger shows that. */
export async function askNamedDeposit(
  checked: CheckedReceipt,
  { client, policy }: Asking,
): Promise<NamedDeposit | undefined> {
  const named = namedDepositOf(checked)
  return named && { ...named, ...defined({ name: (await askAdmission(checked, policy, client))?.name }) }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Holds a deposit to the participant that was named as its depositor. Throws `usage`; `number-not-shown` where it is not known whose it is. */
export function requireDepositor(
  index: number,
  deposit: NamedDeposit | undefined,
  depositor: string | undefined,
): void {
  if (depositor === undefined || deposit?.depositor === depositor) return
  if (deposit === undefined)
    throw new EvidenceError('number-not-shown', `whose deposit entry ${index} is, you are not shown`, { index })
  throw new EvidenceError('usage', `entry ${index} is by ${deposit.depositor}, and not by ${depositor}`, {
    where: '--depositor',
    expected: depositor,
    found: deposit.depositor,
  })
}

/** A deposit and whose it is, on one line. */
export function depositText(index: number, deposit: NamedDeposit | undefined): string {
  if (deposit === undefined) return `entry ${index}, of which you are not shown whose it is`
  const { depositor, name, authorities } = deposit
  const called = name === undefined ? '' : ` (${JSON.stringify(name)}, as the administrators vouch)`
  const of = authorities === undefined ? '' : `, for ${authorities.map((one) => JSON.stringify(one)).join(', ')}`
  return `entry ${index}, deposited by ${depositor}${called}${of}`
}

interface MeantDeposit {
  readonly index: number
  readonly deposit?: NamedDeposit | undefined
}

/** Deposits as documents name them, each once. */
export function depositDocuments(targets: readonly MeantDeposit[]): object[] {
  return each(targets).map(({ index, deposit }) => ({ index, ...deposit }))
}

/** Deposits for people, a line for each. */
export function depositLines(targets: readonly MeantDeposit[]): string[] {
  return each(targets).map(({ index, deposit }) => `  of       ${depositText(index, deposit)}`)
}

function each(targets: readonly MeantDeposit[]): MeantDeposit[] {
  return [...new Map(targets.map((target) => [target.index, target])).values()]
}
