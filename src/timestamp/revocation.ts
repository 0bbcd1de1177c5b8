import { largest, smallest } from '../core/arrays.ts'
import { EvidenceError } from '../core/errors.ts'
import { timeText } from '../core/time.ts'
import type { Certificate } from './certificate.ts'
import type { Crl, Revocation } from './crl.ts'
import type { CertificatePath } from './path.ts'

/** CRLReasons under which earlier tokens stand (RFC 3161, section 4). */
const harmless: readonly (number | undefined)[] = [0, 3, 4, 5]
const removeFromCrl = 8
/** Most CRL signatures that are verified for one token. */
const maxSignatures = 32

/** The time of a token, and until when it has to carry. `isRenewed`: a later token that stands was made at `untilMs`. */
interface TokenSpan {
  readonly genTimeMs: number
  readonly untilMs: number
  readonly isRenewed: boolean
}

/** What is known of the revocation of a path. */
export interface RevocationState {
  /** The earliest thisUpdate of the newest lists, one for each certificate, where each has one that says it is good. */
  readonly goodAsOfMs: number | undefined
}

/**
 * Holds a path against revocation lists, at the token's time and up to `untilMs` (docs/spec/13-time-stamps.md, "Revocation").
 * Throws `time-stamp-revoked`.
 */
export async function requireUnrevoked(
  path: CertificatePath,
  crls: readonly Crl[],
  span: TokenSpan,
): Promise<RevocationState> {
  let left = maxSignatures
  const good: (number | undefined)[] = []
  for (const [i, certificate] of path.slice(0, -1).entries()) {
    const issuer = path[i + 1] as Certificate
    const lists: Crl[] = []
    for (const crl of crls) if (!crl.isUnusable && left-- > 0 && (await crl.isSignedBy(issuer))) lists.push(crl)
    for (const { revoked } of lists) {
      const entry = revoked.get(certificate.serial)
      if (entry !== undefined) requireHarmless(certificate, entry, span)
    }
    const clean = lists.filter(
      ({ revoked, thisUpdateMs, nextUpdateMs }) =>
        !revoked.has(certificate.serial) &&
        thisUpdateMs <= certificate.notAfterMs &&
        span.genTimeMs <= (nextUpdateMs ?? Number.POSITIVE_INFINITY),
    )
    good.push(clean.length === 0 ? undefined : largest(clean.map(({ thisUpdateMs }) => thisUpdateMs)))
  }
  const known = good.filter((time) => time !== undefined)
  return { goodAsOfMs: known.length < good.length || known.length === 0 ? undefined : smallest(known) }
}

function requireHarmless(
  { subject }: Certificate,
  { reason, sinceMs }: Revocation,
  { genTimeMs, untilMs, isRenewed }: TokenSpan,
): void {
  if (reason === removeFromCrl) return
  if (sinceMs > genTimeMs && (harmless.includes(reason) || (isRenewed && sinceMs > untilMs))) return
  throw new EvidenceError('time-stamp-revoked', 'a certificate that the token rests on was revoked', {
    where: subject,
    found: `${timeText(sinceMs)}, reason ${reason ?? 'not given'}`,
  })
}
