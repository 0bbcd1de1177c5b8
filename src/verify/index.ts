/** Receipt check and chain re-walk, over any source of entries. */
export * from './anchor.ts'
export * from './check-anchors.ts'
export * from './check-file.ts'
export * from './check-receipt.ts'
export * from './check-status.ts'
export * from './report.ts'
export * from './rotated-policy.ts'
export * from './walk.ts'
export { LogView } from '../log/view.ts'
export * from './appraise.ts'
export type { Appraiser } from './appraiser.ts'
export * from './chunks.ts'
export * from './packed.ts'
export * from './rehash.ts'
export type { EntryObserver, EntryWalkResult, WalkedEntry } from './walk-entries.ts'
export * from './check-misbehaviour.ts'
export { GrowingWalk, type GrowthReport } from './growing-walk.ts'
export { isSignedByLedger } from './ledger-keys.ts'
// The format is core's, for witnesses write it too.
export {
  encodeMisbehaviour,
  isMisbehaviour,
  maxMisbehaviourBytes,
  type Misbehaviour,
  type ParsedMisbehaviour,
  parseMisbehaviour,
  type SealedEntry,
} from '../core/index.ts'
export { prefixHashes, prefixParts } from './prefix-parts.ts'
