import { type Admission, type AdmissionClient, askAdmissionOf, type SignerBefore } from './admission.ts'
import { settled } from '../../core/attempt.ts'
import { EvidenceError } from '../../core/errors.ts'
import { type Jwk, thumbprint } from '../../core/jwk.ts'
import type { Policy } from '../../core/policy.ts'
import type { LedgerClient, ParticipantInfo } from '../../client/ledger-client.ts'
import { type CheckedReceipt, ledgerOf } from '../../verify/check-receipt.ts'

/** Who stands behind keys, as the ledger's administrators vouch; each key is asked about once. */
export class Owners {
  private readonly client: LedgerClient
  private readonly policy: Policy
  private readonly known = new Map<string, Promise<Admission | undefined>>()
  private listed: Promise<readonly ParticipantInfo[]> | undefined

  constructor(client: LedgerClient, policy: Policy) {
    this.client = client
    this.policy = policy
  }

  /** The admission of a receipt's signer, verified under the policy; undefined where the ledger shows none. */
  admission(checked: CheckedReceipt): Promise<Admission | undefined> {
    const { common, header } = checked.statement ?? {}
    if (common === undefined || header === undefined) return Promise.resolve(undefined)
    const before = checked.receipt.entry.index
    return this.admissionOf({ iss: common.iss, kid: header.kid, before, origin: ledgerOf(checked) })
  }

  /** The admission of somebody who signed something, verified under the policy; undefined where the ledger shows none. */
  admissionOf(signer: SignerBefore): Promise<Admission | undefined> {
    const key = `${signer.iss} ${signer.kid}`
    const asked = this.known.get(key) ?? askAdmissionOf(signer, this.policy, this.asker())
    this.known.set(key, asked)
    return asked
  }

  /** The public key with a thumbprint, if the ledger's server lists it: the thumbprint proves it, whose it is the server says. */
  async key(kid: string): Promise<{ readonly jwk: Jwk; readonly owner: string } | undefined> {
    const listed = await settled(this.participants(), 'not-authenticated', 'token-invalid')
    for (const { id, keys } of listed instanceof EvidenceError ? [] : listed) {
      const x = keys.find((one) => one.thumbprint === kid)?.jwk?.x
      const jwk = x === undefined ? undefined : ({ crv: 'Ed25519', kty: 'OKP', x } as const)
      if (jwk !== undefined && thumbprint(jwk) === kid) return { jwk, owner: id }
    }
    return undefined
  }

  private participants(): Promise<readonly ParticipantInfo[]> {
    this.listed ??= this.client.participants()
    return this.listed
  }

  private asker(): AdmissionClient {
    const { client } = this
    return { participants: () => this.participants(), receipt: (index) => client.receipt(index) }
  }
}
