/** Receipt check and chain re-walk, over any source of entries. */
export * from './check-file.ts'
export * from './check-receipt.ts'
export * from './report.ts'
export * from './source.ts'
export * from './walk.ts'
export type { EntryObserver, EntryWalkResult, VerifyBatch, WalkedEntry } from './walk-entries.ts'
