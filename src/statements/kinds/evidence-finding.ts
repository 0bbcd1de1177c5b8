import { z } from 'zod'
import type { PlacedReference, StatementKind } from '../kind.ts'
import { code, placed, reference, sealing, sealMembers } from '../members.ts'
import { judgeReference } from '../references.ts'
import { sealedShapes } from '../sealed.ts'

const schema = sealing(z.strictObject({ of: reference, finding: code, ...sealMembers }))
export type FindingMembers = z.infer<typeof schema>

function referenceOf({ of, finding }: FindingMembers): PlacedReference {
  return { ...placed('of', of), event: { what: 'found', code: finding } }
}

/** An authority decides of a challenge, or of a deposit, one item or one file of it (docs/spec/20-records.md). */
export const evidenceFinding: StatementKind<'evidence.finding', FindingMembers> = {
  name: 'evidence.finding',
  schema,
  roles: ['authority'],
  seals: { reasons: sealedShapes.note },
  references: (members) => [referenceOf(members)],
  judge(asked) {
    judgeReference(referenceOf(asked.members), asked, ['challenge'])
    return asked.registry
  },
}
