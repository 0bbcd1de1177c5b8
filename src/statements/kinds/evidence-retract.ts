import { z } from 'zod'
import type { StatementKind } from '../kind.ts'
import { entryReference } from '../members.ts'
import { judgeReference } from '../references.ts'
import { violate } from '../rules.ts'
import { retractReasons } from '../vocabulary.ts'

const schema = z.strictObject({ of: entryReference, reason: z.enum(retractReasons) })
export type RetractMembers = z.infer<typeof schema>

/** A deposit is taken back by the participant that made it (docs/spec/04-rulebook.md). */
export const evidenceRetract: StatementKind<'evidence.retract', RetractMembers> = {
  name: 'evidence.retract',
  schema,
  roles: ['depositor'],
  seals: {},
  references: ({ of, reason }) => [{ where: 'of', ...of, event: { what: 'retracted', code: reason } }],
  judge(asked) {
    const { registry, entry, members, findings } = asked
    const target = judgeReference({ where: 'of', ...members.of }, asked)
    if (target !== undefined && target.iss !== entry.statement.common.iss)
      violate(findings, 'retract-not-own', `entry ${members.of.index} was deposited by ${target.iss}`, 'of')
    return registry
  },
}
