import { readFileSync, statSync } from 'node:fs'
import { EvidenceError, type Policy } from '../src/core/index.ts'
import type { JudgedTime, TimeJudge } from '../src/package/check-package.ts'
import { maxTimeProofBytes } from '../src/package/limits.ts'
import type { Certificate } from '../src/timestamp/index.ts'
import { type Finding, findingOf } from '../src/verify/index.ts'
import { type CheckResult, findTransition } from './check-run.ts'
import { findTimeProof } from './time-proof-path.ts'

/** What names a time proof, and the authorities that are trusted. */
export interface TimeOptions {
  readonly timeProof?: string
  readonly timestampAnchors?: string
  readonly transition?: string
}

/** What a time proof adds to a check. */
export interface TimeResult extends Omit<JudgedTime, 'document'> {
  readonly faults: readonly Finding[]
  readonly document: object
}

const noTime: TimeResult = { faults: [], unjudged: [], lines: [], limits: [], document: {} }

/** Judges time proofs, of authorities whose certificates the file holds. It is read when there is something to judge. */
export function timeJudge(anchorsPath: string | undefined): TimeJudge {
  let anchors: readonly Certificate[] | undefined
  return async (path, bytes, receipt, policy) => {
    // Loaded here: reading certificates takes more to load than all the rest.
    const { checkTimeProofNow, readAnchors, timeStatementDocument, timeStatementLines } = await import(
      './time-proof-check.ts'
    )
    anchors ??= readAnchors(anchorsPath)
    const time = checkTimeProofNow(bytes, receipt, policy, anchors)
    const isVerified = anchors !== undefined
    return {
      faults: time.faults.map((error) => findingOf(error)),
      unjudged: time.unjudged.map((error) => findingOf(error)),
      lines: timeStatementLines(time, isVerified),
      limits: time.limits,
      document: timeStatementDocument(path, time, isVerified),
    }
  }
}

/** Checks the time proof that lies beside the receipt, or was named. */
export async function checkTime(
  { checked, evidence }: CheckResult,
  policy: Policy,
  options: TimeOptions,
): Promise<TimeResult> {
  const path = findTimeProof(evidence, options.timeProof)
  if (path === undefined || checked === undefined) return noTime
  const hasTransition = options.transition !== undefined || findTransition(evidence) !== undefined
  const judge = timeJudge(options.timestampAnchors)
  const judged = await judge(path, readTimeProof(path), checked.receipt, hasTransition ? undefined : policy)
  return { ...judged, document: { time: judged.document } }
}

/** A time proof, bounded. Throws `file-unreadable`, `time-proof-malformed`. */
export function readTimeProof(path: string): Uint8Array {
  try {
    if (statSync(path).size <= maxTimeProofBytes) return new Uint8Array(readFileSync(path))
  } catch (cause) {
    throw new EvidenceError('file-unreadable', `${path} cannot be read`, { where: path }, { cause })
  }
  throw new EvidenceError('time-proof-malformed', `${path} is larger than any time proof`, { where: path })
}
