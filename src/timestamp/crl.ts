import { Integer, type AsnType } from 'asn1js'
import { CertificateRevocationList, type Extension } from 'pkijs'
import { toHex } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import { type Certificate, keyUsages } from './certificate.ts'
import { malformed, parseDer, reading } from './der.ts'
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

const reasonCode = '2.5.29.21'
const invalidityDate = '2.5.29.24'

function revocationOf(dateMs: number, extensions: readonly Extension[]): Revocation {
  let sinceMs = dateMs
  let reason: number | undefined
  for (const { extnID, extnValue } of extensions) {
    const inner = (): AsnType => parseDer(new Uint8Array(extnValue.valueBlock.valueHexView), 'extension of a CRL', 64)
    // An enumerated value is an integer by another tag.
    if (extnID === reasonCode) reason = (inner() as Integer).valueBlock.valueDec
    if (extnID === invalidityDate)
      sinceMs = Math.min(sinceMs, (inner() as AsnType & { toDate(): Date }).toDate().getTime())
  }
  return { sinceMs, reason }
}

/** Reads a CRL; nothing is verified. Throws `time-stamp-malformed`. */
export function readCrl(der: Uint8Array): Crl {
  const what = 'revocation list'
  const schema = parseDer(der, what, maxCrlBytes)
  return reading(what, () => {
    const list = new CertificateRevocationList({ schema })
    const revoked = new Map<string, Revocation>()
    let isUnusable = (list.crlExtensions?.extensions ?? []).some(({ critical }) => critical)
    for (const { userCertificate, revocationDate, crlEntryExtensions } of list.revokedCertificates ?? []) {
      const extensions = crlEntryExtensions?.extensions ?? []
      if (extensions.some(({ critical, extnID }) => critical && extnID !== reasonCode && extnID !== invalidityDate))
        isUnusable = true
      revoked.set(
        toHex(userCertificate.valueBlock.valueHexView),
        revocationOf(revocationDate.value.getTime(), extensions),
      )
    }
    const thisUpdateMs = list.thisUpdate.value.getTime()
    if (Number.isNaN(thisUpdateMs)) throw malformed(what, 'has no time')
    return {
      der,
      issuerDer: new Uint8Array(list.issuer.valueBeforeDecode),
      thisUpdateMs,
      nextUpdateMs: list.nextUpdate?.value.getTime(),
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
