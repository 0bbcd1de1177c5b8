import { z } from 'zod'
import { custodianRoles, judgeOwnUnits, leaveOwnUnitsOpen, maxUnits, ownUnits } from '../custody-units.ts'
import type { StatementKind } from '../kind.ts'
import { entryReference, type Placed, placed, sealing, sealMembers, unitReference } from '../members.ts'
import { acceptanceClaim, sealedShapes } from '../sealed.ts'

const schema = sealing(
  z.strictObject({
    of: z.array(unitReference).min(1).max(maxUnits),
    how: z.enum(['returned', 'disposed', 'lost']),
    order: entryReference.optional(),
    ...sealMembers,
  }),
).refine(({ how, order }) => how !== 'disposed' || order !== undefined, {
  error: 'is missing beside "disposed"',
  path: ['order'],
})
export type EndMembers = z.infer<typeof schema>

function orderOf({ order }: EndMembers): Placed[] {
  return order === undefined ? [] : [placed('order', order)]
}

/** Custody of units ends: they were given to somebody outside, disposed of by order, or lost (docs/spec/19-custody.md). */
export const custodyEnd: StatementKind<'custody.end', EndMembers> = {
  name: 'custody.end',
  schema,
  roles: custodianRoles,
  seals: { note: sealedShapes.note, acceptance: acceptanceClaim },
  hasState: true,
  references: (members) => [...ownUnits(members, { what: 'custody-ended', code: members.how }), ...orderOf(members)],
  judge: (asked) => judgeOwnUnits(asked, false, (held) => ({ ...held, isEnded: true }), orderOf(asked.members)),
  leftOpen: leaveOwnUnitsOpen,
  // Of a participant that is known its roles are, and of an entry that is that it broke a rule.
  holdsAnyway: (registry, _members, { code, facts: { found } }) =>
    code === 'disposal-order' && (found === undefined || registry.participants.has(found)),
}
