import {
  equalBytes,
  type ErrorCode,
  EvidenceError,
  isKnownAlgorithm,
  type Jwk,
  parseHeader,
  parseJson,
  parseTime,
  parseVerifierKey,
  publicKeyOf,
  requireObject,
  splitJws,
  thumbprint,
} from '../core/index.ts'
import {
  activeWithRole,
  type KeyRecord,
  type Registry,
  withKey,
  withKeyRecord,
  withParticipant,
  withParticipantRecord,
} from './registry.ts'
import type { EntryUnderJudgement, Findings, KindRule, RuleContext } from './rules.ts'
import type { AdmitBody, RevokeBody, RotateBody } from './schema.ts'
import { isRole, personalTypes, possessionTyp } from './vocabulary.ts'

function violate(findings: Findings, code: ErrorCode, message: string, where: string): void {
  findings.violations.push(new EvidenceError(code, message, { where }))
}

/** A key that somebody brings: a good point, nobody's before, and not the ledger's. */
function judgeNewKey(registry: Registry, jwk: Jwk, findings: Findings, where: string): boolean {
  let publicKey: Uint8Array
  try {
    publicKey = publicKeyOf(jwk)
  } catch (error) {
    findings.violations.push(error as EvidenceError)
    return false
  }
  const owner = registry.keys.get(thumbprint(jwk))
  if (owner !== undefined) {
    violate(findings, 'key-exists', `the key belongs to ${owner.participant} already`, where)
    return false
  }
  if (registry.ledgerKeys.some((text) => equalBytes(parseVerifierKey(text).publicKey, publicKey))) {
    violate(findings, 'key-is-ledgers', 'the key is the ledger’s own', where)
    return false
  }
  return true
}

export const judgeAdmit: KindRule<AdmitBody> = (registry, entry, { participant }, findings) => {
  const { id, type, roles, keys, name } = participant
  const jwk = keys[0] as Jwk
  if (registry.participants.has(id)) {
    violate(findings, 'participant-exists', `the participant id ${id} was used before`, 'participant.id')
  }
  if (name !== undefined && personalTypes.includes(type)) {
    violate(findings, 'name-of-person', `the name of a ${type} stands in clear`, 'participant.name')
  }
  const unknown = roles.filter((role) => !isRole(role))
  if (unknown.length > 0) {
    findings.unjudged.push(
      new EvidenceError(
        'not-judged',
        `the role ${unknown.map((role) => JSON.stringify(role)).join(', ')} grants nothing that this version knows`,
        {
          where: 'participant.roles',
        },
      ),
    )
  }
  if (!judgeNewKey(registry, jwk, findings, 'participant.keys')) return registry
  const record = { id, type, roles, since: entry.index }
  return withParticipant(registry, name === undefined ? record : { ...record, name }, jwk)
}

export const judgeRevoke: KindRule<RevokeBody> = (registry, entry, members, findings) => {
  const { participant, key, compromisedSince } = members
  if (compromisedSince !== undefined && parseTime(compromisedSince) > entry.timeMs) {
    violate(findings, 'compromised-since-late', 'compromisedSince is later than the entry', 'compromisedSince')
  }
  const compromise = compromisedSince === undefined ? {} : { compromisedSince }
  let next: Registry
  if (participant !== undefined) {
    const record = registry.participants.get(participant)
    if (record === undefined) {
      violate(findings, 'participant-unknown', `there is no participant ${participant}`, 'participant')
      return registry
    }
    if (record.revokedAt !== undefined) {
      violate(
        findings,
        'already-revoked',
        `the participant ${participant} was revoked by entry ${record.revokedAt}`,
        'participant',
      )
      return registry
    }
    next = withParticipantRecord(registry, { ...record, revokedAt: entry.index, ...compromise })
  } else {
    const record = registry.keys.get(key as string)
    if (record === undefined) {
      violate(findings, 'participant-unknown', 'there is no such key', 'key')
      return registry
    }
    if (record.status === 'revoked') {
      violate(findings, 'already-revoked', `the key was revoked by entry ${record.until}`, 'key')
      return registry
    }
    next = withKeyRecord(registry, { ...record, status: 'revoked', until: entry.index, ...compromise })
  }
  // Where several approve together, so many must stay, or nothing could ever be approved again.
  if (activeWithRole(next, 'administrator') < (registry.approvals?.administrators ?? 1)) {
    violate(
      findings,
      'last-administrator',
      'the revocation would leave fewer active administrators than a change needs',
      participant === undefined ? 'key' : 'participant',
    )
  }
  return next
}

export const judgeRotate: KindRule<RotateBody> = (registry, entry, members, findings, _history, context) => {
  const { common, header } = entry.statement
  const isNew = judgeNewKey(registry, members.newKey, findings, 'newKey')
  if (isNew) judgePossession(entry, members, findings, context)
  const old = registry.keys.get(header.kid)
  // Nobody rotates another's key, whatever else of the registry is uncertain.
  if (!isNew || old === undefined || old.participant !== common.iss) return registry
  const rotated: KeyRecord = { ...old, status: 'rotated', until: entry.index }
  return withKey(withKeyRecord(registry, rotated), common.iss, members.newKey, entry.index)
}

/** The new key's own word, bound to this very statement, so that it cannot be replayed for another. */
function judgePossession(
  entry: EntryUnderJudgement,
  { newKey, possession }: RotateBody,
  findings: Findings,
  context: RuleContext,
): void {
  const { common, header } = entry.statement
  try {
    const jws = splitJws(possession, 'possession proof')
    const own = parseHeader(jws.header, possessionTyp, 'possession proof')
    const payload = requireObject(parseJson(jws.payload, 'possession proof'), 'possession proof')
    const bad = (why: string): EvidenceError =>
      new EvidenceError('possession-invalid', `the possession proof ${why}`, { where: 'possession' })
    if (own.kid !== thumbprint(newKey)) throw bad('is not signed by newKey')
    const expected = { aud: common.aud, iss: common.iss, jti: common.jti, old: header.kid }
    if (Object.keys(payload).length !== 4) throw bad('has other members than aud, iss, jti and old')
    for (const [member, value] of Object.entries(expected)) {
      if (payload[member] !== value) throw bad(`says another ${member} than the statement`)
    }
    if (!isKnownAlgorithm(own.alg)) {
      findings.unjudged.push(
        new EvidenceError('not-judged', `the possession proof is signed with alg ${own.alg.slice(0, 40)}`, {
          where: 'possession',
        }),
      )
      return
    }
    if (!context.verifies(publicKeyOf(newKey), jws.signingInput, jws.signature))
      throw bad('has a signature that does not verify')
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    const wrapped =
      error.code === 'possession-invalid'
        ? error
        : new EvidenceError('possession-invalid', error.message, { where: 'possession' })
    findings.violations.push(wrapped)
  }
}
