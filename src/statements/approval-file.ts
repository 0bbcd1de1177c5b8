import { toBase64url, tryBase64url } from '../core/base64.ts'
import { utf8 } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { parseJson, requireObject } from '../core/json.ts'
import { thumbprint } from '../core/jwk.ts'
import type { Signer } from './compose.ts'
import { readProposal } from './body.ts'
import type { Kind } from './kinds.ts'
import { type Approval, maxApprovals } from './kinds/ledger-change.ts'
import { proposalTyp } from './vocabulary.ts'

/**
 * A proposal on its way from officer to officer: a JWS in the general JSON serialization (RFC 7515, section 7.2.1), with the
 * disclosures of an admission beside it (docs/spec/14-ledger-keys.md).
 */
export interface ApprovalFile {
  /** base64url of the proposal's JSON: what is signed, byte for byte. */
  readonly payload: string
  readonly signatures: readonly Approval[]
  readonly disclosures?: readonly string[]
}

/** Largest file that is read, in bytes. */
export const maxApprovalFileBytes = 256 * 1024

/** Writes down a change to be approved. */
export function composeProposal(
  context: { readonly aud: string; readonly jti: string; readonly exp: number; readonly kind: Kind },
  members: object,
  disclosures: readonly string[] = [],
): ApprovalFile {
  const { aud, jti, exp, kind } = context
  const payload = toBase64url(utf8(JSON.stringify({ aud, jti, exp, kind, ...members })))
  return { payload, signatures: [], ...(disclosures.length === 0 ? {} : { disclosures }) }
}

/** Adds an officer's approval. Throws `approval-invalid` where the key has signed before. */
export function approve(file: ApprovalFile, signer: Signer): ApprovalFile {
  const kid = thumbprint(signer.jwk)
  const header = toBase64url(utf8(JSON.stringify({ alg: 'EdDSA', typ: proposalTyp, kid })))
  if (file.signatures.some((one) => one.protected === header))
    throw new EvidenceError('approval-invalid', `the key ${kid} has approved this proposal before`)
  const signature = toBase64url(signer.sign(utf8(`${header}.${file.payload}`)))
  return { ...file, signatures: [...file.signatures, { protected: header, signature }] }
}

/** Reads an approval file from bytes. Throws `proposal-malformed`, and the codes of the proposal's members. */
export function parseApprovalFile(bytes: Uint8Array): ApprovalFile {
  const bad = (why: string): EvidenceError =>
    new EvidenceError('proposal-malformed', `the file of a proposal ${why}`, { where: 'proposal' })
  if (bytes.length > maxApprovalFileBytes) throw bad('is too large')
  let object: Record<string, unknown>
  try {
    object = requireObject(parseJson(bytes, 'proposal'), 'proposal') as Record<string, unknown>
  } catch (error) {
    throw bad(`cannot be read: ${(error as Error).message}`)
  }
  const { payload, signatures, disclosures = [], ...others } = object
  if (Object.keys(others).length > 0) throw bad('has other members than payload, signatures and disclosures')
  if (typeof payload !== 'string' || tryBase64url(payload) === undefined) throw bad('has no payload')
  if (!Array.isArray(signatures) || signatures.length > maxApprovals || !signatures.every(isApproval))
    throw bad('has malformed signatures')
  if (!Array.isArray(disclosures) || disclosures.length > 5 || !disclosures.every((text) => typeof text === 'string'))
    throw bad('has malformed disclosures')
  if (readProposal(payload) === undefined) throw bad('proposes a kind that this version does not know')
  return { payload, signatures, ...(disclosures.length === 0 ? {} : { disclosures }) }
}

function isApproval(value: unknown): value is Approval {
  if (value === null || typeof value !== 'object') return false
  const { protected: header, signature, ...others } = value as Record<string, unknown>
  const isText = (text: unknown): boolean => typeof text === 'string' && tryBase64url(text) !== undefined
  return isText(header) && isText(signature) && Object.keys(others).length === 0
}

/** Members of the `ledger.change` that carries a proposal and its approvals. */
export function changeMembers({ payload, signatures }: ApprovalFile): object {
  return { proposal: payload, approvals: signatures }
}
