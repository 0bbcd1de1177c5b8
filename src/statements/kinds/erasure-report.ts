import { z } from 'zod'
import type { PlacedReference, StatementKind } from '../kind.ts'
import { code, placed, time, wholeEntry } from '../members.ts'
import { judgeSaid } from '../references.ts'
import { violate } from '../rules.ts'

const schema = z.strictObject({ of: wholeEntry, where: code, outcome: code, until: time.optional() })
export type ErasureReportMembers = z.infer<typeof schema>

function referenceOf({ of }: ErasureReportMembers): PlacedReference {
  return { ...placed('of', of), asksWhat: true }
}

/** What became, at one place, of claims whose erasure was ordered (docs/spec/22-erasure.md). */
export const erasureReport: StatementKind<'erasure.report', ErasureReportMembers> = {
  name: 'erasure.report',
  schema,
  roles: ['operator', 'auditor', 'attestor'],
  seals: {},
  references: (members) => [referenceOf(members)],
  judge(asked) {
    const { registry, members, findings } = asked
    const found = judgeSaid(referenceOf(members), asked)
    if (found?.said.isOrder === false)
      violate(findings, 'reference-kind', `entry ${members.of.index} is no order to erase`, 'of')
    return registry
  },
}
