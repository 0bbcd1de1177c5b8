import type { Digester } from '../core/digester.ts'
import type { Policy } from '../core/policy.ts'
import type { Receipt } from '../core/receipt.ts'
import type { CheckedReceipt } from '../verify/check-receipt.ts'
import type { Finding } from '../verify/report.ts'
import type { AdmissionVerdict } from './shown-ledger.ts'
import type { CheckedFile, MissingFile } from './check-files.ts'
import type { PackagedEvent, Standing } from './package-events.ts'
import type { PackerWords } from './package-words.ts'

/** What a time proof beside a receipt shows (docs/spec/13-time-stamps.md), as who can read certificates judged it. */
export interface JudgedTime {
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
  /** What it says, for people. */
  readonly lines: readonly string[]
  /** What it does not show. */
  readonly limits: readonly string[]
  /** What it says, for programs. */
  readonly document: object
}

/**
 * Judges the time proof at a path of the package. `policy` is undefined for a receipt that a key transition stands in for: a
 * retired key may then have signed the stamped checkpoint, and no signature of it counts.
 */
export type TimeJudge = (
  path: string,
  bytes: Uint8Array,
  receipt: Receipt,
  policy: Policy | undefined,
) => Promise<JudgedTime>

export interface PackageCheckOptions {
  /** What hashes the files; without one, what does in any runtime, slowly. */
  readonly digester?: Digester
  readonly onBytes?: (count: number) => void
  /** Without one, time proofs are not judged. */
  readonly judgeTime?: TimeJudge
}

/** What one receipt of a package shows. */
export interface PackagedReceipt {
  readonly path: string
  readonly checked: CheckedReceipt
  readonly admission: AdmissionVerdict
  /** Size of the newest checkpoint under which the package shows the entry. */
  readonly size: number
  /** What the time proofs beside it show. */
  readonly times: readonly JudgedTime[]
  /** By entries of the package: that its signer's key is said to have been compromised at its time. */
  readonly flagged: readonly string[]
  /** What `flagged` says, by entries of which something is not judged. */
  readonly flaggedNotJudged: readonly string[]
}

export interface PackagedDeposit extends PackagedReceipt {
  readonly folder: string
  readonly files: readonly CheckedFile[]
  /** How many files were deposited. */
  readonly deposited: number
  /** Deposited files that are not in the package, by name. */
  readonly missing: readonly MissingFile[]
  /** How many more are not in the package, whose names it does not hold. */
  readonly unnamed: number
  /** Whether the packer asked the ledger for what happened later, and as of which size: the packer's word. */
  readonly askedAt: number | undefined
}

export interface StandingDeposit extends PackagedDeposit {
  /** What is known of it; undefined where the package has a fault, or where what would decide it is not judged. */
  readonly standing: Standing | undefined
}

export interface PackagedRelated extends PackagedReceipt {
  /** What it says, and of which deposit of the package. */
  readonly events: readonly PackagedEvent[]
}

/** A deposit, or one item or file of it, that its depositor took back. */
export interface Retraction {
  readonly folder: string
  readonly of: number
  readonly by: number
  readonly time: string
  readonly reason: string
  /** The one item that was taken back, and the line of the manifest that it is; of the whole deposit none. */
  readonly item?: number
  readonly line?: number
}

export interface PackageReport {
  /** The worst of its deposits and related entries; undefined where there is a fault, or where what would decide it is not judged. */
  readonly standing: Standing | undefined
  readonly words: PackerWords
  readonly files: number
  readonly bytes: number
  readonly deposits: readonly StandingDeposit[]
  readonly related: readonly PackagedRelated[]
  readonly retractions: readonly Retraction[]
  /** What would be retractions, where something of the retraction or of the deposit is not judged. */
  readonly retractionsNotJudged: readonly Retraction[]
  readonly faults: readonly Finding[]
  readonly faultCount: number
  readonly unjudged: readonly Finding[]
  readonly flagged: readonly string[]
  /** What `flagged` says, by entries of which something is not judged. */
  readonly flaggedNotJudged: readonly string[]
  /** What this package does not show. */
  readonly notShown: readonly string[]
  /** Files that hold the packer's words, which were not checked. */
  readonly notChecked: readonly string[]
}

/** What no package shows. */
export const packageLimits: readonly string[] = [
  'That no revocation, retraction or attestation followed, or preceded, beyond what the package holds: ask the ledger, or "evidence verify".',
  'Who stands behind a key: the administrators of the ledger admitted it under the name that they vouch for.',
  'That what was deposited is true, or was untouched before it was deposited.',
]
