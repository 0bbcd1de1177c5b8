import { defined } from '../src/core/objects.ts'
import { timeText } from '../src/core/time.ts'
import { type Certificate, readPemCertificates } from '../src/timestamp/certificate.ts'
import type { CheckedTimeProof } from '../src/timestamp/check-time-proof.ts'
import { fileBounds, readNamed } from '../src/node/bounded-file.ts'

/** Reads the PEM certificates of trusted time-stamping authorities; undefined where no path is given. Throws `file-unreadable`, `anchors-malformed`. */
export function readTrustAnchors(path: string | undefined): Certificate[] | undefined {
  return path === undefined
    ? undefined
    : readPemCertificates(readNamed(path, fileBounds.small).toString('latin1'), path)
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
export function timeStatementDocument(
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
