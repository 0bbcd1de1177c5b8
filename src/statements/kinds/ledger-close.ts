import { utf8 } from '../../core/bytes.ts'
import { parseSignedCheckpoint } from '../../core/checkpoint.ts'
import { EvidenceError } from '../../core/errors.ts'
import { z } from 'zod'
import type { StatementKind } from '../kind.ts'
import { clearText, origin } from '../members.ts'
import { violate } from '../rules.ts'
import { closeReasons } from '../vocabulary.ts'

const schema = z.strictObject({
  reason: z.enum(closeReasons),
  successor: z.strictObject({ origin, checkpoint: clearText(4096) }).optional(),
})
export type CloseMembers = z.infer<typeof schema>

/** The ledger ends here, and another may go on (docs/spec/14-ledger-keys.md). */
export const ledgerClose: StatementKind<'ledger.close', CloseMembers> = {
  name: 'ledger.close',
  schema,
  roles: ['administrator'],
  seals: {},
  proposal: { touchesRecovery: () => false, replacesAdministrator: () => false },
  ends: ({ reason }) => [{ of: 'ledger', what: 'ledger-closed', code: reason }],
  judge({ registry, entry, members: { successor }, findings }) {
    if (successor === undefined) return { ...registry, closedAt: entry.index }
    const why = successorFault(successor, registry.origin)
    if (why !== undefined) violate(findings, 'successor-invalid', `the successor’s checkpoint ${why}`, 'successor')
    return { ...registry, closedAt: entry.index, successor }
  },
}

/** Why a checkpoint cannot be the first of a ledger that goes on from this one; undefined where it can. */
function successorFault(
  { origin: named, checkpoint: text }: NonNullable<CloseMembers['successor']>,
  own: string,
): string | undefined {
  try {
    const { checkpoint } = parseSignedCheckpoint(utf8(text))
    if (checkpoint.origin !== named) return 'is not of the origin that is named'
    if (named === own) return 'is this ledger’s own'
    return checkpoint.size === 1 ? undefined : 'is not of size 1'
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    return `cannot be read: ${error.message}`
  }
}
