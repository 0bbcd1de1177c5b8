import { attempt } from '../core/attempt.ts'
import { type ErrorCode, EvidenceError } from '../core/errors.ts'
import { isKnownAlgorithm, type ProtectedHeader, requireSignatureLength, type CompactJws } from '../core/jws.ts'
import { isSeconds } from '../core/time.ts'
import { z } from 'zod'
import { openInnerJws } from './inner-jws.ts'
import type { Asked } from './kind.ts'
import {
  code,
  hasProtoMember,
  origin,
  participantId,
  safeSize,
  sealing,
  thumbprintText,
  unitReference,
} from './members.ts'
import { type Findings, issuedToleranceMs, leaveOpen, violate } from './rules.ts'
import { schemaError } from './schema-errors.ts'
import { isUuid } from './statement.ts'
import { releaseTyp } from './vocabulary.ts'

/** Longest time between an entry and the end of the release that it carries, in milliseconds: 90 days. */
export const releaseLifetimeMs = 7_776_000_000

/** Longest text of a release within a statement, in characters. */
export const maxReleaseText = 12_288

const seconds = z.int().refine(isSeconds)

const payloadSchema = sealing(
  z.strictObject({
    aud: origin,
    iss: participantId,
    jti: z.string().refine(isUuid),
    iat: seconds,
    exp: seconds,
    since: safeSize,
    to: participantId,
    exhibits: z.array(unitReference).min(1).max(64),
    inLieu: code.optional(),
    _sd: z.array(thumbprintText).length(1).optional(),
    _sd_alg: z.literal('sha-256').optional(),
  }),
)

/** What a holder signs to hand units to another (docs/spec/19-custody.md, "The release"). */
export type ReleasePayload = z.infer<typeof payloadSchema>

export interface Release extends ReleasePayload {
  readonly jws: CompactJws
  readonly header: ProtectedHeader
}

/** Releases that were read, by the members that carry them: they are asked for references, look-ups and by the rule. */
const known = new WeakMap<object, Release | EvidenceError>()

/** The release that a transfer carries, or why it cannot be read: code `release-malformed`. */
export function releaseOf(members: { readonly release: string }): Release | EvidenceError {
  const before = known.get(members)
  if (before !== undefined) return before
  const read = attempt(() => readRelease(members.release))
  const result = read instanceof EvidenceError ? malformed(read.message, read) : read
  known.set(members, result)
  return result
}

function malformed(why: string, cause?: EvidenceError): EvidenceError {
  return new EvidenceError('release-malformed', `the release cannot be read: ${why}`, { where: 'release' }, { cause })
}

/** Reads a release; its signature is still to be verified. Throws `release-malformed`, and codes of JWS and JSON. */
export function readRelease(text: string): Release {
  const { jws, header, payload } = openInnerJws(text, releaseTyp, 'release')
  if (isKnownAlgorithm(header.alg)) requireSignatureLength(jws, 'release')
  if (hasProtoMember(payload)) throw malformed('it has __proto__')
  const result = payloadSchema.safeParse(payload)
  if (!result.success) throw schemaError(result.error, 'release-malformed', 'release')
  return { ...result.data, jws, header }
}

/** The release that a statement carries; undefined of one that carries none that can be read. */
export function releaseIn({ payload }: { readonly payload: Readonly<Record<string, unknown>> }): Release | undefined {
  if (typeof payload['release'] !== 'string') return undefined
  const release = releaseOf(payload as { readonly release: string })
  return release instanceof EvidenceError ? undefined : release
}

/** What of a transfer the release is compared with. */
export interface TransferMembers {
  readonly release: string
  readonly outcome: 'accepted' | 'rejected' | 'withdrawn'
  readonly checked?: readonly string[] | undefined
  readonly _sd?: readonly string[] | undefined
}

/** Judges a release but for its exhibits, step by step: false where one is broken, which is then the one finding. */
export function judgeRelease(asked: Asked<TransferMembers>, release: Release): boolean {
  const steps = [judgeForm, judgeParties, judgeTimes, judgeKey, judgeSignature]
  return steps.every((step) => step(asked, release))
}

function judgeForm(
  { members, findings, context }: Asked<TransferMembers>,
  { _sd = [], exhibits, aud }: Release,
): boolean {
  const { checked = exhibits } = members
  if (!_sd.every((digest) => members._sd?.includes(digest)))
    return refuse(findings, 'release-malformed', 'seals what the statement does not')
  if (checked.length !== exhibits.length)
    return refuse(findings, 'statement-member', 'has another number of exhibits than "checked"', 'checked')
  return aud === context.origin || refuse(findings, 'audience-wrong', `is for ${aud}, not for ${context.origin}`)
}

/** Adds what is wrong with the release; false. */
function refuse(findings: Findings, code: ErrorCode, why: string, where = 'release'): false {
  violate(findings, code, `the release ${why}`, where)
  return false
}

/** The receiver signs, and the giver is another; of a release that is withdrawn the giver does. */
function judgeParties({ entry, members, findings }: Asked<TransferMembers>, { iss, to }: Release): boolean {
  const signer = members.outcome === 'withdrawn' ? iss : to
  if (to !== iss && entry.statement.common.iss === signer) return true
  return refuse(findings, 'release-party', `is by ${iss} to ${to}: ${to === iss ? 'to itself' : `${signer} must sign`}`)
}

function judgeTimes({ entry: { timeMs }, findings }: Asked<TransferMembers>, { iat, exp }: Release): boolean {
  if (iat <= exp && iat * 1000 > timeMs + issuedToleranceMs)
    return refuse(findings, 'issued-in-future', 'was issued in the entry’s future')
  const left = exp * 1000 - timeMs
  if (iat <= exp && left >= 0 && left <= releaseLifetimeMs) return true
  return refuse(findings, 'release-expired', 'does not end within the 90 days after the entry')
}

/** The key is the giver's and in use before this entry; of a release in lieu the giver is an authority. */
function judgeKey({ registry, findings }: Asked<TransferMembers>, { iss, inLieu, header }: Release): boolean {
  const key = registry.keys.get(header.kid)
  const giver = registry.participants.get(iss)
  const isGivers = key?.participant === iss && key.status === 'active' && giver?.revokedAt === undefined
  if (isGivers && (inLieu === undefined || giver?.roles.includes('authority') === true)) return true
  const why = isGivers
    ? `is in lieu of the holder, and ${iss} is no authority`
    : `is by no key of ${iss} that was in use before`
  const { uncertainSince } = registry
  // Whom an unknown registry entry before admitted or revoked is not known.
  if (uncertainSince !== undefined) {
    leaveOpen(findings, `after entry ${uncertainSince}: the release ${why}`, 'release')
    return true
  }
  refuse(findings, isGivers ? 'in-lieu-authority' : 'release-key', why)
  return registry.isPartial === true && key === undefined
}

function judgeSignature({ registry, findings, context }: Asked<TransferMembers>, { jws, header }: Release): boolean {
  if (!isKnownAlgorithm(header.alg)) {
    leaveOpen(findings, `the release is signed with alg ${header.alg.slice(0, 40)}`, 'release')
    return true
  }
  const key = registry.keys.get(header.kid)
  if (key === undefined || context.verifies(key.publicKey, jws.signingInput, jws.signature)) return true
  return refuse(findings, 'release-signature', 'has a wrong signature')
}
