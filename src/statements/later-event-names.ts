import type { CustodyEventName, LaterEventName } from './kind.ts'

/** What custody statements say of a deposit. */
export const custodyEventNames: readonly [CustodyEventName, ...CustodyEventName[]] = [
  'handed-over',
  'custody-ended',
  'custody-resumed',
]

/** What may happen to an entry later, by name, in the order of docs/spec/15-status.md. */
export const laterEventNames: readonly [LaterEventName, ...LaterEventName[]] = [
  'retracted',
  'part-retracted',
  'attested',
  'related',
  'recorded',
  'challenged',
  'found',
  ...custodyEventNames,
  'erasure-ordered',
  'key-rotated',
  'key-revoked',
  'participant-revoked',
]

/** What readers of the entry are told, and nobody else (docs/spec/20-records.md): other askers' requests do not even look for it. */
export const toReadersOnly: ReadonlySet<LaterEventName> = new Set<LaterEventName>([
  'recorded',
  'challenged',
  'found',
  ...custodyEventNames,
  'erasure-ordered',
])
