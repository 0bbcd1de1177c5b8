import { type ErrorCode, errorTable, type EvidenceError, isEvidenceError } from '../core/errors.ts'
import { defined } from '../core/objects.ts'

/** One thing that does not hold, or could not be judged: where, what was expected, what was found, in one plain sentence. */
export interface Finding {
  readonly code: ErrorCode
  /** Index of the entry, where there is one. */
  readonly index?: number
  readonly message: string
  /** Path of the file that it is about, where there is one. */
  readonly file?: string
  readonly where?: string
  readonly expected?: string
  readonly found?: string
}

/** A finding about the file at a path: its message says so. */
export function findingAt(path: string, finding: Finding): Finding {
  return { ...finding, message: `${path}: ${finding.message}` }
}

/** A finding from an error of core or of the rulebook. */
export function findingOf(error: EvidenceError, index?: number): Finding {
  const { where, expected, found } = error.facts
  return {
    code: error.code,
    ...defined({ index }),
    message: error.message,
    ...defined({ where, expected, found }),
  }
}

/**
 * What a refusal is beside faults that are in hand: a finding that joins them, and says only what could not be done (exit code 3 or 4), for it must
 * not take their place (docs/design/verification.md, "A fault in hand stays"). Takes what was thrown, and what was found until then. Throws
 * what was thrown where it is no refusal, or no fault of the evidence is in hand.
 */
export function joining(thrown: unknown, inHand: readonly Finding[]): Finding {
  if (!isEvidenceError(thrown) || exitCodeOf(inHand, []) !== 1) throw thrown
  const { exit } = thrown.kind
  if (exit === 3 || exit === 4) return findingOf(thrown)
  return { ...findingOf(thrown), code: 'server-answer', message: `it was not done: ${thrown.code}: ${thrown.message}` }
}

/** How many findings of one code are kept whole; beyond it they are counted. */
const keptPerCode = 1000

/** Gathers findings without end: a broken ledger of ten million entries must not break its verifier. */
export class FindingList {
  readonly kept: Finding[] = []
  private readonly counts = new Map<ErrorCode, number>()
  private all = 0

  add(finding: Finding): void {
    const count = (this.counts.get(finding.code) ?? 0) + 1
    this.counts.set(finding.code, count)
    this.all++
    if (count <= keptPerCode) this.kept.push(finding)
  }

  /** All, kept or only counted. */
  get total(): number {
    return this.all
  }
}

/**
 * 0 no fault, 1 a fault, 3 could not run, 4 no fault but something needs a newer verifier. A fault of the evidence comes
 * before one that only says what could not be done.
 */
export function exitCodeOf(faults: readonly Finding[], unjudged: readonly Finding[]): 0 | 1 | 3 | 4 {
  const codes = faults.map(({ code }) => errorTable[code].exit)
  if (codes.some((code) => code !== 3 && code !== 4)) return 1
  if (codes.includes(3)) return 3
  return codes.includes(4) || unjudged.length > 0 ? 4 : 0
}
