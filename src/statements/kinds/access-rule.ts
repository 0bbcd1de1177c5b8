import { z } from 'zod'
import { type AccessTerms, accessTerms, termsIn } from '../access-terms.ts'
import type { StatementKind } from '../kind.ts'
import { sealedDigests } from '../members.ts'
import { caseRoles } from '../vocabulary.ts'

const schema = z.strictObject({ _sd: sealedDigests.max(1), _sd_alg: z.literal('sha-256') })
export type AccessMembers = z.infer<typeof schema>

/** Who may read deposits, whether they are sealed, whether their claims may be erased: all of it in the sealed claim `terms`. */
export const accessRule: StatementKind<'access.rule', AccessMembers> = {
  name: 'access.rule',
  schema,
  roles: caseRoles,
  seals: { terms: accessTerms },
  // Found again at start, in order, and none of them missing: the rights of a server follow from them.
  hasState: true,
  accessTerms: termsIn,
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
