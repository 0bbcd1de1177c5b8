import { Integer, type AsnType } from 'asn1js'
import { CertificateRevocationList, type Extension } from 'pkijs'
import { toHex } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import { type Certificate, keyUsages } from './certificate.ts'
import { isTime, readTime } from './der-time.ts'
import { bytesOf, fields, malformed, parseDer, reading } from './der.ts'
import { verifySignature } from './signature.ts'

/** Largest CRL that is read, in bytes. */
export const maxCrlBytes: number = 1024 * 1024

/** An entry of a CRL: when, and why where it says so. */
export interface Revocation {
  /** The earlier of revocationDate and invalidityDate. */
  readonly sinceMs: number
  /** CRLReason (RFC 5280, section 5.3.1). */
  readonly reason: number | undefined
}

/** A certificate revocation list (RFC 5280, section 5). */
export interface Crl {
  readonly der: Uint8Array
  readonly issuerDer: Uint8Array
  readonly thisUpdateMs: number
  readonly nextUpdateMs: number | undefined
  /** True where it may not be used: partitioned, indirect, delta, or with something critical that is unknown. */
  readonly isUnusable: boolean
  /** By serial number, hex. */
  readonly revoked: ReadonlyMap<string, Revocation>
  readonly isSignedBy: (issuer: Certificate) => Promise<boolean>
}

const what = 'revocation list'
const reasonCode = '2.5.29.21'
const invalidityDate = '2.5.29.24'

function revocationOf(dateMs: number, extensions: readonly Extension[]): Revocation {
  let sinceMs = dateMs
  let reason: number | undefined
  for (const { extnID, extnValue } of extensions) {
    const inner = (): AsnType => parseDer(new Uint8Array(extnValue.valueBlock.valueHexView), 'extension of a CRL', 64)
    if (extnID === reasonCode) reason = reasonOf(inner())
    if (extnID === invalidityDate) sinceMs = Math.min(sinceMs, readTime(inner(), what))
  }
  return { sinceMs, reason }
}

/** An ENUMERATED of one byte. The library reads a long one as 0, which is a reason. */
function reasonOf(element: AsnType): number {
  const [tag, length, reason = 0xff] = bytesOf(element)
  if (tag !== 0x0a || length !== 1 || reason > 10) throw malformed(what, 'has a reason that is none')
  return reason
}

/** The times of a list and of its entries, where RFC 5280, section 5.1, has them. */
function timesOf(schema: AsnType): {
  readonly thisUpdateMs: number
  readonly nextUpdateMs: number | undefined
  readonly revokedMs: readonly number[]
} {
  const parts = fields(fields(schema)[0])
  if (parts[0] instanceof Integer) parts.shift()
  const [, , thisUpdate, next, ...more] = parts
  const hasNext = isTime(next)
  const list = hasNext ? more[0] : next
  const entries = list?.idBlock.tagClass === 1 ? fields(list) : []
  return {
    thisUpdateMs: readTime(thisUpdate, what),
    nextUpdateMs: hasNext ? readTime(next, what) : undefined,
    revokedMs: entries.map((entry) => readTime(fields(entry)[1], what)),
  }
}

/** Reads a CRL; nothing is verified. Throws `time-stamp-malformed`. */
export function readCrl(der: Uint8Array): Crl {
  const schema = parseDer(der, what, maxCrlBytes)
  return reading(what, () => {
    const list = new CertificateRevocationList({ schema })
    const revoked = new Map<string, Revocation>()
    let isUnusable = (list.crlExtensions?.extensions ?? []).some(({ critical }) => critical)
    const { thisUpdateMs, nextUpdateMs, revokedMs } = timesOf(schema)
    const entries = list.revokedCertificates ?? []
    if (entries.length !== revokedMs.length) throw malformed(what, 'has parts that do not belong there')
    for (const [i, { userCertificate, crlEntryExtensions }] of entries.entries()) {
      const extensions = crlEntryExtensions?.extensions ?? []
      if (extensions.some(({ critical, extnID }) => critical && extnID !== reasonCode && extnID !== invalidityDate))
        isUnusable = true
      revoked.set(toHex(userCertificate.valueBlock.valueHexView), revocationOf(revokedMs[i] as number, extensions))
    }
    return {
      der,
      issuerDer: new Uint8Array(list.issuer.valueBeforeDecode),
      thisUpdateMs,
      nextUpdateMs,
      isUnusable,
      revoked,
      isSignedBy: async (issuer) =>
        equalBytes(new Uint8Array(list.issuer.valueBeforeDecode), issuer.subjectDer) &&
        (issuer.keyUsage === undefined || (issuer.keyUsage & keyUsages.cRLSign) !== 0) &&
        list.signature.algorithmId === list.signatureAlgorithm.algorithmId &&
        list.signatureValue.valueBlock.unusedBits === 0 &&
        (await verifySignature(
          list.signatureAlgorithm,
          issuer.key,
          new Uint8Array(list.tbsView),
          new Uint8Array(list.signatureValue.valueBlock.valueHexView),
        )),
    }
  })
}
