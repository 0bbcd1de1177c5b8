import { isEvidenceError } from '../src/core/errors.ts'
import type { Policy } from '../src/core/policy.ts'
import type { Receipt } from '../src/core/receipt.ts'
import type { JudgedTime } from '../src/package/package-report.ts'
import { readPemCertificates } from '../src/timestamp/certificate.ts'
import { checkTimeProof } from '../src/timestamp/check-time-proof.ts'
import { type Finding, findingOf } from '../src/verify/report.ts'
import { timeStatementDocument, timeStatementLines } from './time-proof-check.ts'

/*
 * What a check needs where a time proof lies beside a receipt, and only there: to read certificates takes more to load than all the
 * rest. `npm run build` makes a file of its own of it, dist/check-time.mjs, beside dist/check.mjs. Each of the two has a copy of
 * the core, so no class and no error passes between them: data alone.
 */

/** A time proof, and all that it is judged by. */
export interface TimeProofInput {
  readonly path: string
  readonly bytes: Uint8Array
  readonly receipt: Receipt
  /** Undefined where a key transition stands in for the receipt's own checkpoint. */
  readonly policy: Policy | undefined
  /** Certificates that are trusted, PEM, and the file that they are in. */
  readonly anchors: { readonly path: string; readonly pem: string } | undefined
}

/** Judges a time proof, as of now. Never throws for what it is given: certificates that cannot be read are a refusal. */
export function judgeTimeProof(input: TimeProofInput): JudgedTime | { readonly refusal: Finding } {
  const { path, bytes, receipt, policy, anchors } = input
  try {
    const trusted = anchors === undefined ? undefined : readPemCertificates(anchors.pem, anchors.path)
    const time = checkTimeProof(bytes, receipt, policy, trusted, Date.now())
    const isVerified = trusted !== undefined
    return {
      faults: time.faults.map((error) => findingOf(error)),
      unjudged: time.unjudged.map((error) => findingOf(error)),
      lines: timeStatementLines(time, isVerified),
      limits: time.limits,
      document: timeStatementDocument(path, time, isVerified),
    }
  } catch (error) {
    if (isEvidenceError(error)) return { refusal: findingOf(error) }
    throw error
  }
}
