import type { Policy } from '../src/core/index.ts'
import { type Finding, findingOf } from '../src/verify/index.ts'
import type { CheckResult } from './check-run.ts'
import { findTimeProof } from './time-proof-path.ts'

/** What names a time proof, and the authorities that are trusted. */
export interface TimeOptions {
  readonly timeProof?: string
  readonly timestampAnchors?: string
}

/** What a time proof adds to a check. */
export interface TimeResult {
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
  readonly lines: readonly string[]
  readonly limits: readonly string[]
  readonly document: object
}

const noTime: TimeResult = { faults: [], unjudged: [], lines: [], limits: [], document: {} }

/** Checks the time proof that lies beside the receipt, or was named. */
export async function checkTime(
  { checked, evidence }: CheckResult,
  policy: Policy,
  options: TimeOptions,
): Promise<TimeResult> {
  const path = findTimeProof(evidence, options.timeProof)
  if (path === undefined || checked === undefined) return noTime
  // Loaded here: reading certificates takes more to load than all the rest.
  const { checkTimeProofFile, readAnchors, timeStatementDocument, timeStatementLines } = await import(
    './time-proof-check.ts'
  )
  const anchors = readAnchors(options.timestampAnchors)
  const time = checkTimeProofFile(path, checked.receipt, policy, anchors)
  const isVerified = anchors !== undefined
  return {
    faults: time.faults.map((error) => findingOf(error)),
    unjudged: time.unjudged.map((error) => findingOf(error)),
    lines: timeStatementLines(time, isVerified),
    limits: time.limits,
    document: { time: timeStatementDocument(path, time, isVerified) },
  }
}
