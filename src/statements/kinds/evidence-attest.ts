import { z } from 'zod'
import type { PlacedReference, StatementKind } from '../kind.ts'
import { code, placed, reference } from '../members.ts'
import { judgeReference } from '../references.ts'

const schema = z.strictObject({ of: reference, as: code })
export type AttestMembers = z.infer<typeof schema>

function referenceOf({ of, as }: AttestMembers): PlacedReference {
  return { ...placed('of', of), event: { what: 'attested', code: as } }
}

/** Somebody vouches for a deposit, or for one item of it, in a capacity (docs/spec/04-rulebook.md). */
export const evidenceAttest: StatementKind<'evidence.attest', AttestMembers> = {
  name: 'evidence.attest',
  schema,
  roles: ['attestor', 'depositor'],
  seals: {},
  plain: { needs: ['of', 'as'], may: [] },
  references: (members) => [referenceOf(members)],
  judge(asked) {
    judgeReference(referenceOf(asked.members), asked)
    return asked.registry
  },
}
