import { utf8 } from '../src/core/bytes.ts'
import { isEvidenceError } from '../src/core/errors.ts'
import { defined } from '../src/core/objects.ts'
import type { Policy } from '../src/core/policy.ts'
import type { LedgerClient } from '../src/client/ledger-client.ts'
import { admittedBy } from '../src/statements/said.ts'
import { type CheckedReceipt, checkReceipt } from '../src/verify/check-receipt.ts'
import { when } from './render/when.ts'

/** The kind of statement by which an administrator admits a participant. */
export const admitKind = 'participant.admit'

/** Under which name a key's owner was admitted, and by whom, out of the receipt of that entry. */
export interface Admission {
  /** Undefined where it is sealed, and this reader may not see it. */
  readonly name?: string
  readonly type?: string
  readonly roles: readonly string[]
  readonly index: number
  readonly time: string
  /** Who signed that entry; the genesis names its administrators itself. */
  readonly by: { readonly iss: string; readonly kid: string }
}

/**
 * Asks the ledger for the entry that admitted a receipt's signer, and verifies that entry's receipt by the same policy. Undefined
 * where the ledger does not show it to this reader, or nothing of it verifies: then nothing is said.
 */
export async function askAdmission(
  checked: CheckedReceipt,
  policy: Policy,
  client: LedgerClient,
): Promise<Admission | undefined> {
  const iss = checked.statement?.common.iss
  if (iss === undefined) return undefined
  try {
    const owner = (await client.participants()).find(({ id }) => id === iss)
    if (owner === undefined) return undefined
    return admissionIn(utf8(await client.receipt(owner.since)), iss, checked.receipt.proof.checkpoint.origin, policy)
  } catch (error) {
    if (isEvidenceError(error)) return undefined
    throw error
  }
}

/** What the receipt of an admission says of a participant; undefined where it does not verify, or admits another. */
export function admissionIn(receipt: Uint8Array, id: string, origin: string, policy: Policy): Admission | undefined {
  const result = checkReceipt(receipt, policy)
  if (result.receipt === undefined || result.faults.length > 0 || result.unjudged.length > 0) return undefined
  // A policy may name several ledgers, and each of them has participants of its own.
  if (result.receipt.proof.checkpoint.origin !== origin) return undefined
  const { body, statement, disclosures } = result
  if (body === undefined || statement === undefined) return undefined
  const { index, time } = result.receipt.entry
  const at = { index, time, by: { iss: statement.common.iss, kid: statement.header.kid } }
  const admitted = admittedBy(body).find((one) => one.id === id)
  if (admitted === undefined) return undefined
  const sealed = disclosures.find(({ claim }) => claim === 'names')?.value
  const { type, roles, name = typeof sealed === 'string' ? sealed : undefined } = admitted
  return { roles, ...defined({ name, type }), ...at }
}

/** An admission on one line, for people. */
export function admissionLine(id: string, { name, type, roles, index, time, by }: Admission): string {
  const called = name === undefined ? 'under a name that is not shown to you' : `as ${JSON.stringify(name)}`
  const what = [...(type === undefined ? [] : [type]), ...roles].join(', ')
  return `${id} was admitted ${called} (${what}) by entry ${index} at ${when(time)}, signed by ${by.iss} with key ${by.kid}`
}
