import { z } from 'zod'
import { custodianRoles, judgeOwnUnits, leaveOwnUnitsOpen, maxUnits, ownUnits } from '../custody-units.ts'
import type { StatementKind } from '../kind.ts'
import { code, sealing, sealMembers, unitReference } from '../members.ts'
import { sealedShapes } from '../sealed.ts'

const schema = sealing(
  z.strictObject({ of: z.array(unitReference).min(1).max(maxUnits), reason: code, ...sealMembers }),
)
export type ResumeMembers = z.infer<typeof schema>

/** Custody that ended goes on with its custodian: what was lost is found, or came back (docs/spec/19-custody.md). */
export const custodyResume: StatementKind<'custody.resume', ResumeMembers> = {
  name: 'custody.resume',
  schema,
  roles: custodianRoles,
  seals: { note: sealedShapes.note },
  hasState: true,
  references: (members) => ownUnits(members, { what: 'custody-resumed', code: members.reason }),
  judge: (asked) => judgeOwnUnits(asked, true, (ended) => ({ ...ended, isEnded: false, since: asked.entry.index })),
  leftOpen: leaveOwnUnitsOpen,
}
