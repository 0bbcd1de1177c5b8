import { utf8Length } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { type JsonObject, type JsonValue, parseJson, requireObject } from '../core/json.ts'
import {
  type CompactJws,
  isKnownAlgorithm,
  parseHeader,
  type ProtectedHeader,
  requireSignatureLength,
  splitJws,
} from '../core/jws.ts'
import { isOrigin } from '../core/origin.ts'
import { isSeconds } from '../core/time.ts'
import { statementTyp } from './vocabulary.ts'

/** A statement split, its header read: enough to verify the signature. */
export interface Envelope {
  readonly jws: CompactJws
  readonly header: ProtectedHeader
  /** False for an alg of a later version: the signature cannot be judged. */
  readonly knownAlgorithm: boolean
}

/** What every payload says. */
export interface CommonMembers {
  readonly iss: string
  readonly aud: string
  readonly jti: string
  /** Seconds since 1970. */
  readonly iat: number
  readonly kind: string
}

export interface Statement extends Envelope {
  readonly common: CommonMembers
  readonly payload: JsonObject
}

/** Who signed a statement: the participant's id, and the thumbprint of the key. */
export function signedBy({ common, header }: Statement): { readonly iss: string; readonly kid: string } {
  return { iss: common.iss, kid: header.kid }
}

/** Reads the outside of a statement. Throws the codes of splitJws and parseHeader. */
export function readEnvelope(jwsText: string): Envelope {
  const jws = splitJws(jwsText)
  const header = parseHeader(jws.header, statementTyp)
  const knownAlgorithm = isKnownAlgorithm(header.alg)
  if (knownAlgorithm) requireSignatureLength(jws)
  return { jws, header, knownAlgorithm }
}

/** Reads payload and common members. Throws the codes of parseJson, `statement-member`, `audience-wrong`. */
export function readStatement(envelope: Envelope): Statement {
  const payload = requireObject(parseJson(envelope.jws.payload, 'payload'), 'payload')
  return { ...envelope, payload, common: readCommon(payload) }
}

/** Whether a text is a UUID in its lower-case form of 36 characters (RFC 9562). */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(text)
}

function readCommon(payload: JsonObject): CommonMembers {
  const { iss, aud, jti, iat, kind } = payload as { [member: string]: JsonValue | undefined } & Partial<CommonMembers>
  const bad = (member: string, why: string): EvidenceError =>
    new EvidenceError('statement-member', `"${member}" ${why}`, { where: member })
  if (typeof iss !== 'string' || !/^[a-z0-9._-]{1,64}$/.test(iss)) throw bad('iss', 'is not 1 to 64 of a-z 0-9 . _ -')
  if (typeof aud !== 'string' || !isOrigin(aud)) {
    throw new EvidenceError('audience-wrong', '"aud" is not one origin', { where: 'aud' })
  }
  if (typeof jti !== 'string' || !isUuid(jti)) {
    throw bad('jti', 'is not a lower-case UUID')
  }
  if (!isSeconds(iat)) throw bad('iat', 'is not a time in seconds, up to the year 9999')
  if (typeof kind !== 'string' || kind === '' || utf8Length(kind) > 256) throw bad('kind', 'is not a kind')
  return { iss, aud, jti, iat, kind }
}
