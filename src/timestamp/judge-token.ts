import { smallest } from '../core/arrays.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { timeText } from '../core/time.ts'
import { type Certificate, unique } from './certificate.ts'
import type { Crl } from './crl.ts'
import { type CertificatePath, findPath, PathBudget } from './path.ts'
import { requireUnrevoked } from './revocation.ts'
import type { HashAlgorithm } from './signature.ts'
import { type Token, verifyToken } from './token.ts'

/** What a token is judged with, and for how long it has to carry. */
export interface TokenContext {
  readonly algorithm: HashAlgorithm
  /** The hash that the imprint must be. */
  readonly covered: Uint8Array
  readonly certificates: readonly Certificate[]
  readonly crls: readonly Crl[]
  /** Trust anchors; undefined where there are none: the token is then judged by itself alone. */
  readonly anchors: readonly Certificate[] | undefined
  readonly untilMs: number
  /** A later token that stands was made at `untilMs`; else that is the time of checking. */
  readonly isRenewed: boolean
}

/** What came of it. */
export interface TokenVerdict {
  readonly token: Token
  readonly certificate: Certificate
  /** `unverified`: it agrees with itself, and no anchor was given. */
  readonly state: 'stands' | 'unverified' | 'fails'
  /** Why it fails. */
  readonly fault: EvidenceError | undefined
  readonly path: CertificatePath
  /** When every certificate was last known not to be revoked; undefined where that is unknown. */
  readonly goodAsOfMs: number | undefined
  /** When the first certificate that it rests on ends. */
  readonly expiresMs: number
}

/**
 * Judges one token (docs/spec/13-time-stamps.md, "Token"). Throws for what is wrong with the token itself:
 * `time-stamp-imprint`, `time-stamp-signature`, `time-stamp-key-usage`, `time-stamp-malformed`; the rest is a verdict.
 */
export async function judgeToken(token: Token, context: TokenContext): Promise<TokenVerdict> {
  const certificate = await verifyToken(token, context.algorithm, context.covered, context.certificates)
  const base = { token, certificate, goodAsOfMs: undefined, expiresMs: certificate.notAfterMs }
  const fails = (fault: EvidenceError, path: CertificatePath = [certificate]): TokenVerdict => ({
    ...base,
    path,
    state: 'fails',
    fault,
    expiresMs: endOf(path),
  })
  const { genTimeMs } = token
  const { anchors, untilMs, isRenewed } = context
  if (anchors === undefined) {
    const isValid = certificate.notBeforeMs <= genTimeMs && genTimeMs <= certificate.notAfterMs
    return isValid
      ? { ...base, path: [certificate], state: 'unverified', fault: undefined }
      : fails(expired([certificate]))
  }
  const pool = unique([...token.certificates, ...context.certificates])
  const budget = new PathBudget()
  const end = Math.max(genTimeMs, untilMs)
  const path = await findPath(certificate, pool, anchors, [genTimeMs, end], budget)
  if (path === undefined) {
    const then = await findPath(certificate, pool, anchors, [genTimeMs, genTimeMs], budget)
    return then === undefined ? fails(untrusted(certificate)) : fails(expired(then), then)
  }
  try {
    const { goodAsOfMs } = await requireUnrevoked(path, context.crls, { genTimeMs, untilMs, isRenewed })
    return { ...base, path, state: 'stands', fault: undefined, goodAsOfMs, expiresMs: endOf(path) }
  } catch (error) {
    if (!isEvidenceError(error, 'time-stamp-revoked')) throw error
    return fails(error, path)
  }
}

const endOf = (path: CertificatePath): number => smallest(path.map(({ notAfterMs }) => notAfterMs))

function untrusted({ subject }: Certificate): EvidenceError {
  return new EvidenceError('time-stamp-untrusted', 'no trust anchor vouches for the key that signed the token', {
    where: subject,
  })
}

function expired(path: CertificatePath): EvidenceError {
  const first = path.reduce((one, other) => (other.notAfterMs < one.notAfterMs ? other : one))
  return new EvidenceError(
    'time-stamp-expired',
    'a certificate that the token rests on ended before the token was renewed, or checked',
    { where: first.subject, found: timeText(first.notAfterMs) },
  )
}
