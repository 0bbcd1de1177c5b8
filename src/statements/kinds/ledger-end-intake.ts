import { EvidenceError } from '../../core/errors.ts'
import { z } from 'zod'
import type { StatementKind } from '../kind.ts'
import { code } from '../members.ts'
import { type Findings, violate } from '../rules.ts'
import type { Registry } from '../registry.ts'
import { successor, successorFault } from '../successor.ts'

const schema = z.strictObject({ reason: code, successor: successor.optional() })
export type EndIntakeMembers = z.infer<typeof schema>

/** No deposit comes after it; everything else goes on. To end it again changes nothing (docs/spec/14-ledger-keys.md). */
export const ledgerEndIntake: StatementKind<'ledger.end-intake', EndIntakeMembers> = {
  name: 'ledger.end-intake',
  schema,
  roles: ['administrator'],
  seals: {},
  proposal: { touchesRecovery: () => false, replacesAdministrator: () => false },
  ends: ({ reason }) => [{ of: 'intake', what: 'intake-ended', code: reason }],
  judge({ registry, entry, members, findings }) {
    const why = members.successor === undefined ? undefined : successorFault(members.successor, registry.origin)
    if (why !== undefined) violate(findings, 'successor-invalid', `the successor’s checkpoint ${why}`, 'successor')
    if (registry.intakeEndedAt !== undefined) return registry
    const next = { ...registry, intakeEndedAt: entry.index }
    return members.successor === undefined ? next : { ...next, successor: members.successor }
  },
}

/** Adds `intake-ended`, with the entry that ended it, where the ledger takes no deposits. */
export function judgeIntake({ intakeEndedAt }: Registry, findings: Findings): void {
  if (intakeEndedAt === undefined) return
  const message = `entry ${intakeEndedAt} ended the intake: the ledger takes no deposits after it`
  findings.violations.push(new EvidenceError('intake-ended', message, { index: intakeEndedAt }))
}
