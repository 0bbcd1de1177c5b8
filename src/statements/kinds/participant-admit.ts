import type { Jwk } from '../../core/jwk.ts'
import { defined } from '../../core/objects.ts'
import { z } from 'zod'
import type { StatementKind } from '../kind.ts'
import { clearText, code, oneKey, participantId, sealing, sealMembers } from '../members.ts'
import { judgeNewKey } from '../new-key.ts'
import { withParticipant } from '../registry.ts'
import { leaveOpen, violate } from '../rules.ts'
import { admissionClaims } from '../sealed.ts'
import { isRole, participantTypes, personalIdPattern, personalTypes } from '../vocabulary.ts'

const schema = sealing(
  z.strictObject({
    participant: z.strictObject({
      id: participantId,
      type: z.enum(participantTypes),
      roles: z
        .array(clearText(256))
        .min(1)
        .refine((names) => new Set(names).size === names.length, { error: 'repeats a role' }),
      keys: oneKey,
      name: clearText(256).optional(),
    }),
    identifiedBy: code.optional(),
    ...sealMembers,
  }),
)
export type AdmitMembers = z.infer<typeof schema>

/** A participant comes to the ledger, with its roles and one key (docs/spec/04-rulebook.md). */
export const participantAdmit: StatementKind<'participant.admit', AdmitMembers> = {
  name: 'participant.admit',
  schema,
  roles: ['administrator'],
  seals: admissionClaims,
  proposal: {
    touchesRecovery: (_registry, { participant }) => participant.roles.includes('recovery'),
    replacesAdministrator: (_registry, { participant: { roles } }) =>
      roles.length === 1 && roles[0] === 'administrator',
  },
  admits: ({ participant: { name, ...rest } }) => [name === undefined ? rest : { ...rest, name }],
  judge({ registry, entry, members: { participant, identifiedBy }, findings }) {
    const { id, type, roles, keys, name } = participant
    const jwk = keys[0] as Jwk
    if (registry.participants.has(id))
      violate(findings, 'participant-exists', `the participant id ${id} was used before`, 'participant.id')
    if (personalTypes.includes(type) && !personalIdPattern.test(id))
      violate(findings, 'id-of-person', `the id of a ${type} is not p- and 16 hexadecimal digits`, 'participant.id')
    if (name !== undefined && personalTypes.includes(type))
      violate(findings, 'name-of-person', `the name of a ${type} stands in clear`, 'participant.name')
    const unknown = roles.filter((role) => !isRole(role)).map((role) => JSON.stringify(role))
    if (unknown.length > 0)
      leaveOpen(findings, `the role ${unknown.join(', ')} grants nothing that this version knows`, 'participant.roles')
    if (!judgeNewKey(registry, jwk, findings, 'participant.keys')) return registry
    const record = { id, type, roles, since: entry.index, ...defined({ name, identifiedBy }) }
    return withParticipant(registry, record, jwk)
  },
}
