import type { PackageReport } from '../../package/package-report.ts'
import type { CheckedMisbehaviour } from '../../verify/check-misbehaviour.ts'
import type { Finding } from '../../verify/report.ts'
import type { AnchoredResult } from './anchors.ts'
import type { ComparedFolder } from './compare.ts'
import type { OnlineStatus, ProvenLater } from './later.ts'
import type { CheckResult } from './receipt.ts'
import type { TimeResult } from './time.ts'

/** What was found: of evidence, of a chain, or of one step of a check. */
export interface Findings {
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
}

/** What a receipt shows, with all that was asked besides. */
export interface DepositReport extends Findings {
  readonly path: string
  readonly result: CheckResult | AnchoredResult
  /** What the ledger answered; undefined where it was not asked. */
  readonly later: OnlineStatus | undefined
  /** What receipts of later entries show that came with it, as a certificate brings them. */
  readonly carried?: ProvenLater | undefined
  readonly time: TimeResult
}

export interface FileReport extends DepositReport {
  readonly what: 'file'
}

export interface FolderReport extends DepositReport {
  readonly what: 'folder'
  /** Undefined where the manifest is not shown to be the one deposited: then no file was compared. */
  readonly compared: ComparedFolder | undefined
}

/** A receipt or file proof without the file that it is for. */
export interface ReceiptReport extends DepositReport {
  readonly what: 'receipt'
}

export interface MisbehaviourReport extends Findings {
  readonly what: 'misbehaviour'
  readonly path: string
  readonly proof: CheckedMisbehaviour
}

export interface CheckedPackageReport extends Findings {
  readonly what: 'package'
  readonly path: string
  /** Undefined where the package could not be opened: the one fault says why. */
  readonly report: PackageReport | undefined
  /** Whose policy it was judged by; `differs` where the package brings another than was given. */
  readonly policy: { readonly from: 'given' | 'package'; readonly differs: boolean }
}

/** What one check found, whatever was handed over: the command line prints it, the page shows it. */
export type Report = FileReport | FolderReport | MisbehaviourReport | CheckedPackageReport

/** What one check found where files may be missing: a receipt alone is judged too. */
export type AnyReport = Report | ReceiptReport

/** The findings of several steps, in their order. */
export function together(...parts: readonly (Findings | undefined)[]): Findings {
  return {
    faults: parts.flatMap((part) => part?.faults ?? []),
    unjudged: parts.flatMap((part) => part?.unjudged ?? []),
  }
}
