import { z } from 'zod'
import { handlingsOf, sealedHandling } from '../handling.ts'
import type { PlacedReference, StatementKind } from '../kind.ts'
import { item, placed, relation, sealing, sealMembers } from '../members.ts'
import { judgeReference } from '../references.ts'
import { violate } from '../rules.ts'
import { sealedShapes } from '../sealed.ts'
import { judgeIntake } from './ledger-end-intake.ts'

const schema = sealing(
  z.strictObject({
    items: z.array(item).min(1).max(64),
    relates: z.array(relation).min(1).max(64).optional(),
    ...sealMembers,
  }),
)
export type DepositMembers = z.infer<typeof schema>

type Relation = NonNullable<DepositMembers['relates']>[number]

function referenceOf(relation: Relation, i: number): PlacedReference {
  return { ...placed(`relates[${i}]`, relation), event: { what: 'related', code: relation.rel } }
}

/** Digests of files, and what they have to do with earlier deposits (docs/spec/04-rulebook.md). */
export const evidenceDeposit: StatementKind<'evidence.deposit', DepositMembers> = {
  name: 'evidence.deposit',
  schema,
  roles: ['depositor'],
  seals: sealedShapes,
  plain: { needs: ['items'], may: ['relates'], stands: ({ intakeEndedAt }) => intakeEndedAt === undefined },
  items: ({ items }) => items,
  references: ({ relates = [] }) =>
    relates.flatMap((relation, i) => (relation.origin === undefined ? [referenceOf(relation, i)] : [])),
  judge(asked) {
    const { registry, members, findings } = asked
    judgeIntake(registry, findings)
    members.relates?.forEach((relation, i) => {
      if (relation.origin === undefined) judgeReference(referenceOf(relation, i), asked)
      else if (relation.origin === registry.origin)
        violate(findings, 'reference-origin', 'the reference names this ledger as another', `relates[${i}]`)
    })
    return registry
  },
  sealsItself: (disclosures) => handlingsOf(disclosures).includes(sealedHandling),
  sealedFault({ items }, claim, value) {
    const isShort = claim === 'names' && (value as readonly string[]).length !== items.length
    return isShort ? 'has not one name for each item' : undefined
  },
}
