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
  isOfOtherLedger,
  isTied,
  type LoneEvidence,
  type OneOptions,
} from './receipt.ts'
import { type Finding, joining } from '../../verify/report.ts'
import {
  type DepositReport,
  type FileReport,
  type Findings,
  type FolderReport,
  type ReceiptReport,
  together,
} from './report.ts'
import { noTime, type TimeResult } from './time.ts'

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
  const deposit = await withAnchors(offline, policy, besides)
  const compared = isTied(deposit) ? await compare() : undefined
  const differing = compared?.files.flatMap((file) => file.faults) ?? []
  const { faults, unjudged, ...rest } = await withLaterAndTime(path, deposit, policy, besides, differing)
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
  return withLaterAndTime(path, await withAnchors(result, policy, besides), policy, besides, [])
}

/** Follows the anchors, if any. What they answer of the receipt's ledger is no fault in hand: they may vouch for it. */
async function withAnchors(
  result: CheckResult,
  policy: Policy,
  besides: Besides,
): Promise<CheckResult | AnchoredResult> {
  if (besides.upward === undefined) return result
  const step = await stepBeside(
    result.faults.filter((fault) => !isOfOtherLedger(fault)),
    besides.upward(result, policy),
  )
  return 'refusal' in step ? { ...result, faults: [...result.faults, step.refusal] } : step.value
}

/** Asks the ledger and judges the time; `inHand` are faults that are known besides those of the result. */
async function withLaterAndTime(
  path: string,
  result: CheckResult | AnchoredResult,
  policy: Policy,
  besides: Besides,
  inHand: readonly Finding[],
): Promise<DepositReport> {
  const known = [...result.faults, ...inHand]
  const asked = isToBeAsked(result, besides) ? besides.later?.(result, policy) : undefined
  const later = await stepBeside(known, asked ?? Promise.resolve(undefined))
  const found = 'refusal' in later ? [] : (later.value?.faults ?? [])
  const time = await stepBeside([...known, ...found], besides.time(result, policy))
  const refused = [later, time].flatMap((step) => ('refusal' in step ? [step.refusal] : []))
  const values = {
    later: 'refusal' in later ? undefined : later.value,
    time: 'refusal' in time ? noTime : time.value,
  }
  const rest: Findings = { faults: refused, unjudged: [] }
  return { path, result, ...values, ...together(result, values.later, values.time, rest) }
}

/** What a further step gives, or its refusal as a finding, where faults are in hand that it must not replace. Throws as {@link joining}. */
async function stepBeside<T>(
  inHand: readonly Finding[],
  step: Promise<T>,
): Promise<{ readonly value: T } | { readonly refusal: Finding }> {
  try {
    return { value: await step }
  } catch (error) {
    return { refusal: joining(error, inHand) }
  }
}

/** Asked of what is sound alone: there is no entry to ask for where the receipt does not hold. */
function isToBeAsked({ checked }: CheckResult, { upward }: Besides): boolean {
  return upward === undefined && checked !== undefined && checked.faults.length === 0
}
