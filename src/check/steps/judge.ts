import type { KeyTransition } from '../../core/key-transition.ts'
import type { Policy } from '../../core/policy.ts'
import type { AnchoredResult } from './anchors.ts'
import type { ComparedFolder } from './compare.ts'
import type { Evidence, Handed, ManifestEvidence } from './handed.ts'
import type { OnlineStatus } from './later.ts'
import {
  checkAlone,
  checkManifestOnly,
  checkOne,
  type CheckResult,
  isTied,
  type LoneEvidence,
  type OneOptions,
} from './receipt.ts'
import { type DepositReport, type FileReport, type FolderReport, type ReceiptReport, together } from './report.ts'
import type { TimeResult } from './time.ts'

/** What is asked of a deposit besides its receipt. */
export interface Besides {
  /** Follows anchors from the receipt's ledger to that of the policy; undefined where none were handed over. */
  readonly upward: ((result: CheckResult, policy: Policy) => Promise<CheckResult | AnchoredResult>) | undefined
  /** Asks the receipt's ledger what happened later; undefined where it is not asked. */
  readonly later: ((result: CheckResult, policy: Policy) => Promise<OnlineStatus>) | undefined
  /** Judges the time proof that lies beside the receipt, or was named. */
  readonly time: (result: CheckResult, policy: Policy) => Promise<TimeResult>
}

/** Checks a file against its evidence, and all that is asked besides. Throws what says nothing of the evidence. */
export async function judgeFile(
  handed: Handed,
  path: string,
  evidence: Evidence,
  policy: Policy,
  { besides, ...options }: OneOptions & { readonly besides: Besides },
): Promise<FileReport> {
  const result = await checkOne(handed, path, evidence, policy, options)
  return { what: 'file', ...(await withBesides(path, result, policy, besides)) }
}

/** Checks a receipt or file proof whose file is not here, and all that is asked besides. Throws as {@link checkAlone}. */
export async function judgeReceipt(
  handed: Handed,
  evidence: LoneEvidence,
  policy: Policy,
  besides: Besides,
): Promise<ReceiptReport> {
  const path = evidence.kind === 'receipt' ? evidence.receipt : evidence.proof
  const result = checkAlone(handed, evidence, policy)
  return { what: 'receipt', ...(await withBesides(path, result, policy, besides)) }
}

/**
 * Checks a folder's deposit, and its files by `compare` where the manifest is shown to be the one deposited; then all that is asked besides.
 * Throws what says nothing of the evidence.
 */
export async function judgeFolder(
  handed: Handed,
  path: string,
  evidence: ManifestEvidence,
  policy: Policy,
  {
    transition,
    compare,
    besides,
  }: {
    readonly transition: KeyTransition | undefined
    readonly compare: () => Promise<ComparedFolder>
    readonly besides: Besides
  },
): Promise<FolderReport> {
  const offline = await checkManifestOnly(handed, evidence, policy, transition)
  const deposit = (await besides.upward?.(offline, policy)) ?? offline
  const compared = isTied(deposit) ? await compare() : undefined
  const { faults, unjudged, ...rest } = await withLaterAndTime(path, deposit, policy, besides)
  const differing = compared?.files.flatMap((file) => file.faults) ?? []
  const own = deposit.faults.length
  // Of the deposit first, then of its files, then of what was asked besides.
  return {
    what: 'folder',
    ...rest,
    compared,
    faults: [...faults.slice(0, own), ...differing, ...faults.slice(own)],
    unjudged,
  }
}

async function withBesides(
  path: string,
  result: CheckResult,
  policy: Policy,
  besides: Besides,
): Promise<DepositReport> {
  return withLaterAndTime(path, (await besides.upward?.(result, policy)) ?? result, policy, besides)
}

async function withLaterAndTime(
  path: string,
  result: CheckResult | AnchoredResult,
  policy: Policy,
  besides: Besides,
): Promise<DepositReport> {
  const later = isToBeAsked(result, besides) ? await besides.later?.(result, policy) : undefined
  const time = await besides.time(result, policy)
  return { path, result, later, time, ...together(result, later, time) }
}

/** Asked of what is sound alone: there is no entry to ask for where the receipt does not hold. */
function isToBeAsked({ checked }: CheckResult, { upward }: Besides): boolean {
  return upward === undefined && checked !== undefined && checked.faults.length === 0
}
