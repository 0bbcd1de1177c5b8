import { defined } from '../src/core/objects.ts'
import { textOfBytes } from '../src/core/text.ts'
import { anchorLimits } from '../src/verify/check-anchors.ts'
import { receiptLimits } from '../src/verify/check-receipt.ts'
import { statusLimits } from '../src/verify/check-status.ts'
import type { Finding } from '../src/verify/report.ts'
import { itemsOf } from '../src/statements/said.ts'
import { anchoredLine, anchorLines, type AnchoredResult } from './check-anchored.ts'
import { nameLines } from './check-find.ts'
import { headline, type OnlineStatus, standingOf, statusLines } from './check-online.ts'
import type { CheckResult } from './check-run.ts'
import { faultLines, provenance } from './check-text.ts'
import { checkerLine, thisChecker } from './checker.ts'
import { type PolicyFile, policyLine } from './options/policy.ts'
import { isSound, verdictLine } from './render/verdict.ts'
import type { TimeResult } from './check-time.ts'

/** Who signed what, when, where; what anchors and the ledger's answer add. */
export function provenanceOf(result: CheckResult | AnchoredResult, online: OnlineStatus | undefined): string[] {
  const anchored = 'anchored' in result && !result.anchored.isOwn ? result.anchored : undefined
  const later = online?.size === undefined ? undefined : statusLines(online)
  return provenance(result.checked, anchored === undefined ? undefined : anchorLines(anchored), later)
}

/** What a forensic tool reported of the data inside: shown, not checked. */
function reported({ checked, item }: CheckResult): string[] {
  const { body } = checked ?? {}
  const acquired = item === undefined ? undefined : itemsOf(body)[item]?.acquired
  if (acquired === undefined) return []
  const digests = Object.entries(acquired.digest).map(([name, hex]) => `${name} ${hex}`)
  return [`reported by ${acquired.source}, not checked: ${acquired.size} bytes inside, ${digests.join(', ')}`]
}

/** The steps upward, for programs. */
export function anchorDocument(result: CheckResult | AnchoredResult): object {
  return 'anchored' in result ? { anchors: { steps: result.anchored.steps, limits: anchorLimits } } : {}
}

/** The answer of the ledger, for programs. */
export function statusDocument(online: OnlineStatus | undefined): object {
  if (online === undefined) return {}
  const { url, size, events, flagged, admission } = online
  const admitted = admission === undefined ? {} : { admission }
  return { status: { url, size, events, flagged, limits: statusLimits }, ...admitted }
}

/** What is said where nothing is wrong, and no more. */
function cleanLine(result: CheckResult | AnchoredResult): string {
  const anchored = 'anchored' in result ? anchoredLine(result.anchored) : undefined
  return anchored ?? 'unchanged since deposit, signed by this key, at this time by this ledger’s clock:'
}

/** The result of a check, for people. */
export function textOf(
  path: string,
  result: CheckResult,
  online: OnlineStatus | undefined,
  time: TimeResult,
  policy: PolicyFile,
): string[] {
  const { faults, unjudged } = result
  const clean = faults.length === 0 && unjudged.length === 0
  return [
    ...headline(online, result),
    path,
    ...(clean || result.line !== undefined ? nameLines(path, result).map((line) => `  ${line}`) : []),
    ...(clean ? [cleanLine(result)] : []),
    ...provenanceOf(result, online).map((line) => `  ${line}`),
    ...time.lines.map((line) => `  ${line}`),
    ...reported(result).map((line) => `  ${line}`),
    ...faultLines(faults),
    ...unjudged.map(({ message }) => `not judged: ${message}`),
    ...(clean ? ['not shown by a receipt:', ...receiptLimits.map((line) => `  ${line}`)] : []),
    ...(time.limits.length > 0 ? ['not shown by the time stamp:', ...time.limits.map((line) => `  ${line}`)] : []),
    policyLine(policy),
    checkerLine(thisChecker()),
    verdictLine({ faults, unjudged }),
  ]
}

/** The result of a check, for programs. */
export function documentOf(path: string, result: CheckResult, online: OnlineStatus | undefined): object {
  const { checked, faults, unjudged, item, evidence, line } = result
  const statement = checked?.statement
  return {
    path,
    ok: isSound(result),
    standing: standingOf(online, result),
    evidence,
    ...(line === undefined ? {} : { listedAs: textOfBytes(line.path) }),
    ...(checked === undefined ? {} : { index: checked.receipt.entry.index, time: checked.receipt.entry.time }),
    ...(checked === undefined
      ? {}
      : { origin: checked.receipt.proof.checkpoint.origin, size: checked.receipt.proof.checkpoint.size }),
    ...(statement === undefined
      ? {}
      : { iss: statement.common.iss, kid: statement.header.kid, kind: statement.common.kind }),
    ...defined({ item }),
    claims: Object.fromEntries((checked?.disclosures ?? []).map(({ claim, value }) => [claim, value])),
    withheld: checked?.withheld ?? 0,
    faults,
    unjudged,
    notChecked: receiptLimits,
    ...statusDocument(online),
    ...anchorDocument(result),
    checker: thisChecker(),
  }
}

/** What was found of a receipt, and of what was asked besides. */
export interface Findings {
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
}

/** The findings of several parts of a check, in their order. */
export function together(...parts: readonly (Findings | undefined)[]): Findings {
  return {
    faults: parts.flatMap((part) => part?.faults ?? []),
    unjudged: parts.flatMap((part) => part?.unjudged ?? []),
  }
}
