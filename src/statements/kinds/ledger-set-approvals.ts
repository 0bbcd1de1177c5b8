import { z } from 'zod'
import type { StatementKind } from '../kind.ts'
import { activeWithRole } from '../registry.ts'
import { violate } from '../rules.ts'

const threshold = z.int().min(1).max(16)
const schema = z.strictObject({ administrators: threshold, recovery: threshold.optional() })
export type SetApprovalsMembers = z.infer<typeof schema>

/** How many approve a change together from here on (docs/spec/14-ledger-keys.md). */
export const ledgerSetApprovals: StatementKind<'ledger.set-approvals', SetApprovalsMembers> = {
  name: 'ledger.set-approvals',
  schema,
  roles: ['administrator'],
  seals: {},
  setsApprovals: true,
  proposal: { touchesRecovery: () => true, replacesAdministrator: () => false },
  judge({ registry, members: { administrators, recovery }, findings }) {
    for (const [role, where, needed] of [
      ['administrator', 'administrators', administrators],
      ['recovery', 'recovery', recovery ?? 0],
    ] as const) {
      const active = activeWithRole(registry, role)
      if (needed <= active) continue
      const message = `${needed} approvals of the role ${role} are asked for, and ${active} could give one`
      violate(findings, 'threshold-impossible', message, where)
      break
    }
    return { ...registry, approvals: { administrators, ...(recovery === undefined ? {} : { recovery }) } }
  },
}
