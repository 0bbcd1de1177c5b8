import { isEvidenceError } from '../../core/errors.ts'
import { defined } from '../../core/objects.ts'
import type { Policy } from '../../core/policy.ts'
import type { Receipt } from '../../core/receipt.ts'
import { timeText } from '../../core/time.ts'
import type { JudgedTime } from '../../package/package-report.ts'
import { readPemCertificates } from '../../timestamp/certificate.ts'
import { type CheckedTimeProof, checkTimeProof } from '../../timestamp/check-time-proof.ts'
import { type Finding, findingOf } from '../../verify/report.ts'

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
export async function judgeTimeProof(input: TimeProofInput): Promise<JudgedTime | { readonly refusal: Finding }> {
  const { path, bytes, receipt, policy, anchors } = input
  try {
    const trusted = anchors === undefined ? undefined : readPemCertificates(anchors.pem, anchors.path)
    const time = await checkTimeProof(bytes, receipt, policy, trusted, Date.now())
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

/** What a time proof says, for people. */
export function timeStatementLines({ statement }: CheckedTimeProof, isVerified: boolean): string[] {
  if (statement === undefined) return []
  const time = timeText(statement.noLaterThanMs)
  const { subject } = statement.token.certificate
  return [
    isVerified
      ? `existed no later than ${time}, on the word of ${subject}`
      : `existed no later than ${time}, according to a time stamp that names ${subject}, which is not verified`,
  ]
}

/** What a time proof says, as the JSON document of `--json`; `path` is that of the proof. */
function timeStatementDocument(
  path: string,
  { statement, size, layers, limits }: CheckedTimeProof,
  isVerified: boolean,
): object {
  return {
    path,
    ...(statement === undefined
      ? {}
      : {
          noLaterThan: timeText(statement.noLaterThanMs),
          authority: statement.token.certificate.subject,
          verified: isVerified,
        }),
    ...defined({ size }),
    renewals: Math.max(0, layers.length - 1),
    notShown: limits,
  }
}
