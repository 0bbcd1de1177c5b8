import { z } from 'zod'
import type { PlacedReference, StatementKind } from '../kind.ts'
import { code, placed, reference, sealIsWhole, sealMembers } from '../members.ts'
import { judgeReference } from '../references.ts'
import { sealedShapes } from '../sealed.ts'

const schema = z
  .strictObject({ of: reference, finding: code, ...sealMembers })
  .refine(sealIsWhole, { error: 'has one of _sd and _sd_alg without the other', path: ['_sd'] })
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
