import { z } from 'zod'
import type { StatementKind } from '../kind.ts'
import { code, participantId, reference, sealedDigests, time } from '../members.ts'
import { sealedShapes } from '../sealed.ts'
import { caseRoles } from '../vocabulary.ts'

const schema = z.strictObject({ _sd: sealedDigests.max(1), _sd_alg: z.literal('sha-256') })
export type AccessMembers = z.infer<typeof schema>

/** What the sealed claim `terms` says (docs/spec/21-access-rules.md). */
const terms = z.strictObject({
  rule: z.enum(['grant', 'end', 'seal', 'unseal', 'hold', 'unhold']),
  of: z
    .array(reference.omit({ item: true, line: true }))
    .min(1)
    .max(64),
  to: z.array(participantId).min(1).max(64).optional(),
  until: time.optional(),
  basis: sealedShapes.note,
  grade: code.optional(),
})
export type AccessTerms = z.infer<typeof terms>

/** Who may read deposits, whether they are sealed, whether their claims may be erased: all of it in the sealed claim `terms`. */
export const accessRule: StatementKind<'access.rule', AccessMembers> = {
  name: 'access.rule',
  schema,
  roles: caseRoles,
  seals: { terms },
  judge: ({ registry }) => registry,
  sealedFault: (_members, _claim, value) => termsFault(value as AccessTerms),
}

function termsFault({ rule, of, to, until }: AccessTerms): string | undefined {
  const isOfSome = rule === 'grant' || rule === 'end'
  if (isOfSome !== (to !== undefined))
    return isOfSome ? `has the rule ${rule} and no "to"` : `has the rule ${rule}, and "to" stands beside grant and end`
  if (until !== undefined && (rule === 'end' || rule.startsWith('un')))
    return `has the rule ${rule}, and "until" stands beside grant, seal and hold`
  if (isRepeating(of.map(({ index }) => index))) return 'names an entry twice in "of"'
  return isRepeating(to ?? []) ? 'names a participant twice in "to"' : undefined
}

function isRepeating(values: readonly unknown[]): boolean {
  return new Set(values).size < values.length
}
