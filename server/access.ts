import type { FastifyRequest } from 'fastify'
import {
  EvidenceError,
  isKnownAlgorithm,
  isSeconds,
  parseHeader,
  parseJson,
  requireObject,
  splitJws,
  verifyEd25519,
} from '../src/core/index.ts'
import { accessTyp, changesRegistry, type Registry } from '../src/evidence/index.ts'
import type { FolderConfig } from '../src/ledger/index.ts'

/** Longest life of an access token, and how far its clock may be off, in seconds. */
export const maxTokenSeconds = 300
const clockSkewSeconds = 60

/** Whoever reads. */
export type Reader =
  | { readonly kind: 'anonymous' }
  | {
      readonly kind: 'participant'
      readonly id: string
      readonly isAuditor: boolean
      readonly isAdministrator: boolean
    }

function refuse(why: string): EvidenceError {
  return new EvidenceError('token-invalid', `the access token ${why}`)
}

/**
 * Reads `Authorization: Bearer`: a JWT that a participant signed for itself (docs/spec/11-access.md). No header: anonymous.
 * Throws `token-invalid`.
 */
export function readerOf(
  request: FastifyRequest,
  registry: Registry,
  audiences: readonly string[],
  nowMs: number,
): Reader {
  const { authorization } = request.headers
  if (authorization === undefined) return { kind: 'anonymous' }
  const match = /^Bearer ([A-Za-z0-9_.-]{1,4096})$/i.exec(authorization)
  if (match === null) throw refuse('is not a bearer token')
  try {
    return verifyToken(match[1] as string, registry, audiences, nowMs)
  } catch (error) {
    if (error instanceof EvidenceError && error.code !== 'token-invalid') throw refuse(`is malformed: ${error.message}`)
    throw error
  }
}

function verifyToken(token: string, registry: Registry, audiences: readonly string[], nowMs: number): Reader {
  const jws = splitJws(token, 'access token')
  const header = parseHeader(jws.header, accessTyp, 'access token')
  const { iss, aud, iat, exp, ...others } = requireObject(parseJson(jws.payload, 'access token'), 'access token')
  if (Object.keys(others).length > 0) throw refuse('has other members than iss, aud, iat and exp')
  if (!isKnownAlgorithm(header.alg)) throw refuse('is not signed with Ed25519')
  const key = registry.keys.get(header.kid)
  if (key === undefined || key.status !== 'active') throw refuse('is not signed by a usable key')
  const participant = registry.participants.get(key.participant)
  if (participant === undefined || participant.revokedAt !== undefined) throw refuse('is of a revoked participant')
  if (iss !== participant.id) throw refuse('is not issued by the owner of its key')
  if (typeof aud !== 'string' || !audiences.includes(aud.replace(/\/$/, ''))) throw refuse('is for another server')
  if (!isSeconds(iat) || !isSeconds(exp) || exp <= iat || exp - iat > maxTokenSeconds) {
    throw refuse(`is not valid for 1 to ${maxTokenSeconds} seconds`)
  }
  const now = nowMs / 1000
  if (now >= exp + clockSkewSeconds || now < iat - clockSkewSeconds) throw refuse('is not valid now')
  // Last, for it costs most.
  if (!verifyEd25519(key.publicKey, jws.signingInput, jws.signature))
    throw refuse('has a signature that does not verify')
  return {
    kind: 'participant',
    id: participant.id,
    isAuditor: participant.roles.includes('auditor'),
    isAdministrator: participant.roles.includes('administrator'),
  }
}

/** The right to read: auditors all; every participant the registry's entries and its own. */
function hasRight(reader: Reader, entry: { readonly iss: string; readonly kind: string }): boolean {
  if (reader.kind === 'anonymous') return false
  return reader.isAuditor || changesRegistry(entry.kind) || entry.iss === reader.id
}

export function mayReadEntry(
  config: FolderConfig,
  reader: Reader,
  entry: { readonly iss: string; readonly kind: string },
): boolean {
  return config.reading === 'public' || hasRight(reader, entry)
}

/** Disclosures need the right in public mode too, unless the ledger was made with open ones. */
export function mayReadDisclosures(
  config: FolderConfig,
  reader: Reader,
  entry: { readonly iss: string; readonly kind: string },
): boolean {
  return (config.reading === 'public' && config.openDisclosures) || hasRight(reader, entry)
}

/** The refusal for a reader without the right: anonymous ones are asked to say who they are. */
export function denied(reader: Reader, what: string): EvidenceError {
  return reader.kind === 'anonymous'
    ? new EvidenceError('not-authenticated', `${what} is for participants`)
    : new EvidenceError('not-permitted', `${what} is not for ${reader.id}`)
}
