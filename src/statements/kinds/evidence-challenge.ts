import { z } from 'zod'
import type { PlacedReference, StatementKind } from '../kind.ts'
import { code, placed, reference, sealedDigests } from '../members.ts'
import { judgeReference } from '../references.ts'
import { sealedShapes } from '../sealed.ts'
import { caseRoles } from '../vocabulary.ts'

const schema = z.strictObject({ of: reference, _sd: sealedDigests, _sd_alg: z.literal('sha-256') })
export type ChallengeMembers = z.infer<typeof schema>

function referenceOf({ of }: ChallengeMembers): PlacedReference {
  return { ...placed('of', of), event: { what: 'challenged' } }
}

/** A participant disputes a deposit, one item or one file of it; on what ground is sealed (docs/spec/20-records.md). */
export const evidenceChallenge: StatementKind<'evidence.challenge', ChallengeMembers> = {
  name: 'evidence.challenge',
  schema,
  roles: caseRoles,
  seals: { ground: z.array(code).min(1).max(16), reasons: sealedShapes.note },
  pointedAt: 'challenge',
  references: (members) => [referenceOf(members)],
  judge(asked) {
    judgeReference(referenceOf(asked.members), asked)
    return asked.registry
  },
}
