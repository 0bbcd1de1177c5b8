import { z } from 'zod'
import type { StatementKind } from '../kind.ts'
import { code } from '../members.ts'
import { violate } from '../rules.ts'
import { successor, successorFault } from '../successor.ts'

const schema = z.strictObject({ reason: code, successor: successor.optional() })
export type CloseMembers = z.infer<typeof schema>

/** The ledger ends here, and another may go on (docs/spec/14-ledger-keys.md). */
export const ledgerClose: StatementKind<'ledger.close', CloseMembers> = {
  name: 'ledger.close',
  schema,
  roles: ['administrator'],
  seals: {},
  proposal: { touchesRecovery: () => false, replacesAdministrator: () => false },
  ends: ({ reason }) => [{ of: 'ledger', what: 'ledger-closed', code: reason }],
  judge({ registry, entry, members, findings }) {
    if (members.successor === undefined) return { ...registry, closedAt: entry.index }
    const why = successorFault(members.successor, registry.origin)
    if (why !== undefined) violate(findings, 'successor-invalid', `the successor’s checkpoint ${why}`, 'successor')
    return { ...registry, closedAt: entry.index, successor: members.successor }
  },
}
