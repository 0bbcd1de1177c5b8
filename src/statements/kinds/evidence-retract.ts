import { z } from 'zod'
import type { StatementKind } from '../kind.ts'
import { code, placed, reference } from '../members.ts'
import { judgeReference } from '../references.ts'
import { violate } from '../rules.ts'

const schema = z.strictObject({ of: reference, reason: code })
export type RetractMembers = z.infer<typeof schema>

/** A deposit, one item of it or one line of a manifest is taken back by the participant that made it (docs/spec/04-rulebook.md). */
export const evidenceRetract: StatementKind<'evidence.retract', RetractMembers> = {
  name: 'evidence.retract',
  schema,
  roles: ['depositor'],
  seals: {},
  plain: { needs: ['of', 'reason'], may: [], ofOwnOnly: true },
  references: ({ of, reason }) => [
    { ...placed('of', of), event: { what: of.item === undefined ? 'retracted' : 'part-retracted', code: reason } },
  ],
  judge(asked) {
    const { registry, entry, members, findings } = asked
    const target = judgeReference(placed('of', members.of), asked)
    if (target !== undefined && target.iss !== entry.statement.common.iss)
      violate(findings, 'retract-not-own', `entry ${members.of.index} was deposited by ${target.iss}`, 'of')
    return registry
  },
}
