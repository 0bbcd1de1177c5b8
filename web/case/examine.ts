import { askCustody, custodyAsTold, custodySteps } from '../../src/check/steps/custody.ts'
import { DroppedSet, type Hashing } from '../../src/check/steps/dropped-set.ts'
import { judgeReceipt } from '../../src/check/steps/judge.ts'
import { askStatus } from '../../src/check/steps/ask-later.ts'
import { type OutcomeKind, outcomeOf } from '../../src/check/steps/outcome.ts'
import type { ReceiptReport } from '../../src/check/steps/report.ts'
import { Owners } from '../../src/check/steps/owners.ts'
import { noTime } from '../../src/check/steps/time.ts'
import type { LedgerClient, LedgerInfo } from '../../src/client/ledger-client.ts'
import { requireReceiptOf } from '../../src/client/named-entry.ts'
import { attempt, settled, settledOr } from '../../src/core/attempt.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { leafHash } from '../../src/core/entry.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { JsonValue } from '../../src/core/json.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { ShownCustody } from '../../src/package/shown-custody.ts'
import type { Item } from '../../src/statements/members.ts'
import { itemsOf } from '../../src/statements/said.ts'
import type { CheckedReceipt } from '../../src/verify/check-receipt.ts'
import { droppedFile } from '../check/hashing.ts'
import { type PolicyChoice, policyChoice, policyFor } from '../check/policies.ts'

/** What a light shows: an outcome of a check, or that the receipt holds and nothing later speaks against it. */
export type Light = OutcomeKind | 'holds'

/** One exhibit: its receipt, judged here, and what the ledger says of it. */
export interface Exhibit {
  readonly index: number
  /** Padded base64. */
  readonly leafHash: string
  readonly entryBytes: Uint8Array
  readonly time: string
  readonly iss: string
  readonly items: readonly Item[]
  /** Sealed claims that the reader is shown, by name. */
  readonly claims: Readonly<Record<string, JsonValue>>
  readonly checked: CheckedReceipt
  readonly report: ReceiptReport
  readonly light: Light
  /** Whether its receipt holds under the policy, but for the quorum: of another nothing is signed. */
  readonly mayBeNamed: boolean
  /** Who holds it, by the entries that are shown. */
  readonly custody: ShownCustody
  /** Sizes of trees with a time stamp that hold it. */
  readonly stamps: readonly number[]
}

/**
 * The policy that this page judges by: the one that is kept in this browser, or the ledger's own. Undefined where the two differ: then the reader must
 * choose first, as on the page "Check". Throws `policy-malformed`, `policy-unsupported`, and `server-answer` for a policy of other ledgers.
 */
export function judgingPolicy({ origin, policy }: LedgerInfo): PolicyChoice | undefined {
  const verdict = policyFor(origin, [policyChoice('server', utf8(policy))])
  if ('kept' in verdict) return undefined
  if (verdict.choice !== undefined) return verdict.choice
  throw new EvidenceError('server-answer', `the ledger’s policy does not name the ledger ${origin}`)
}

/**
 * Examines one exhibit: its receipt is judged by the steps of a check, the ledger is asked what happened later, and the answers are verified here.
 * `handed` is a receipt that the reader brought, for where the ledger does not give one. Throws what the client throws, and `server-answer` for
 * the receipt of another entry.
 */
export async function examine(
  client: LedgerClient,
  policy: Policy,
  hashing: Hashing,
  index: number,
  {
    handed,
    owners = new Owners(client, policy),
  }: { readonly handed?: string | undefined; readonly owners?: Owners } = {},
): Promise<Exhibit> {
  const given = await settled(client.receipt(index))
  const receipt = given instanceof EvidenceError ? handed : given
  if (receipt === undefined) throw given
  const path = `entry-${index}.tlog-proof`
  const set = await DroppedSet.read([droppedFile(path, new Blob([receipt]))], hashing)
  const report = await judgeReceipt(set.handed, { kind: 'receipt', receipt: path }, policy, {
    upward: undefined,
    later: (result) => askStatus(client, result.checked as CheckedReceipt, policy),
    time: () => Promise.resolve(noTime),
  })
  const { checked } = report.result
  if (checked === undefined) throw unreadable(report, index)
  const { entry, entryBytes } = checked.receipt
  if (entry.index !== index)
    throw new EvidenceError('server-answer', `the receipt for entry ${index} is of entry ${entry.index}`)
  const sound = attempt(() => requireReceiptOf(receipt, policy, { index }))
  const later = report.later ?? { events: [], shown: new Map() }
  const stamps = await settledOr(client.timeStamps(index), undefined)
  return {
    index,
    leafHash: toBase64(leafHash(entryBytes)),
    entryBytes,
    time: entry.known ? entry.time : '',
    iss: checked.statement?.common.iss ?? '',
    items: itemsOf(checked.body),
    claims: Object.fromEntries(checked.disclosures.map(({ claim, value }) => [claim, value])),
    checked,
    report,
    light: lightOf(report),
    mayBeNamed: !(sound instanceof EvidenceError),
    custody: custodyAsTold(await askCustody(checked, custodySteps(later), { client, policy, owners }), report.later),
    stamps: stamps?.sizes ?? [],
  }
}

function unreadable({ faults, unjudged }: ReceiptReport, index: number): EvidenceError {
  const [first] = [...faults, ...unjudged]
  return new EvidenceError('server-answer', `the receipt of entry ${index} cannot be read: ${first?.message ?? ''}`)
}

/** The light of a receipt whose file is not here: that the file is missing is no finding on this page. */
function lightOf(report: ReceiptReport): Light {
  const { kind, why, standing } = outcomeOf(report)
  if (kind !== 'missing' || why !== undefined) return kind
  if (standing === 'retracted' || standing === 'key-compromised') return 'noticed'
  return standing === 'sound' ? 'holds' : 'missing'
}

/** A text of the sealed claim `collection`; undefined where it is not shown. */
export function collected({ claims }: Exhibit, name: string): string | undefined {
  const { collection } = claims
  if (collection === null || typeof collection !== 'object' || Array.isArray(collection)) return undefined
  const value = (collection as Readonly<Record<string, unknown>>)[name]
  return typeof value === 'string' ? value : undefined
}

/** Numbers of the cases that an exhibit is of, as far as they are shown. */
export function casesOf({ claims }: Exhibit): readonly string[] {
  const found = Array.isArray(claims['case']) ? claims['case'] : []
  return found.flatMap((one) => {
    const number = one !== null && typeof one === 'object' && !Array.isArray(one) ? one['number'] : undefined
    return typeof number === 'string' ? [number] : []
  })
}
