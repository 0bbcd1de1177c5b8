/** What an auditor checks: receipts, files, anchors, statuses, proofs of misbehaviour, and whole ledgers. Runs in a browser. */
export { type Anchor, encodeAnchor, parseAnchor } from './anchor.ts'
export type { Appraiser } from './appraiser.ts'
export { anchorLimits, checkAnchors } from './check-anchors.ts'
export {
  algorithmsOf,
  checkFile,
  checkFileProof,
  checkManifest,
  type FileVerdict,
  type MeasuredFile,
} from './check-file.ts'
export { type CheckedMisbehaviour, checkMisbehaviour, misbehaviourLimits } from './check-misbehaviour.ts'
export { type CheckedReceipt, checkReceipt, receiptLimits } from './check-receipt.ts'
export { checkStatus, statusLimits } from './check-status.ts'
export { GrowingWalk } from './growing-walk.ts'
export { exitCodeOf, type Finding } from './report.ts'
export { rotatedPolicy } from './rotated-policy.ts'
export type { EntryObserver, WalkedEntry } from './judge-entry.ts'
export { walk, type WalkOptions, type WalkReport } from './walk.ts'
export type { LogSource } from '../log/log.ts'
export { type LogEntry, LogView } from '../log/view.ts'
