import { defined } from '../../core/objects.ts'
import type { StatementKind } from '../kind.ts'
import { type Ending, ending, judgeSuccessor } from '../successor.ts'

/** The ledger ends here, and another may go on (docs/spec/14-ledger-keys.md). */
export const ledgerClose: StatementKind<'ledger.close', Ending> = {
  name: 'ledger.close',
  schema: ending,
  roles: ['administrator'],
  seals: {},
  proposal: { touchesRecovery: () => false, replacesAdministrator: () => false },
  ends: ({ reason }) => [{ of: 'ledger', what: 'ledger-closed', code: reason }],
  judge({ registry, entry, members, findings }) {
    judgeSuccessor(members, registry.origin, findings)
    return { ...registry, closedAt: entry.index, ...defined({ successor: members.successor }) }
  },
}
