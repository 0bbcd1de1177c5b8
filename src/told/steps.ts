import type { DepositReport } from '../check/steps/report.ts'
import type { AnyReport } from '../check/steps/report.ts'
import { noTime } from '../check/steps/time.ts'
import type { Finding } from '../verify/report.ts'
import type { Words } from '../words/index.ts'
import { type Topic, topicOf } from '../words/topic.ts'

/** One step of a check, and how it came out; `skipped` where it was not taken. */
export interface Step {
  readonly text: string
  readonly state: 'ok' | 'fault' | 'open' | 'skipped'
  readonly word: string
}

type StepName = Exclude<keyof Words['check']['step'], 'ok' | 'fault' | 'open' | 'skipped'>

/** The topics that each step's findings have; the order is that in which they are taken. */
const topicsOf: Readonly<Record<StepName, readonly Topic[]>> = {
  read: ['form', 'unreadable'],
  policy: ['checkpoint', 'policy'],
  quorum: ['witnesses'],
  inclusion: ['inclusion'],
  signature: ['signature', 'admission'],
  audience: [],
  claims: ['claim'],
  file: ['differs', 'not-listed'],
  manifest: ['manifest', 'differs', 'not-listed'],
  time: ['time-stamp'],
  later: ['history', 'unreachable', 'not-permitted'],
}

/** Whether a finding is of a step. */
function isOf(finding: Finding, name: StepName): boolean {
  const { code, where } = finding
  // Of the statement and of a note in one code: a note's names the key.
  if (code === 'signature-invalid') return name === (where === undefined ? 'signature' : 'policy')
  if (code === 'audience-wrong') return name === 'audience'
  if (code === 'receipt-other-ledger') return name === 'policy'
  if (code === 'policy-unsupported') return name === 'quorum'
  return topicsOf[name].includes(topicOf(code))
}

/** The steps of one check, in the order in which they are taken. */
export function stepsOf(report: AnyReport & DepositReport, { check }: Words): readonly Step[] {
  const names = Object.keys(topicsOf) as StepName[]
  return names
    .filter((name) => name !== (report.what === 'folder' ? 'file' : 'manifest'))
    .map((name) => {
      const state = stateOf(name, report)
      return { text: check.step[name], state, word: check.step[state] }
    })
}

/**
 * How a step came out. It holds only where it was taken: what was not, because a step before it found nothing to go on with, is not made, or
 * not judged where this version can tell no more.
 */
function stateOf(name: StepName, report: AnyReport & DepositReport): Step['state'] {
  const { faults, unjudged } = report
  if (faults.some((fault) => isOf(fault, name) && fault.code !== 'policy-unsupported')) return 'fault'
  if (name === 'read') return report.result.checked === undefined ? 'fault' : 'ok'
  if ([...faults, ...unjudged].some(({ code }) => name === 'quorum' && code === 'policy-unsupported')) return 'open'
  if (isTaken(name, report)) return isOpen(name, report) ? 'open' : 'ok'
  const canBeLater = name === 'signature' || name === 'audience' || name === 'claims' || name === 'file'
  return canBeLater && unjudged.length > 0 && report.what !== 'receipt' ? 'open' : 'skipped'
}

/** Whether a step that found no fault was taken. */
function isTaken(name: StepName, report: AnyReport & DepositReport): boolean {
  const { result, faults } = report
  const { checked } = result
  switch (name) {
    case 'policy':
    case 'inclusion':
      return checked !== undefined
    case 'quorum':
      // Without the ledger's own signature nobody's cosignature is asked for; and where none is there, no witness said anything.
      return checked !== undefined && checked.witnesses.length > 0 && !faults.some((fault) => isOf(fault, 'policy'))
    case 'signature':
      return checked?.isSigned === true
    case 'audience':
      return checked?.statement !== undefined
    case 'claims':
      return checked?.body !== undefined
    case 'file':
      return report.what === 'file' && (result.evidence.kind === 'manifest' ? result.line : result.item) !== undefined
    case 'manifest':
      return report.what === 'folder' && report.compared !== undefined
    case 'time':
      return report.time !== noTime
    case 'later':
      return report.later !== undefined
    case 'read':
      return true
  }
}

/** Whether a part of a step that was taken is not judged: one of a file's digests. */
function isOpen(name: StepName, { unjudged }: DepositReport): boolean {
  return name === 'file' && unjudged.some(({ code }) => code === 'digest-not-computable')
}
