import { EvidenceError } from '../../core/errors.ts'
import { defined } from '../../core/objects.ts'
import type { StatementKind } from '../kind.ts'
import type { Findings } from '../rules.ts'
import type { Registry } from '../registry.ts'
import { type Ending, ending, judgeSuccessor } from '../successor.ts'

/** No deposit comes after it; everything else goes on. To end it again changes nothing (docs/spec/14-ledger-keys.md). */
export const ledgerEndIntake: StatementKind<'ledger.end-intake', Ending> = {
  name: 'ledger.end-intake',
  schema: ending,
  roles: ['administrator'],
  seals: {},
  proposal: { touchesRecovery: () => false, replacesAdministrator: () => false },
  ends: ({ reason }) => [{ of: 'intake', what: 'intake-ended', code: reason }],
  judge({ registry, entry, members, findings }) {
    judgeSuccessor(members, registry.origin, findings)
    if (registry.intakeEndedAt !== undefined) return registry
    return { ...registry, intakeEndedAt: entry.index, ...defined({ successor: members.successor }) }
  },
}

/** Adds `intake-ended`, with the entry that ended it, where the ledger takes no deposits. */
export function judgeIntake({ intakeEndedAt }: Registry, findings: Findings): void {
  if (intakeEndedAt === undefined) return
  const message = `entry ${intakeEndedAt} ended the intake: the ledger takes no deposits after it`
  findings.violations.push(new EvidenceError('intake-ended', message, { index: intakeEndedAt }))
}
