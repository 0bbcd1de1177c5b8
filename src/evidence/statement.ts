import {
  type CompactJws,
  EvidenceError,
  fromBase64url,
  isKnownAlgorithm,
  isOrigin,
  isSeconds,
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

function isUuid(text: string): boolean {
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
export function readBody({ payload }: Statement): StatementBody | undefined {
  const { iss: _iss, aud: _aud, jti: _jti, iat: _iat, kind, ...own } = payload
  const body = readMembers(kind as string, own)
  // What is proposed within must be as whole as if it stood alone; where it is of a later kind, so is the statement.
  return body?.kind === 'ledger.change' && readProposal(body.members.proposal) === undefined ? undefined : body
}

/** The same for members that stand by themselves. Throws as {@link readBody}. */
function readMembers(kind: string, own: JsonObject): StatementBody | undefined {
  if (!isKind(kind)) return undefined
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

/** A change that is proposed (docs/spec/14-ledger-keys.md). */
export interface Proposal {
  readonly aud: string
  readonly jti: string
  /** Seconds since 1970. */
  readonly exp: number
  readonly body: ProposedBody
}

export const proposableKinds = [
  'participant.admit',
  'participant.revoke',
  'ledger.set-approvals',
  'ledger.set-format',
  'ledger.rotate-key',
  'ledger.close',
] as const
export type ProposableKind = (typeof proposableKinds)[number]
export type ProposedBody = Extract<StatementBody, { kind: ProposableKind }>

/** What a statement says, whether by itself or as a change that was approved. */
export function effectiveBody(body: StatementBody): StatementBody {
  return body.kind === 'ledger.change' ? (readProposal(body.members.proposal)?.body ?? body) : body
}

/**
 * Reads a proposal, base64url of its JSON. Undefined where its kind is of a later version. Throws `proposal-malformed`, and
 * the codes of the kind's members.
 */
export function readProposal(text: string): Proposal | undefined {
  let payload: JsonObject
  try {
    payload = requireObject(parseJson(fromBase64url(text, 'proposal'), 'proposal'), 'proposal')
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    throw new EvidenceError('proposal-malformed', error.message, { where: 'proposal' }, { cause: error })
  }
  const { aud, jti, exp, kind, ...own } = payload as { [member: string]: JsonValue | undefined }
  const bad = (member: string, why: string): EvidenceError =>
    new EvidenceError('proposal-malformed', `"${member}" of the proposal ${why}`, { where: `proposal.${member}` })
  if (typeof aud !== 'string' || !isOrigin(aud)) throw bad('aud', 'is not one origin')
  if (typeof jti !== 'string' || !isUuid(jti)) throw bad('jti', 'is not a lower-case UUID')
  if (!isSeconds(exp)) throw bad('exp', 'is not a time in seconds, up to the year 9999')
  if (typeof kind !== 'string' || kind === '' || utf8Length(kind) > 256) throw bad('kind', 'is not a kind')
  if (isKind(kind) && !(proposableKinds as readonly string[]).includes(kind))
    throw bad('kind', `is ${kind}, which is not proposed`)
  const body = readMembers(kind, own as JsonObject) as ProposedBody | undefined
  return body === undefined ? undefined : { aud, jti, exp, body }
}
