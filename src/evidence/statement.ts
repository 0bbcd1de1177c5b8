import {
  type CompactJws,
  EvidenceError,
  isKnownAlgorithm,
  isOrigin,
  type JsonObject,
  type JsonValue,
  parseHeader,
  parseJson,
  type ProtectedHeader,
  requireObject,
  requireSignatureLength,
  splitJws,
  utf8Length,
} from '../core/index.ts'
import { bodySchemas, type StatementBody } from './schema.ts'
import { schemaError } from './schema-errors.ts'
import { isKind, sealedClaims, statementTyp } from './vocabulary.ts'

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

function readCommon(payload: JsonObject): CommonMembers {
  const { iss, aud, jti, iat, kind } = payload as { [member: string]: JsonValue | undefined } & Partial<CommonMembers>
  const bad = (member: string, why: string): EvidenceError =>
    new EvidenceError('statement-member', `"${member}" ${why}`, { where: member })
  if (typeof iss !== 'string' || !/^[a-z0-9._-]{1,64}$/.test(iss)) throw bad('iss', 'is not 1 to 64 of a-z 0-9 . _ -')
  if (typeof aud !== 'string' || !isOrigin(aud)) {
    throw new EvidenceError('audience-wrong', '"aud" is not one origin', { where: 'aud' })
  }
  if (typeof jti !== 'string' || !/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(jti)) {
    throw bad('jti', 'is not a lower-case UUID')
  }
  if (typeof iat !== 'number' || iat < 0) throw bad('iat', 'is not a time in seconds')
  if (typeof kind !== 'string' || kind === '' || utf8Length(kind) > 256) throw bad('kind', 'is not a kind')
  return { iss, aud, jti, iat, kind }
}

/** An own member named __proto__ anywhere: no kind has one, and a schema library may pass over it. */
function hasProtoMember(value: JsonValue): boolean {
  if (value === null || typeof value !== 'object') return false
  if (Array.isArray(value)) return value.some(hasProtoMember)
  for (const name of Object.keys(value)) {
    if (name === '__proto__' || hasProtoMember(value[name] as JsonValue)) return true
  }
  return false
}

/**
 * Judges the members that the kind asks for. Undefined for a kind of a later version. Throws `statement-member`,
 * `statement-member-unknown`, `claim-in-clear`, `items-count`, `digest-malformed`, `digest-weak-only`.
 */
export function readBody({ common, payload }: Statement): StatementBody | undefined {
  const { kind } = common
  if (!isKind(kind)) return undefined
  const { iss: _iss, aud: _aud, jti: _jti, iat: _iat, kind: _kind, ...own } = payload
  if (hasProtoMember(own)) {
    throw new EvidenceError('statement-member-unknown', 'the statement has a member "__proto__"', {
      where: '__proto__',
    })
  }
  // Named before anything else: whoever sends it must learn at once that it would have stood there for ever.
  const inClear = sealedClaims.find((claim) => Object.hasOwn(own, claim))
  if (inClear !== undefined) {
    throw new EvidenceError('claim-in-clear', `the claim "${inClear}" stands in clear`, { where: inClear })
  }
  const result = bodySchemas[kind].safeParse(own)
  if (!result.success) throw schemaError(result.error)
  return { kind, members: result.data } as StatementBody
}
