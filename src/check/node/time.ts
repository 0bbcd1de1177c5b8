import { EvidenceError } from '../../core/errors.ts'
import type { Policy } from '../../core/policy.ts'
import type { TimeJudge } from '../../package/package-report.ts'
import { maxTimeProofBytes } from '../../package/limits.ts'
import { fileBounds, readNamed } from '../../node/bounded-file.ts'
import type { Finding } from '../../verify/report.ts'
import { type CheckResult } from '../steps/receipt.ts'
import { noTime, type TimeResult } from '../steps/time.ts'
import type { judgeTimeProof, TimeProofInput } from '../steps/judge-time-proof.ts'
import { timeProofPath } from '../../core/artefact-names.ts'
import { isFileAt, isThere } from './artefact.ts'
import { artefactOf, type Evidence } from '../steps/handed.ts'

/** What names a time proof, and the authorities that are trusted. */
export interface TimeOptions {
  readonly timeProof?: string | undefined
  readonly timestampAnchors?: string | undefined
}

/** Judges time proofs, of authorities whose certificates the file holds. It is read when there is something to judge. */
export function timeJudge(anchorsPath: string | undefined): TimeJudge {
  let anchors: TimeProofInput['anchors']
  return async (path, bytes, receipt, policy) => {
    const judge = await loadJudge()
    if (judge === undefined) return { ...noTime, unjudged: [notLoaded] }
    if (anchorsPath !== undefined)
      anchors ??= { path: anchorsPath, pem: Buffer.from(readNamed(anchorsPath, fileBounds.small)).toString('latin1') }
    const judged = await judge({ path, bytes, receipt, policy, anchors })
    if (!('refusal' in judged)) return judged
    const { code, message, where } = judged.refusal
    throw new EvidenceError(code, message, where === undefined ? {} : { where })
  }
}

/** Loaded here: reading certificates takes more to load than all the rest. Undefined where dist/check.mjs was taken away alone. */
async function loadJudge(): Promise<((input: TimeProofInput) => ReturnType<typeof judgeTimeProof>) | undefined> {
  try {
    return (await import('../steps/judge-time-proof.ts')).judgeTimeProof
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined
    throw error
  }
}

const notLoaded: Finding = {
  code: 'not-judged',
  message: 'A time stamp is not judged: check-time.mjs, which reads certificates, is not beside check.mjs.',
}

/** Checks the time proof that lies beside the receipt, or was named. */
export async function checkTime(
  { checked, evidence, byTransition }: CheckResult,
  policy: Policy,
  options: TimeOptions,
): Promise<TimeResult> {
  const path = findTimeProof(evidence, options.timeProof)
  const { timestampAnchors } = options
  // Also where there is no time proof that they are read for: a name that is wrong must not go unseen.
  if (timestampAnchors !== undefined && !isThere(timestampAnchors))
    throw new EvidenceError('file-unreadable', `there is no file ${timestampAnchors}`, { where: timestampAnchors })
  if (path === undefined || checked === undefined) return noTime
  const judge = timeJudge(timestampAnchors)
  return judge(path, readTimeProof(path), checked.receipt, byTransition ? undefined : policy)
}

/** A time proof, bounded. Throws `file-unreadable`, `time-proof-malformed`. */
export function readTimeProof(path: string): Uint8Array {
  return new Uint8Array(readNamed(path, maxTimeProofBytes, { tooLong: 'time-proof-malformed' }))
}

/** The time proof that was named, or the one beside the evidence; undefined where there is none. */
function findTimeProof(evidence: Evidence, named: string | undefined): string | undefined {
  if (named !== undefined) return named
  const beside = timeProofPath(artefactOf(evidence))
  return isFileAt(beside) ? beside : undefined
}
