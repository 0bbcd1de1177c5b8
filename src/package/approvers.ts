import { EvidenceError, fromBase64url, type Jwk, parseHeader, publicKeyOf, thumbprint } from '../core/index.ts'
import {
  type ChangeBody,
  emptyRegistry,
  type KeyRecord,
  type ParticipantRecord,
  proposalTyp,
  type Registry,
} from '../evidence/index.ts'
import type { AdmittedKey } from './admissions.ts'

/** Who approved a change, where the package shows how the key came. */
export interface Approver {
  readonly key: AdmittedKey
  readonly jwk: Jwk
  /** True where the key was rotated out or revoked, or its owner revoked, before the change. */
  readonly isEnded: boolean
}

/**
 * Thumbprints of the keys that an approved change names as its approvers' (docs/spec/14-ledger-keys.md), each once. An approval
 * that cannot be read names nobody here: the rules refuse it.
 */
export function approversOf({ approvals }: ChangeBody): string[] {
  const kids = approvals.flatMap((approval) => {
    try {
      return [parseHeader(fromBase64url(approval.protected, 'approval'), proposalTyp, 'approval').kid]
    } catch (error) {
      if (error instanceof EvidenceError) return []
      throw error
    }
  })
  return [...new Set(kids)]
}

/** A registry of these approvers alone, at most sixteen: what the rules of a change ask of one. */
export function approversRegistry(origin: string, approvers: readonly Approver[]): Registry {
  const keys = new Map<string, KeyRecord>()
  const participants = new Map<string, ParticipantRecord>()
  for (const { key, jwk, isEnded, kid } of approvers.map((one) => ({ ...one, kid: thumbprint(one.jwk) }))) {
    const { owner: participant, roles, index: since } = key
    const status = isEnded ? 'revoked' : 'active'
    keys.set(kid, { jwk, publicKey: publicKeyOf(jwk), thumbprint: kid, participant, status, since })
    participants.set(participant, { id: participant, roles, since })
  }
  return { ...emptyRegistry(origin), keys, participants }
}
