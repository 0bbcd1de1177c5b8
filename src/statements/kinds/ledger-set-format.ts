import { maxEntryVersion } from '../../core/entry.ts'
import { z } from 'zod'
import type { StatementKind } from '../kind.ts'

const schema = z.strictObject({ version: z.int().min(2).max(maxEntryVersion) })
export type SetFormatMembers = z.infer<typeof schema>

/** Entries of a later version may come from here on. To announce one again changes nothing (docs/spec/14-ledger-keys.md). */
export const ledgerSetFormat: StatementKind<'ledger.set-format', SetFormatMembers> = {
  name: 'ledger.set-format',
  schema,
  roles: ['administrator'],
  seals: {},
  proposal: { touchesRecovery: () => false, replacesAdministrator: () => false },
  judge: ({ registry, members: { version } }) => ({
    ...registry,
    formats: new Set(registry.formats).add(version),
  }),
}
