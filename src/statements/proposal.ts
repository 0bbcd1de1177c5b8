import { attempt } from '../core/attempt.ts'
import { fromBase64url } from '../core/base64.ts'
import { utf8Length } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { type JsonObject, type JsonValue, parseJson, requireObject } from '../core/json.ts'
import { isOrigin } from '../core/origin.ts'
import { isSeconds } from '../core/time.ts'
import type { Body, ReadMembers } from './kind.ts'
import { isUuid } from './statement.ts'

/** A change that is proposed (docs/spec/14-ledger-keys.md). */
export interface Proposal<Carried extends Body = Body> {
  readonly aud: string
  readonly jti: string
  /** Seconds since 1970. */
  readonly exp: number
  readonly body: Carried
}

/**
 * Reads a proposal, base64url of its JSON. Returns undefined where its kind is of a later version. Throws `proposal-malformed`,
 * also for a kind that is not proposed, and the codes of the kind's members.
 */
export function parseProposal(text: string, readMembers: ReadMembers): Proposal | undefined {
  const payload = attempt(() => requireObject(parseJson(fromBase64url(text, 'proposal'), 'proposal'), 'proposal'))
  if (payload instanceof EvidenceError)
    throw new EvidenceError('proposal-malformed', payload.message, { where: 'proposal' }, { cause: payload })
  const { aud, jti, exp, kind, ...own } = payload as { [member: string]: JsonValue | undefined }
  const bad = (member: string, why: string): EvidenceError =>
    new EvidenceError('proposal-malformed', `"${member}" of the proposal ${why}`, { where: `proposal.${member}` })
  if (typeof aud !== 'string' || !isOrigin(aud)) throw bad('aud', 'is not one origin')
  if (typeof jti !== 'string' || !isUuid(jti)) throw bad('jti', 'is not a lower-case UUID')
  if (!isSeconds(exp)) throw bad('exp', 'is not a time in seconds, up to the year 9999')
  if (typeof kind !== 'string' || kind === '' || utf8Length(kind) > 256) throw bad('kind', 'is not a kind')
  const body = readMembers(kind, own as JsonObject)
  return body === undefined ? undefined : { aud, jti, exp, body }
}
