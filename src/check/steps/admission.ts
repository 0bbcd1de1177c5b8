import { utf8 } from '../../core/bytes.ts'
import { isEvidenceError } from '../../core/errors.ts'
import { thumbprint } from '../../core/jwk.ts'
import { defined } from '../../core/objects.ts'
import type { Policy } from '../../core/policy.ts'
import type { LedgerClient } from '../../client/ledger-client.ts'
import { admittedBy, ownNewKeyOf } from '../../statements/said.ts'
import { type CheckedReceipt, checkReceipt, ledgerOf } from '../../verify/check-receipt.ts'

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

/** Rotations that are followed at most, one question each. */
const maxRotations = 64

/** What of a client is asked. */
export type AdmissionClient = Pick<LedgerClient, 'participants' | 'receipt'>

/**
 * Asks the ledger for the entry that admitted the key of a receipt's signer, and where that key came by rotation for the entries of
 * the rotations, and verifies their receipts by the same policy. Undefined where the ledger does not show one of them to this
 * reader, or it does not verify or brings another key: then nothing is said.
 */
export async function askAdmission(
  checked: CheckedReceipt,
  policy: Policy,
  client: AdmissionClient,
): Promise<Admission | undefined> {
  const { statement, receipt } = checked
  if (statement === undefined) return undefined
  const { iss } = statement.common
  const { kid } = statement.header
  return askAdmissionOf({ iss, kid, before: receipt.entry.index, origin: ledgerOf(checked) }, policy, client)
}

/** A participant that signed something with a key, and the entry and the ledger in which it did. */
export interface SignerBefore {
  readonly iss: string
  readonly kid: string
  readonly before: number
  readonly origin: string
}

/** Asks for the admission of a signer, as {@link askAdmission} does. */
export async function askAdmissionOf(
  { iss, origin, ...signer }: SignerBefore,
  policy: Policy,
  client: AdmissionClient,
): Promise<Admission | undefined> {
  let { kid, before } = signer
  try {
    const owner = (await client.participants()).find(({ id }) => id === iss)
    for (let asked = 0; asked <= maxRotations; asked++) {
      const since = owner?.keys.find(({ thumbprint }) => thumbprint === kid)?.since
      if (since === undefined || since >= before) return undefined
      const shown = checkReceipt(utf8(await client.receipt(since)), policy)
      if (shown.receipt === undefined || shown.faults.length > 0 || shown.unjudged.length > 0) return undefined
      const { entry, proof } = shown.receipt
      // A policy may name several ledgers, and each of them has participants of its own.
      if (proof.checkpoint.origin !== origin || entry.index >= before) return undefined
      const admission = admissionIn(shown, iss, kid)
      if (admission !== undefined) return admission
      const older = keyRotatedTo(shown, iss, kid)
      if (older === undefined) return undefined
      kid = older
      before = entry.index
    }
    return undefined
  } catch (error) {
    if (isEvidenceError(error)) return undefined
    throw error
  }
}

/** What a sound receipt says of the admission of a participant with this key; undefined where it admits another, or with another key. */
function admissionIn(checked: CheckedReceipt, id: string, kid: string): Admission | undefined {
  const { body, statement, disclosures, receipt } = checked
  const admitted = admittedBy(body).find((one) => one.id === id && one.keys.some((key) => thumbprint(key) === kid))
  if (admitted === undefined || statement === undefined) return undefined
  const { index, time } = receipt.entry
  const sealed = disclosures.find(({ claim }) => claim === 'names')?.value
  const { type, roles, name = typeof sealed === 'string' ? sealed : undefined } = admitted
  const by = { iss: statement.common.iss, kid: statement.header.kid }
  return { roles, ...defined({ name, type }), index, time, by }
}

/** The key by which a sound receipt's participant brought this one; undefined where it is no such rotation. */
function keyRotatedTo({ body, statement }: CheckedReceipt, id: string, kid: string): string | undefined {
  const brought = ownNewKeyOf(body)
  if (brought === undefined || thumbprint(brought) !== kid || statement?.common.iss !== id) return undefined
  return statement.header.kid
}
