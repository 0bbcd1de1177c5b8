import { createHash } from 'node:crypto'
import { type AsnType, OctetString } from 'asn1js'
import { Certificate as Structure, ContentInfo, SignedData } from 'pkijs'
import { equalBytes } from '../../core/bytes.ts'
import { EvidenceError, isEvidenceError } from '../../core/errors.ts'
import { timeText } from '../../core/time.ts'
import { type Certificate, readCertificate } from '../../timestamp/certificate.ts'
import { parseDer, reading } from '../../timestamp/der.ts'
import { nameText } from '../../timestamp/name-text.ts'
import { hashByOid, verifySignature } from '../../timestamp/signature.ts'
import { type Finding, findingOf } from '../../verify/report.ts'
import type { ReadSeal } from '../pdf/read.ts'
import { sealedBytes, sealRoom } from '../pdf/seal-place.ts'

/** What a seal shows: that the document is as it was sealed, and by which certificate; not who vouches for that. */
export interface CheckedSeal {
  /** Undefined where it could not be read. */
  readonly certificate:
    | { readonly subject: string; readonly issuer: string; readonly fingerprint: string; readonly until: string }
    | undefined
  readonly faults: readonly Finding[]
}

const oids = { messageDigest: '1.2.840.113549.1.9.4', signingCertificateV2: '1.2.840.113549.1.9.16.2.47' } as const
const invalid = (why: string): EvidenceError =>
  new EvidenceError('certificate-seal-invalid', `the seal ${why}`, { where: 'seal' })

/** Length of the one DER element that bytes begin with, whatever follows it. */
function elementLength(bytes: Uint8Array): number {
  const first = bytes[1] ?? 0
  if (first < 0x80) return 2 + first
  let length = 0
  for (let i = 0; i < (first & 0x7f) && i < 4; i++) length = length * 256 + (bytes[2 + i] ?? 0)
  return 2 + (first & 0x7f) + length
}

/** Judges a seal by itself. Never throws for what it holds. */
export async function checkSeal(seal: ReadSeal): Promise<CheckedSeal> {
  try {
    const certificate = await verifiedBy(seal)
    const { subject, issuerDer, fingerprint, notAfterMs } = certificate
    const issuer = nameText(issuerDer)
    return { certificate: { subject, issuer, fingerprint, until: timeText(notAfterMs) }, faults: [] }
  } catch (error) {
    if (!isEvidenceError(error)) throw error
    const own = error.code === 'certificate-seal-invalid' ? error : invalid(`cannot be read: ${error.message}`)
    return { certificate: undefined, faults: [findingOf(own)] }
  }
}

/** The certificate whose key signed exactly this document. Throws `certificate-seal-invalid`, `time-stamp-malformed`. */
async function verifiedBy(seal: ReadSeal): Promise<Certificate> {
  const length = elementLength(seal.signature)
  if (seal.signature.subarray(length).some((byte) => byte !== 0)) throw invalid('has more after its signature')
  const schema = parseDer(seal.signature.subarray(0, length), 'seal', sealRoom)
  const { certificate, algorithm, signature, data, hash } = reading('seal', () => {
    const signed = new SignedData({ schema: new ContentInfo({ schema }).content })
    const [signer, other] = signed.signerInfos
    if (signer === undefined || other !== undefined) throw invalid('has not exactly one signer')
    if (signed.encapContentInfo.eContent !== undefined) throw invalid('brings a content of its own')
    const attributes = signer.signedAttrs?.attributes ?? []
    const encoded = signer.signedAttrs?.encodedValue
    const hash = hashByOid[signer.digestAlgorithm.algorithmId]
    if (encoded === undefined || hash === undefined) throw invalid('signs no digest that is known here')
    const value = (type: string): AsnType | undefined => {
      const values = attributes.filter((one) => one.type === type).flatMap((one) => one.values as AsnType[])
      if (values.length > 1) throw invalid('has an attribute twice')
      return values[0]
    }
    const digest = value(oids.messageDigest)
    const own = createHash(hash).update(sealedBytes(seal)).digest()
    if (!(digest instanceof OctetString) || !equalBytes(digest.valueBlock.valueHexView, own))
      throw invalid('is of another document: bytes before it were changed after it was sealed')
    const named = value(oids.signingCertificateV2)
    const certificate = (signed.certificates ?? [])
      .filter((one) => one instanceof Structure)
      .map((one) => readCertificate(new Uint8Array(one.toSchema().toBER())))
      .find((one) => named !== undefined && holds(named, createHash('sha256').update(one.der).digest()))
    if (certificate === undefined) throw invalid('comes without the certificate that it is by')
    const signature = new Uint8Array(signer.signature.getValue())
    return { certificate, algorithm: signer.signatureAlgorithm, signature, data: new Uint8Array(encoded), hash }
  })
  if (!(await verifySignature(algorithm, certificate.key, data, signature, hash)))
    throw invalid('has a signature that does not verify')
  return certificate
}

/** Whether the first ESSCertIDv2 of an attribute gives this SHA-256, which is its default. */
function holds(attribute: AsnType, digest: Uint8Array): boolean {
  const inner = (element: AsnType | undefined): AsnType[] => {
    const value: unknown = (element as { valueBlock?: { value?: unknown } } | undefined)?.valueBlock?.value
    return Array.isArray(value) ? (value as AsnType[]) : []
  }
  const [first] = inner(inner(inner(attribute)[0])[0])
  return first instanceof OctetString && equalBytes(first.valueBlock.valueHexView, digest)
}
