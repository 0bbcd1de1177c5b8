import { parseTime } from '../../core/time.ts'
import { z } from 'zod'
import type { StatementKind } from '../kind.ts'
import { code, participantId, thumbprintText, time } from '../members.ts'
import {
  activeWithRole,
  type ParticipantRecord,
  type Registry,
  withKeyRecord,
  withParticipantRecord,
} from '../registry.ts'
import { type Findings, violate } from '../rules.ts'

const schema = z
  .strictObject({
    participant: participantId.optional(),
    key: thumbprintText.optional(),
    reason: code,
    compromisedSince: time.optional(),
  })
  .refine((body) => (body.participant === undefined) !== (body.key === undefined), {
    error: 'names not exactly one of participant and key',
    path: ['participant'],
  })
export type RevokeMembers = z.infer<typeof schema>

/** The participant that is revoked, or the owner of the key that is; undefined where the registry has none. */
function subject(registry: Registry, { participant, key }: RevokeMembers): ParticipantRecord | undefined {
  const id = participant ?? registry.keys.get(key as string)?.participant
  return id === undefined ? undefined : registry.participants.get(id)
}

/** The registry without the participant or key; undefined, with a finding, where there is none to revoke. */
function revoke(
  registry: Registry,
  { participant, key, compromisedSince }: RevokeMembers,
  index: number,
  findings: Findings,
): Registry | undefined {
  const compromise = compromisedSince === undefined ? {} : { compromisedSince }
  const refuse = (code: 'participant-unknown' | 'already-revoked', message: string): undefined => {
    violate(findings, code, message, participant === undefined ? 'key' : 'participant')
    return undefined
  }
  if (participant !== undefined) {
    const record = registry.participants.get(participant)
    if (record === undefined) return refuse('participant-unknown', `there is no participant ${participant}`)
    if (record.revokedAt !== undefined)
      return refuse('already-revoked', `the participant ${participant} was revoked by entry ${record.revokedAt}`)
    return withParticipantRecord(registry, { ...record, revokedAt: index, ...compromise })
  }
  const record = registry.keys.get(key as string)
  if (record === undefined) return refuse('participant-unknown', 'there is no such key')
  if (record.status === 'revoked') return refuse('already-revoked', `the key was revoked by entry ${record.until}`)
  return withKeyRecord(registry, { ...record, status: 'revoked', until: index, ...compromise })
}

/** A participant, or one key, signs nothing from here on (docs/spec/04-rulebook.md). */
export const participantRevoke: StatementKind<'participant.revoke', RevokeMembers> = {
  name: 'participant.revoke',
  schema,
  roles: ['administrator'],
  seals: {},
  proposal: {
    touchesRecovery: (registry, members) => subject(registry, members)?.roles.includes('recovery') === true,
    replacesAdministrator(registry, members) {
      const roles = subject(registry, members)?.roles ?? []
      return roles.includes('administrator') && !roles.includes('recovery')
    },
  },
  ends({ participant, key, reason, compromisedSince }) {
    const why = compromisedSince === undefined ? { code: reason } : { code: reason, compromisedSince }
    return key === undefined
      ? [{ of: { participant: participant as string }, what: 'participant-revoked', ...why }]
      : [{ of: { key }, what: 'key-revoked', ...why }]
  },
  judge({ registry, entry, members, findings }) {
    const { participant, compromisedSince } = members
    if (compromisedSince !== undefined && parseTime(compromisedSince) > entry.timeMs)
      violate(findings, 'compromised-since-late', 'compromisedSince is later than the entry', 'compromisedSince')
    const next = revoke(registry, members, entry.index, findings)
    if (next === undefined) return registry
    // Where several approve together, so many must stay, or nothing could ever be approved again.
    if (activeWithRole(next, 'administrator') < (registry.approvals?.administrators ?? 1)) {
      const message = 'the revocation would leave fewer active administrators than a change needs'
      violate(findings, 'last-administrator', message, participant === undefined ? 'key' : 'participant')
    }
    // And so many recovery officers: without them neither administrators nor approvals could be replaced.
    const { recovery = 0 } = registry.approvals ?? {}
    const isOfficer = subject(registry, members)?.roles.includes('recovery') === true
    if (isOfficer && activeWithRole(next, 'recovery') < recovery) {
      const message = 'the revocation would leave fewer active recovery officers than a recovery needs'
      violate(findings, 'threshold-impossible', message, participant === undefined ? 'key' : 'participant')
    }
    return next
  },
}
