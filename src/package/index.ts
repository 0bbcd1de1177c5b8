/** Evidence packages: BagIt folders and zips that hold all that is needed to check some deposits. */
export { Admissions } from './admissions.ts'
export type { AdmissionVerdict, AdmittedKey } from './shown-ledger.ts'
export { admissionReceipts, type KeyEntries, type KeyLocator, scanningLocator } from './admission-receipts.ts'
export type { Bag, BagFile } from './bag.ts'
export { type BagContent, type BagSink, contentSize, writeBag } from './bag-writer.ts'
export { checkPackage, ownPolicy } from './check-package.ts'
export { standings, type PackagedEvent, type Standing } from './package-events.ts'
export type {
  JudgedTime,
  PackageCheckOptions,
  PackagedDeposit,
  StandingDeposit,
  PackagedReceipt,
  PackagedRelated,
  PackageReport,
  Retraction,
  TimeJudge,
} from './package-report.ts'
export { FolderBag } from './folder-bag.ts'
export { FolderSink } from './folder-sink.ts'
export { type Sidecar, sidecars } from './layout.ts'
export { type DepositInput, type FileInput, type PackageInput, packageFiles } from './make-package.ts'
export { type ReceiptInput, soundInput, type SoundReceipt, soundReceipt } from './sound-receipt.ts'
export { type LaterEntry, scanLaterEntries } from './later-entries.ts'
export { verifyGuide } from './verify-guide.ts'
export { ZipBag } from './zip-bag.ts'
export { ZipSink } from './zip-sink.ts'
