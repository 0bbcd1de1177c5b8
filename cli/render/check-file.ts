import { basename, relative } from 'node:path'
import type { AnchoredResult } from '../../src/check/steps/anchors.ts'
import { type OnlineStatus, standingOf } from '../../src/check/steps/later.ts'
import type { CheckResult } from '../../src/check/steps/receipt.ts'
import type { FileReport } from '../../src/check/steps/report.ts'
import { noTime, type TimeResult } from '../../src/check/steps/time.ts'
import { defined } from '../../src/core/objects.ts'
import { textOfBytes } from '../../src/core/text.ts'
import { absolutePath } from '../../src/node/file-path.ts'
import { itemsOf } from '../../src/statements/said.ts'
import { anchorLimits } from '../../src/verify/check-anchors.ts'
import { receiptLimits } from '../../src/verify/check-receipt.ts'
import { statusLimits } from '../../src/verify/check-status.ts'
import { anchoredLine, anchorLines } from './anchors.ts'
import { checkerLine, thisChecker } from './checker.ts'
import { headline, statusLines } from './later.ts'
import { faultLines, provenance } from './provenance.ts'
import { policyDocument, type PolicyFile, policyLine } from '../options/policy.ts'
import { isSound, verdictLine } from './verdict.ts'

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

/** What a time proof says, for programs. */
export function timeDocument(time: TimeResult): object {
  return time === noTime ? {} : { time: time.document }
}

/** How the name that a file was deposited under differs from the one that it has. */
function nameLines(file: string, { evidence, line }: Pick<CheckResult, 'evidence' | 'line'>): string[] {
  const own = evidence.kind === 'manifest' ? relative(evidence.folder, absolutePath(file)) : basename(file)
  if (line === undefined) {
    const receipt = evidence.kind === 'receipt' ? basename(evidence.receipt).replace(/\.tlog-proof$/, '') : own
    const isAmongItems = receipt !== own && receipt.normalize() !== own.normalize()
    return isAmongItems && own !== `${receipt}.evidence-manifest` ? [`the receipt has another name: ${receipt}`] : []
  }
  const listed = textOfBytes(line.path)
  const said = `listed in the deposit as ${listed}`
  if (listed === own || evidence.kind !== 'manifest') return [said]
  return [
    listed.normalize() === own.normalize()
      ? `${said}: same bytes, name spelled otherwise`
      : `${said}: same bytes, now at ${own}`,
  ]
}

/** What is said where nothing is wrong, and no more. */
function cleanLine(result: CheckResult | AnchoredResult): string {
  const anchored = 'anchored' in result ? anchoredLine(result.anchored) : undefined
  return anchored ?? 'unchanged since deposit, signed by this key, at this time by this ledger’s clock:'
}

/** The result of a check of a file, for people. */
export function fileLines({ path, result, later, time, faults, unjudged }: FileReport, policy: PolicyFile): string[] {
  const clean = faults.length === 0 && unjudged.length === 0
  return [
    ...headline(later, result),
    path,
    ...(clean || result.line !== undefined ? nameLines(path, result).map((line) => `  ${line}`) : []),
    ...(clean ? [cleanLine(result)] : []),
    ...provenanceOf(result, later).map((line) => `  ${line}`),
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

/** The result of a check of a file, for programs. */
export function fileDocument({ path, result, later, time, faults, unjudged }: FileReport, policy: PolicyFile): object {
  const { checked, item, evidence, line } = result
  const statement = checked?.statement
  return {
    path,
    ok: isSound({ faults, unjudged }),
    standing: standingOf(later, result),
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
    ...statusDocument(later),
    ...anchorDocument(result),
    checker: thisChecker(),
    policy: policyDocument(policy),
    ...timeDocument(time),
  }
}
