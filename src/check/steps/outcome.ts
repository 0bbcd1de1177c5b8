import { type ErrorCode, errorTable } from '../../core/errors.ts'
import type { Standing } from '../../package/package-events.ts'
import type { Finding } from '../../verify/report.ts'
import { standingOf } from './later.ts'
import type { AnyReport } from './report.ts'

/**
 * The six things that a check may come to, the worst first (docs/design/faces.md, "The six outcomes"):
 * `broken` the proof does not hold; `differs` the proof holds, and this is not the file that was deposited; `newer` no fault, and something is
 * not judged by this version; `missing` no fault, and a file, receipt, policy or answer is not here; `noticed` sound, and retracted or its key
 * reported compromised; `unchanged` sound.
 */
export const outcomes = ['broken', 'differs', 'newer', 'missing', 'noticed', 'unchanged'] as const
export type OutcomeKind = (typeof outcomes)[number]

/** What a check came to, in no language. */
export interface Outcome {
  readonly kind: OutcomeKind
  /** What is known of later events; undefined where that was not asked, or is not to be said beside a fault. */
  readonly standing: Standing | undefined
  /** The finding that decided; undefined where nothing is wrong, and where what is missing is the file itself. */
  readonly why: Finding | undefined
}

/** Codes that say of a file, and of nothing else, that it is not the one deposited. */
const ofFile: ReadonlySet<ErrorCode> = new Set(['file-differs', 'file-not-in-deposit'])

/** The outcome of one check. */
export function outcomeOf(report: AnyReport): Outcome {
  const { faults, unjudged } = report
  const standing = standingIn(report)
  const of = (kind: OutcomeKind, why?: Finding): Outcome => ({ kind, standing, why })
  const proof = faults.find((fault) => isOfEvidence(fault) && !isOfFile(report, fault))
  if (proof !== undefined) return of('broken', proof)
  const differing = faults.find(isOfEvidence)
  if (differing !== undefined) return of(isOnlyAbsent(report) ? 'missing' : 'differs', differing)
  const older = unjudged[0] ?? faults.find(({ code }) => errorTable[code].exit === 4)
  const absent = faults[0]
  if (absent !== undefined && errorTable[absent.code].exit !== 4) return of('missing', absent)
  if (older !== undefined) return of('newer', older)
  if (report.what === 'receipt') return of('missing')
  return of(standing === 'retracted' || standing === 'key-compromised' ? 'noticed' : 'unchanged')
}

/** Whether a fault speaks against the evidence, and not only of what could not be done (exit code 3) or judged (4). */
function isOfEvidence({ code }: Finding): boolean {
  const { exit } = errorTable[code]
  return exit !== 3 && exit !== 4
}

/** Whether a fault is of the file alone; never for a package, whose files are part of what is checked. */
function isOfFile({ what }: AnyReport, { code }: Finding): boolean {
  return (what === 'file' || what === 'folder') && ofFile.has(code)
}

/** Whether all that is wrong with a folder is that files of the deposit are not in it. */
function isOnlyAbsent(report: AnyReport): boolean {
  const files = report.what === 'folder' ? (report.compared?.files ?? []) : []
  const faulty = files.filter(({ faults }) => faults.length > 0)
  const count = report.faults.filter(isOfEvidence).length
  return (
    faulty.length > 0 &&
    faulty.every(({ state }) => state === 'missing' || state === 'unreadable') &&
    count <= faulty.length
  )
}

function standingIn(report: AnyReport): Standing | undefined {
  if (report.what === 'package') return report.report?.standing
  return report.what === 'misbehaviour' ? undefined : standingOf(report.later, report.result, report.carried)
}

/** The worst of several; undefined of none. */
export function worstOf(kinds: readonly OutcomeKind[]): OutcomeKind | undefined {
  return outcomes.find((kind) => kinds.includes(kind))
}
