import { type AsnType, ObjectIdentifier, OctetString } from 'asn1js'
import {
  type Attribute,
  Certificate as Structure,
  ContentInfo,
  IssuerAndSerialNumber,
  SignedData,
  type SignerInfo,
} from 'pkijs'
import { toHex } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import { digestOf } from '../core/digest.ts'
import { EvidenceError } from '../core/errors.ts'
import { type Certificate, keyUsages, readCertificate } from './certificate.ts'
import { fields, malformed, parseDer, reading, readingAsync } from './der.ts'
import { type HashAlgorithm, requireHash, verifySignature } from './signature.ts'
import { readTimeInfo, type TimeInfo } from './time-info.ts'

/** Largest token, and most certificates in it. */
export const maxTokenBytes: number = 64 * 1024
const maxCertificates = 16

const oids = {
  signedData: '1.2.840.113549.1.7.2',
  tstInfo: '1.2.840.113549.1.9.16.1.4',
  contentType: '1.2.840.113549.1.9.3',
  messageDigest: '1.2.840.113549.1.9.4',
  signingCertificate: '1.2.840.113549.1.9.16.2.12',
  signingCertificateV2: '1.2.840.113549.1.9.16.2.47',
  timeStamping: '1.3.6.1.5.5.7.3.8',
} as const

/** A token of RFC 3161, read and not verified. */
export interface Token extends TimeInfo {
  readonly der: Uint8Array
  /** Certificates that came with it. */
  readonly certificates: readonly Certificate[]
  readonly signer: SignerInfo
  /** DER of the TSTInfo: what the message digest is of. */
  readonly content: Uint8Array
}

/** Reads a TimeStampToken. Throws `time-stamp-malformed`. */
export function readToken(der: Uint8Array): Token {
  const what = 'token'
  const schema = parseDer(der, what, maxTokenBytes)
  return reading(what, () => {
    const info = new ContentInfo({ schema })
    if (info.contentType !== oids.signedData) throw malformed(what, 'is not signed data')
    const signed = new SignedData({ schema: info.content })
    const { eContentType, eContent } = signed.encapContentInfo
    if (eContentType !== oids.tstInfo || eContent === undefined)
      throw malformed(what, 'holds no time-stamp information')
    const [signer, second] = signed.signerInfos
    if (signer === undefined || second !== undefined) throw malformed(what, 'has not exactly one signer')
    const structures = (signed.certificates ?? []).filter((one) => one instanceof Structure)
    if (structures.length > maxCertificates) throw malformed(what, `has more than ${maxCertificates} certificates`)
    const content = new Uint8Array(eContent.getValue())
    return {
      der,
      ...readTimeInfo(content, maxTokenBytes),
      certificates: structures.map((one) => readCertificate(new Uint8Array(one.toSchema().toBER()))),
      signer,
      content,
    }
  })
}

const unsigned = (why: string): EvidenceError => new EvidenceError('time-stamp-signature', `the token ${why}`)

/** The one value of a signed attribute; undefined where it is not there. Throws where it is there twice. */
function attribute(attributes: readonly Attribute[], type: string): AsnType | undefined {
  const found = attributes.filter((one) => one.type === type)
  const values = found.flatMap((one) => one.values as AsnType[])
  if (found.length > 1 || (found.length === 1 && values.length !== 1))
    throw unsigned(`has the signed attribute ${type} not exactly once`)
  return values[0]
}

/** Hashes of the signer's certificate that a signing-certificate attribute gives (RFC 2634, RFC 5816): those of its first ESSCertID. */
function essHash(
  attributes: readonly Attribute[],
  type: string,
): { readonly hash: HashAlgorithm | 'sha1'; readonly value: Uint8Array } | undefined {
  const element = attribute(attributes, type)
  if (element === undefined) return undefined
  const parts = fields(fields(fields(element)[0])[0])
  const value = parts.find((one) => one instanceof OctetString)
  if (value === undefined) throw unsigned('has a signing-certificate attribute without a hash')
  if (type === oids.signingCertificate) return { hash: 'sha1', value: value.valueBlock.valueHexView }
  const named = fields(parts[0])[0]
  const hash = named instanceof ObjectIdentifier ? requireHash(named.valueBlock.toString()) : 'sha256'
  return { hash, value: value.valueBlock.valueHexView }
}

function isNamed({ sid }: SignerInfo, certificate: Certificate): boolean {
  // By subject key identifier: the hash of the whole certificate, below, says more.
  if (!(sid instanceof IssuerAndSerialNumber)) return true
  return (
    equalBytes(new Uint8Array(sid.issuer.valueBeforeDecode), certificate.issuerDer) &&
    toHex(sid.serialNumber.valueBlock.valueHexView) === certificate.serial
  )
}

/**
 * Verifies a token as far as it stands by itself (docs/spec/13-time-stamps.md, "Token", steps 2 to 4) and gives its signer's
 * certificate, which is in the token or among `more`. `covered` gives the hash that the imprint must be. Throws
 * `time-stamp-imprint`, `time-stamp-signature`, `time-stamp-key-usage`, `time-stamp-malformed`.
 */
export async function verifyToken(
  token: Token,
  algorithm: HashAlgorithm,
  covered: Uint8Array,
  more: readonly Certificate[] = [],
): Promise<Certificate> {
  const { imprint, signer } = token
  if (imprint.algorithm !== algorithm || !equalBytes(imprint.hash, covered)) {
    throw new EvidenceError('time-stamp-imprint', 'the token is not of these bytes', {
      expected: `${algorithm} ${toHex(covered)}`,
      found: `${imprint.algorithm} ${toHex(imprint.hash).slice(0, 128)}`,
    })
  }
  return readingAsync('token', async () => {
    const attributes = signer.signedAttrs?.attributes ?? []
    const signedBytes = signer.signedAttrs?.encodedValue
    if (signedBytes === undefined) throw unsigned('has no signed attributes')
    const contentType = attribute(attributes, oids.contentType)
    const digest = attribute(attributes, oids.messageDigest)
    if (!(contentType instanceof ObjectIdentifier) || contentType.valueBlock.toString() !== oids.tstInfo)
      throw unsigned('does not sign that it is a time stamp')
    const hash = requireHash(signer.digestAlgorithm.algorithmId)
    const own = digestOf(hash, token.content)
    if (!(digest instanceof OctetString) || !equalBytes(digest.valueBlock.valueHexView, own))
      throw unsigned('does not sign the time that it states')
    const hashes = [oids.signingCertificate, oids.signingCertificateV2].flatMap(
      (type) => essHash(attributes, type) ?? [],
    )
    if (hashes.length === 0) throw unsigned('does not sign which certificate it is by')
    const certificate = [...token.certificates, ...more].find(
      (one) => isNamed(signer, one) && hashes.every((ess) => equalBytes(digestOf(ess.hash, one.der), ess.value)),
    )
    if (certificate === undefined) throw unsigned('comes without the certificate that it is by')
    const signature = new Uint8Array(signer.signature.getValue())
    if (
      !(await verifySignature(signer.signatureAlgorithm, certificate.key, new Uint8Array(signedBytes), signature, hash))
    )
      throw unsigned('has a signature that does not verify')
    requireUsage(certificate)
    return certificate
  })
}

/** RFC 3161, section 2.3: a key for time stamps, and for nothing else. */
function requireUsage({ extKeyUsage, keyUsage, subject }: Certificate): void {
  const isForTime =
    extKeyUsage?.critical === true && extKeyUsage.oids.length === 1 && extKeyUsage.oids[0] === oids.timeStamping
  const allowed = keyUsages.digitalSignature | keyUsages.nonRepudiation
  if (isForTime && (keyUsage === undefined || (keyUsage !== 0 && (keyUsage & ~allowed) === 0))) return
  throw new EvidenceError('time-stamp-key-usage', 'the token is by a key that is not for time stamps alone', {
    where: subject,
  })
}
