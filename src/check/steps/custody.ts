import { append } from '../../core/arrays.ts'
import { attempt, settledOr } from '../../core/attempt.ts'
import { EvidenceError } from '../../core/errors.ts'
import type { LedgerClient } from '../../client/ledger-client.ts'
import { requireReceiptOf } from '../../client/named-entry.ts'
import type { Policy } from '../../core/policy.ts'
import { replayCustody, type ShownCustody, type ShownSigner } from '../../package/shown-custody.ts'
import { releaseIn } from '../../statements/custody-release.ts'
import { custodyEventNames } from '../../statements/later-event-names.ts'
import { referencesOf } from '../../statements/said.ts'
import type { CheckedEvent } from '../../verify/check-status.ts'
import { type CheckedReceipt, ledgerOf } from '../../verify/check-receipt.ts'
import type { OnlineStatus } from './later.ts'
import type { Owners } from './owners.ts'

/** Whom a custody is asked of, and under which policy it is judged. */
export interface CustodyAsking {
  readonly client: Pick<LedgerClient, 'receipt'>
  readonly policy: Policy
  readonly owners: Owners
}

/**
 * Who holds a deposit, by what a ledger shows of it: the steps, which are the entries that {@link custodyEntries} names, are replayed by the
 * rulebook, with the admissions of who signed them and the orders that they name, as far as those are shown. Throws what asking throws.
 */
export async function askCustody(
  deposit: CheckedReceipt,
  steps: readonly CheckedReceipt[],
  asking: CustodyAsking,
): Promise<ShownCustody> {
  const orders = (await Promise.all(steps.map((step) => ordersOf(step, asking)))).flat()
  const signers: ShownSigner[] = []
  for (const one of [deposit, ...steps, ...orders]) append(signers, await signersOf(one, asking.owners))
  return replayCustody({ deposit, later: steps, orders, signers: each(signers) })
}

/** Who holds a deposit where the ledger told all that happened later. Where its answer broke off, a step may be missing, and nothing is judged. */
export function custodyAsTold(
  custody: ShownCustody,
  later: Pick<OnlineStatus, 'size' | 'faults' | 'unjudged'> | undefined,
): ShownCustody {
  if (later?.size !== undefined && later.faults.length === 0 && later.unjudged.length === 0) return custody
  return { ...custody, units: custody.units.map((unit) => ({ ...unit, state: 'not-judged' })) }
}

/** Indices of the later entries that say something of custody, each once. */
export function custodyEntries(events: readonly CheckedEvent[]): number[] {
  const isCustody = ({ what }: CheckedEvent): boolean => custodyEventNames.some((name) => name === what)
  return [...new Set(events.filter(isCustody).map(({ index }) => index))]
}

/** The receipts of these entries, as far as a status showed them. */
export function custodySteps({ events, shown }: Pick<OnlineStatus, 'events' | 'shown'>): CheckedReceipt[] {
  return custodyEntries(events).flatMap((index) => shown.get(index)?.checked ?? [])
}

/** The entries that a step says ordered it, as far as they are shown to the asker. */
async function ordersOf({ body }: CheckedReceipt, { client, policy }: CustodyAsking): Promise<CheckedReceipt[]> {
  const named = referencesOf(body).filter(({ where }) => where === 'order')
  const shown: CheckedReceipt[] = []
  for (const { index } of named) {
    const text = await settledOr(client.receipt(index), undefined)
    const checked = text === undefined ? undefined : attempt(() => requireReceiptOf(text, policy, { index }))
    if (checked !== undefined && !(checked instanceof EvidenceError)) shown.push(checked)
  }
  return shown
}

/** Who signed an entry, and the release within it. */
async function signersOf(checked: CheckedReceipt, owners: Owners): Promise<ShownSigner[]> {
  const { statement, receipt } = checked
  if (statement === undefined) return []
  const own = { id: statement.common.iss, jwk: receipt.signer, roles: (await owners.admission(checked))?.roles }
  const release = releaseIn(statement)
  if (release === undefined) return [own]
  const { iss, header } = release
  const signer = { iss, kid: header.kid, before: receipt.entry.index, origin: ledgerOf(checked) }
  const [key, admission] = [await owners.key(header.kid), await owners.admissionOf(signer)]
  // Whose a key is that signed nothing else here, the server's list alone does not show.
  return key === undefined || admission === undefined ? [own] : [own, { id: iss, jwk: key.jwk, roles: admission.roles }]
}

/** Each key once; what is known of somebody by one receipt holds for all. */
function each(signers: readonly ShownSigner[]): ShownSigner[] {
  const roles = new Map(signers.flatMap((one) => (one.roles === undefined ? [] : [[one.id, one.roles] as const])))
  const keys = new Map(signers.map((one) => [`${one.id} ${one.jwk.x}`, one]))
  return [...keys.values()].map((one) => ({ ...one, roles: roles.get(one.id) }))
}
