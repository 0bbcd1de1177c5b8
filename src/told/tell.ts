import { knownLater, retractionIn } from '../check/steps/later.ts'
import type { CheckResult } from '../check/steps/receipt.ts'
import type { AnyReport, DepositReport, Findings } from '../check/steps/report.ts'
import { type Outcome, type OutcomeKind, outcomeOf } from '../check/steps/outcome.ts'
import { toBase64 } from '../core/base64.ts'
import { count, textOfBytes, visible } from '../core/text.ts'
import type { Finding } from '../verify/report.ts'
import type { Words } from '../words/index.ts'
import { topicOf } from '../words/topic.ts'
import { laterLines } from './later.ts'
import { moreThan } from './more.ts'
import { noticesOf } from './notices.ts'
import { packageParts } from './package.ts'
import { pathOf } from './path.ts'
import { stepsOf } from './steps.ts'
import { type Fact, nothing, type Told, type ToldFinding, type ToldPart } from './told.ts'
import { whenTold } from './when.ts'

/** Puts a report into words. */
export function tell(report: AnyReport, words: Words): Told {
  const outcome = outcomeOf(report)
  const { check } = words
  const of = report.what === 'package' ? packageParts(report, words) : ofOther(report, words)
  return {
    outcome,
    title: check.outcome[outcome.kind],
    sentence: sentenceOf(report, outcome, words),
    notices: noticesOf(report, words),
    subject: { label: report.what === 'folder' ? check.facts.folder : check.facts.file, value: visible(report.path) },
    ...of,
    limits: limitsOf(report, outcome, words),
    steps: isDeposit(report) ? stepsOf(report, words) : [],
    path: isDeposit(report) ? pathOf(report, words) : [],
    ...findingsOf(report, words),
  }
}

function isDeposit(report: AnyReport): report is AnyReport & DepositReport {
  return report.what === 'file' || report.what === 'folder' || report.what === 'receipt'
}

/** Whether only the file was taken back, and not all of its deposit. */
function isFileAlone({ later, carried, result }: DepositReport): boolean {
  return retractionIn(knownLater(later, carried), result)?.what === 'part-retracted'
}

/** What a report of no package says, but for its steps and findings. */
function ofOther(report: AnyReport, words: Words): ToldPart {
  const own = isDeposit(report) ? { ...ofDeposit(report, words), later: laterLines(report, words) } : nothing
  return { ...nothing, ...own, ...filesOf(report, words) }
}

function sentenceOf(report: AnyReport, { kind, standing, why }: Outcome, { check }: Words): string {
  const { sentence } = check
  if (kind === 'noticed') {
    if (report.what === 'package') return sentence.packageNoticed
    if (standing !== 'retracted') return sentence.keyCompromised
    return isDeposit(report) && isFileAlone(report) ? sentence.fileRetracted : sentence.retracted
  }
  if (kind === 'missing') {
    if (report.what === 'receipt' && why === undefined) return sentence.missingFile
    return report.what === 'folder' && why?.code === 'file-not-in-deposit'
      ? sentence.missingFiles
      : sentence.missingOther
  }
  if (kind === 'differs') return report.what === 'folder' ? sentence.folderDiffers : sentence.differs
  if (why?.code === 'certificate-altered' || why?.code === 'certificate-differs') return sentence.document
  if (kind !== 'unchanged') return sentence[kind]
  if (report.what === 'package') return sentence.package
  return report.what === 'misbehaviour' ? sentence.misbehaviour : sentence.unchanged
}

/** Who signed, when, and on whose word: of what was read, whatever came of it. */
function ofDeposit({ result, later, time }: DepositReport, { check }: Words): Pick<Told, 'who' | 'when' | 'word'> {
  const { facts } = check
  const { checked } = result
  if (checked === undefined) return nothing
  const { receipt, statement, disclosures, withheld, witnesses } = checked
  const { origin, size, root } = receipt.proof.checkpoint
  const who: Fact[] = []
  if (statement !== undefined) {
    who.push({ label: facts.signer, value: visible(statement.header.kid), isHash: true })
    who.push({ label: facts.issuer, value: visible(statement.common.iss) })
  }
  const admission = later?.admission
  if (admission?.name !== undefined) who.push({ label: facts.admitted, value: visible(admission.name) })
  if (admission !== undefined) who.push({ label: facts.admittedBy, value: visible(admission.by.iss) })
  for (const { claim, value } of disclosures)
    who.push({ label: `${facts.claims}: ${visible(claim)}`, value: visible(claimText(value)) })
  if (withheld > 0) who.push({ label: facts.claims, value: facts.withheld(withheld) })
  return {
    who,
    when: [
      { label: facts.time, value: whenTold(receipt.entry.time) },
      ...witnesses.map(({ name, timestamp }) => ({
        label: `${facts.witness} ${visible(name)}, ${facts.cosignedAt}`,
        value: timestamp === undefined || timestamp === 0 ? facts.noTime : whenTold(timestamp * 1000),
      })),
      ...time.lines.map((line) => ({ label: facts.timeStamp, value: visible(line) })),
    ],
    word: [
      { label: facts.ledger, value: visible(origin) },
      { label: facts.index, value: count(receipt.entry.index) },
      { label: facts.treeSize, value: count(size) },
      { label: facts.root, value: toBase64(root), isHash: true },
    ],
  }
}

/** A claim's value, as it was disclosed: a text, or a list of them. */
function claimText(value: unknown): string {
  if (typeof value === 'string') return value
  if (Array.isArray(value) && value.every((one) => typeof one === 'string')) return value.join(', ')
  return JSON.stringify(value)
}

function limitsOf(report: AnyReport, { kind }: Outcome, { check }: Words): readonly string[] {
  if (kind === 'broken' || kind === 'differs') return []
  if (report.what === 'misbehaviour') return []
  const { limits } = check
  if (report.what === 'package') {
    const isShown = report.report?.deposits.every(({ admission }) => admission.state === 'shown') === true
    return [...(isShown ? [] : [limits.admitted]), limits.beyond, limits.person, limits.truth]
  }
  const isAdmitted = isDeposit(report) && report.later?.admission !== undefined
  return [...(isAdmitted ? [] : [limits.admitted]), limits.person, limits.truth, ...asOf(report, check)]
}

function asOf(report: AnyReport, { limits }: Words['check']): readonly string[] {
  if (!isDeposit(report) || report.later?.size !== undefined) return []
  const size = sizeOf(report.result)
  return size === undefined ? [] : [limits.asOf(count(size))]
}

function sizeOf({ checked }: CheckResult): number | undefined {
  return checked?.receipt.proof.checkpoint.size
}

/** Findings, the first hundred of each: a folder may have a fault for every file. */
const mostFindings = 100

function findingsOf({ faults, unjudged }: Findings, words: Words): Pick<Told, 'faults' | 'unjudged'> {
  const told = (findings: readonly Finding[]): ToldFinding[] =>
    findings.slice(0, mostFindings).map(({ code, message, file, where, expected, found }) => ({
      code,
      sentence: words.check.topic[topicOf(code)],
      message: visible(message),
      file: seen(file),
      where: seen(where),
      expected: seen(expected),
      found: seen(found),
    }))
  return { faults: told(faults), unjudged: told(unjudged) }
}

function seen(text: string | undefined): string | undefined {
  return text === undefined ? undefined : visible(text)
}

/** Most files that are listed one by one. */
const mostFiles = 500

function filesOf(report: AnyReport, words: Words): Pick<Told, 'files' | 'summary'> {
  const { check } = words
  if (report.what === 'folder') {
    const all = report.compared?.files ?? []
    const fine = all.filter(({ faults }) => faults.length === 0)
    const sorted = [...all].sort((a, b) => Number(a.faults.length === 0) - Number(b.faults.length === 0))
    const unlisted = report.compared?.unlisted.length ?? 0
    return {
      files: sorted.slice(0, mostFiles).map(({ name, state, now, faults }) => ({
        name: visible(now === undefined ? name : `${name} → ${now}`),
        state: check.state[state],
        isFine: faults.length === 0,
      })),
      summary: [
        ...(report.compared === undefined ? [] : [check.folder.counts(count(fine.length), count(all.length))]),
        ...(unlisted > 0 ? [check.folder.unlisted(count(unlisted))] : []),
        ...moreThan(mostFiles, all.length, words),
      ],
    }
  }
  if (report.what === 'file' || report.what === 'receipt') {
    const { line } = report.result
    const listed = line === undefined ? [] : [`${check.facts.depositedAs}: ${visible(textOfBytes(line.path))}`]
    return { files: [], summary: listed }
  }
  if (report.what === 'misbehaviour') return { files: [], summary: report.proof.says.map(visible) }
  return { files: [], summary: [] }
}

/** The mark of an outcome beside its words: none of them stands for another where colours are not seen. */
export const marks: Readonly<Record<OutcomeKind, string>> = {
  unchanged: '✓',
  noticed: '!',
  differs: '≠',
  broken: '✗',
  newer: '↻',
  missing: '?',
}
