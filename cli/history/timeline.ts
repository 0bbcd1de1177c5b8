import { askCustody, custodyEntries } from '../../src/check/steps/custody.ts'
import { askStatus } from '../../src/check/steps/ask-later.ts'
import { brokenIn } from '../../src/check/steps/later.ts'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { asUnanswered } from '../../src/client/http.ts'
import { attempt, settled } from '../../src/core/attempt.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { leafHash } from '../../src/core/entry.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { defined } from '../../src/core/objects.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { ShownCustody } from '../../src/package/shown-custody.ts'
import type { LaterEvent } from '../../src/statements/later-events.ts'
import { accessTermsOf, isAccessRule, isDeposit } from '../../src/statements/said.ts'
import type { CheckedReceipt } from '../../src/verify/check-receipt.ts'
import { soundReceipt } from '../custody/offered.ts'
import { claimsOf } from './claims.ts'
import { type HandOver, handOverIn } from './hand-over.ts'
import type { LaterBounds } from '../../src/check/steps/later-room.ts'
import type { Finding } from '../../src/verify/report.ts'
import type { Owners } from '../../src/check/steps/owners.ts'

/** One thing that happened to a deposit, by an entry that verified. */
export interface Step extends Omit<LaterEvent, 'what'> {
  readonly deposit: number
  readonly index: number
  /** By the ledger's clock. */
  readonly time: string
  /** By the signer's own word. */
  readonly signedAt: number
  readonly what: LaterEvent['what'] | 'deposited' | 'rule'
  /** Who signed it, and so on whose word it is. */
  readonly by: string
  readonly kid: string
  readonly name?: string
  /** When it was done, by the signer's word. */
  readonly from?: string
  readonly to?: string
  readonly handOver?: HandOver
  /** Sealed claims that the reader is shown. */
  readonly claims: Readonly<Record<string, JsonValue>>
}

/** What is told of a deposit and not shown. */
export interface Told {
  readonly deposit: number
  readonly index: number
  readonly what: string
}

export interface DepositHistory {
  readonly index: number
  readonly receipt: CheckedReceipt
  /** The answer is as of this size. */
  readonly size: number
  readonly steps: readonly Step[]
  readonly told: readonly Told[]
  /** True where its key, or its signer, was compromised at its time. */
  readonly flagged: boolean
  /** Who holds it, and which of the steps do not follow from the others. */
  readonly custody: ShownCustody
  /** What was left out of its later events for their number. */
  readonly notAllTold: readonly Finding[]
}

/** A receipt that the ledger's server gave, or made of its answer. What does not hold says nothing of the evidence: throws `server-answer`, and the codes of what needs a newer version. */
function answered(text: string, policy: Policy): CheckedReceipt {
  const checked = attempt(() => soundReceipt(text, policy))
  if (checked instanceof EvidenceError) throw checked.kind.exit === 4 ? checked : asUnanswered(checked)
  return checked
}

/** By these a server says that something is not for the asker. */
const closed = ['not-authenticated', 'token-invalid', 'not-permitted'] as const

/**
 * All that the ledger shows a reader of one deposit, within the bounds, each entry verified under the policy. Throws the first fault of an
 * answer: what does not verify is not told.
 */
export async function historyOf(
  client: LedgerClient,
  policy: Policy,
  index: number,
  owners: Owners,
  bounds?: LaterBounds,
): Promise<DepositHistory> {
  const receipt = answered(await client.receipt(index), policy)
  if (receipt.receipt.entry.index !== index)
    throw new EvidenceError('server-answer', `the server gives another entry’s receipt for that of entry ${index}`)
  if (!isDeposit(receipt.body))
    throw new EvidenceError(
      'usage',
      `entry ${index} is no deposit, but ${receipt.statement?.common.kind ?? 'unknown'}`,
      {
        where: String(index),
      },
    )
  const status = await askStatus(client, receipt, policy, bounds)
  const { size, events, shown, flagged, leftOut } = status
  const [fault] = brokenIn(status)
  if (fault !== undefined || size === undefined)
    throw new EvidenceError(
      fault?.code ?? 'server-answer',
      `entry ${index}: ${fault?.message ?? 'no answer'}`,
      fault ?? {},
    )
  const steps = [await stepOf(index, receipt, { what: 'deposited' }, owners)]
  const told: Told[] = []
  // An entry may say several things, and its claims are asked for once.
  const opened = new Map<number, CheckedReceipt>()
  for (const event of events) {
    const found = shown.get(event.index)
    if (!event.proven || found === undefined) {
      told.push({ deposit: index, index: event.index, what: event.what })
      continue
    }
    const later = opened.get(event.index) ?? (await withClaims(client, policy, found.checked))
    opened.set(event.index, later)
    const { what, code, compromisedSince, item, line, on, flags } = event
    const said = defined({ code, compromisedSince, item, line, on, flags })
    steps.push(await stepOf(index, later, { what, ...said }, owners))
  }
  const rules = await rulesOn(client, policy, receipt, owners)
  const custodial = custodyEntries(events).flatMap((entry) => opened.get(entry) ?? [])
  const custody = await askCustody(receipt, custodial, { client, policy, owners })
  const all = [...steps, ...rules.steps]
  const notAllTold = leftOut?.findings ?? []
  return { index, receipt, size, steps: all, told: [...told, ...rules.told], flagged, custody, notAllTold }
}

/** The receipt of the same entry with the sealed claims that the reader may see; without them where it may not. */
async function withClaims(client: LedgerClient, policy: Policy, shown: CheckedReceipt): Promise<CheckedReceipt> {
  if (shown.withheld === 0) return shown
  const asked = await settled(client.receipt(shown.receipt.entry.index), ...closed)
  if (asked instanceof EvidenceError) return shown
  const own = answered(asked, policy)
  return hashOf(own) === hashOf(shown) ? own : shown
}

function hashOf({ receipt }: CheckedReceipt): string {
  return toBase64(leafHash(receipt.entryBytes))
}

async function stepOf(
  deposit: number,
  checked: CheckedReceipt,
  event: Pick<Step, 'what' | 'code' | 'compromisedSince' | 'item' | 'line' | 'on' | 'flags'>,
  owners: Owners,
): Promise<Step> {
  const { statement, receipt } = checked
  if (statement === undefined)
    throw new EvidenceError('not-judged', `entry ${receipt.entry.index} is of a later version`)
  const { common, header, payload } = statement
  const name = (await owners.admission(checked))?.name
  const { from, to } = payload as { readonly from?: unknown; readonly to?: unknown }
  return {
    deposit,
    index: receipt.entry.index,
    time: receipt.entry.time,
    signedAt: common.iat,
    ...event,
    by: common.iss,
    kid: header.kid,
    ...defined({
      name,
      from: textOf(from),
      to: textOf(to),
      handOver: event.what === 'handed-over' ? await handOverIn(payload, owners) : undefined,
    }),
    claims: claimsOf(checked),
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/**
 * Whether the entry that a server names as a rule of access shows itself that it sets that rule on a deposit; false where its terms are not shown to the
 * reader. Throws `server-answer` where it sets another, or is none.
 */
function setsRule(
  { body, disclosures, statement, receipt }: CheckedReceipt,
  { rule, by }: { readonly rule: string; readonly by: string },
  deposit: CheckedReceipt,
): boolean {
  const terms = accessTermsOf(body, disclosures)
  const { index } = deposit.receipt.entry
  const isOf = (one: { readonly index: number; readonly leafHash: string }): boolean =>
    one.index === index && one.leafHash === hashOf(deposit)
  const isIt = terms === undefined || (terms.rule === rule && terms.of.some(isOf))
  if (isAccessRule(body) && statement?.common.iss === by && isIt) return terms !== undefined
  const at = receipt.entry.index
  throw new EvidenceError(
    'server-answer',
    `the server says that entry ${at} is a ${rule} by ${by} on entry ${index}, and it is none`,
    {
      index: at,
    },
  )
}

/** The rules of access that the reader is shown: verified where it may read their entries, else by the server's word. */
async function rulesOn(
  client: LedgerClient,
  policy: Policy,
  deposit: CheckedReceipt,
  owners: Owners,
): Promise<{ readonly steps: Step[]; readonly told: Told[] }> {
  const { index } = deposit.receipt.entry
  const answer = await settled(client.access(index), ...closed)
  const steps: Step[] = []
  const told: Told[] = []
  for (const { rule, entry, by, as } of answer instanceof EvidenceError ? [] : answer.rules) {
    // A deposit that sealed itself says so in its own claims.
    const asked = entry === index ? undefined : await settled(client.receipt(entry), ...closed)
    if (asked === undefined || asked instanceof EvidenceError) {
      told.push({ deposit: index, index: entry, what: `${rule}, by ${by} as ${as}, stands` })
      continue
    }
    const checked = answered(asked, policy)
    if (checked.receipt.entry.index !== entry)
      throw new EvidenceError('server-answer', `the server gives another entry’s receipt for that of entry ${entry}`)
    if (!setsRule(checked, { rule, by }, deposit)) {
      told.push({ deposit: index, index: entry, what: `${rule}, by ${by} as ${as}, stands` })
      continue
    }
    steps.push(await stepOf(index, checked, { what: 'rule', code: rule }, owners))
  }
  return { steps, told }
}
