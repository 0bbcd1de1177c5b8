import type { DepositReport } from '../check/steps/report.ts'
import type { AnyReport } from '../check/steps/report.ts'
import { noTime } from '../check/steps/time.ts'
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
  policy: ['checkpoint', 'other-ledger', 'policy'],
  quorum: ['witnesses'],
  inclusion: ['inclusion'],
  signature: ['signature', 'admission'],
  audience: ['other-ledger'],
  claims: ['claim'],
  file: ['differs', 'not-listed'],
  manifest: ['manifest', 'differs', 'not-listed'],
  time: ['time-stamp'],
  later: ['history', 'unreachable', 'not-permitted'],
}

/** The steps of one check, in the order in which they are taken. */
export function stepsOf(report: AnyReport & DepositReport, { check }: Words): readonly Step[] {
  const names = Object.keys(topicsOf) as StepName[]
  const faulty = new Set(report.faults.map(({ code }) => topicOf(code)))
  const open = report.unjudged.length > 0 || faulty.has('not-judged')
  const isRead = report.result.checked !== undefined
  const state = (name: StepName): Step['state'] => {
    if (topicsOf[name].some((topic) => faulty.has(topic))) return 'fault'
    if (isSkipped(name, report) || (!isRead && name !== 'read')) return 'skipped'
    if (!isRead) return 'fault'
    return open && (name === 'signature' || name === 'file' || name === 'manifest') && isOpen(name, report)
      ? 'open'
      : 'ok'
  }
  return names
    .filter((name) => name !== (report.what === 'folder' ? 'file' : 'manifest'))
    .map((name) => ({ text: check.step[name], state: state(name), word: check.step[state(name)] }))
}

function isSkipped(name: StepName, report: AnyReport & DepositReport): boolean {
  if (name === 'file') return report.what === 'receipt'
  if (name === 'manifest') return report.what !== 'folder' || report.compared === undefined
  if (name === 'time') return report.time === noTime
  return name === 'later' && report.later === undefined
}

/** Whether something of a step is not judged: of the signature, that of the statement; of the file, one of its digests. */
function isOpen(name: StepName, { unjudged, result }: DepositReport): boolean {
  if (name === 'signature') return result.checked?.isSigned !== true
  return unjudged.some(({ code }) => code === 'digest-not-computable')
}
