import type { FastifyRequest } from 'fastify'
import { verifyEd25519 } from '../src/core/ed25519.ts'
import { type ErrorFacts, EvidenceError } from '../src/core/errors.ts'
import { parseJson, requireObject } from '../src/core/json.ts'
import { isKnownAlgorithm, parseHeader, splitJws } from '../src/core/jws.ts'
import { isSeconds, timeText } from '../src/core/time.ts'
import { accessTyp } from '../src/statements/vocabulary.ts'
import type { Standing } from '../src/ledger/access/reading.ts'
import { anonymousReader, type Reader, readerNamed } from '../src/ledger/rights.ts'

/** Longest life of an access token, and how far its clock may be off, in seconds. */
export const maxTokenSeconds = 300
const clockSkewSeconds = 60

function refuse(why: string, facts: ErrorFacts = {}): EvidenceError {
  return new EvidenceError('token-invalid', `the access token ${why}`, facts)
}

/** A token whose signature was verified, at its cost, and does not hold: which keys and participants there are is not told. */
export class ForgedToken extends EvidenceError {
  constructor() {
    super('token-invalid', 'the access token is not signed by a key of this ledger’s, or its signature does not verify')
  }
}

/** Verified where a key is not known, so that the answer takes as long: the base point, for any point will do. */
const nobody: Uint8Array = Buffer.from('5866666666666666666666666666666666666666666666666666666666666666', 'hex')

/**
 * Reads `Authorization: Bearer`: a JWT that a participant signed for itself (docs/spec/11-access.md). No header: anonymous.
 * Throws `token-invalid`.
 */
export function readerOf(
  request: FastifyRequest,
  standing: Standing,
  audiences: readonly string[],
  nowMs: number,
): Reader {
  const { authorization } = request.headers
  if (authorization === undefined) return anonymousReader(standing)
  const match = /^Bearer ([A-Za-z0-9_.-]{1,4096})$/i.exec(authorization)
  if (match === null) throw refuse('is not a bearer token')
  try {
    return verifyToken(match[1] as string, standing, audiences, nowMs)
  } catch (error) {
    if (error instanceof EvidenceError && error.code !== 'token-invalid') throw refuse(`is malformed: ${error.message}`)
    throw error
  }
}

function verifyToken(token: string, standing: Standing, audiences: readonly string[], nowMs: number): Reader {
  const jws = splitJws(token, 'access token')
  const header = parseHeader(jws.header, accessTyp, 'access token')
  const { iss, aud, iat, exp, ...others } = requireObject(parseJson(jws.payload, 'access token'), 'access token')
  if (Object.keys(others).length > 0) throw refuse('has other members than iss, aud, iat and exp')
  if (!isKnownAlgorithm(header.alg)) throw refuse('is not signed with Ed25519')
  if (typeof aud !== 'string') throw refuse('names no server in aud')
  if (!isSeconds(iat) || !isSeconds(exp) || exp <= iat || exp - iat > maxTokenSeconds) {
    throw refuse(`is not valid for 1 to ${maxTokenSeconds} seconds`)
  }
  const now = nowMs / 1000
  if (now >= exp + clockSkewSeconds || now < iat - clockSkewSeconds) {
    throw refuse(
      `is not valid now: it is for ${timeText(iat * 1000)} to ${timeText(exp * 1000)}, and the server’s clock says ${timeText(nowMs)}`,
    )
  }
  const key = standing.registry.keys.get(header.kid)
  const isValid = verifyEd25519(key?.publicKey ?? nobody, jws.signingInput, jws.signature)
  if (key === undefined || !isValid) throw new ForgedToken()
  // After the signature: what follows is told to the key's owner alone.
  if (key.status !== 'active') throw refuse('is signed by a key that is not in use any more')
  const reader = readerNamed(standing, key.participant)
  if (reader.kind === 'anonymous') throw refuse('is of a revoked participant')
  if (iss !== reader.id) throw refuse('is not issued by the owner of its key')
  if (!audiences.includes(aud.replace(/\/$/, ''))) {
    throw refuse(`is for another server: this one goes by ${audiences.join(', ')}`, {
      where: 'aud',
      expected: audiences.join(' '),
    })
  }
  return reader
}
