import { type AsnType, BitString, Boolean as AsnBoolean, Integer, ObjectIdentifier, OctetString } from 'asn1js'
import { BasicConstraints, Certificate as Structure, ExtKeyUsage, type Extension } from 'pkijs'
import { toHex, tryBase64 } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { sha256 } from '../core/hash.ts'
import { readTime } from './der-time.ts'
import { bytesOf, fields, malformed, parseDer, reading } from './der.ts'
import { nameText } from './name-text.ts'
import { type PublicKey, readPublicKey } from './public-key.ts'
import { isKnownSignature, verifySignature } from './signature.ts'

/** Largest certificate that is read, in bytes. */
export const maxCertificateBytes: number = 16 * 1024

/** Bits of the key usage extension (RFC 5280, section 4.2.1.3), the first bit of its two bytes highest. */
export const keyUsages = {
  digitalSignature: 0x8000,
  nonRepudiation: 0x4000,
  keyCertSign: 0x0400,
  cRLSign: 0x0200,
} as const

/** A certificate as far as it is judged here (RFC 5280). */
export interface Certificate {
  readonly der: Uint8Array
  /** SHA-256 of the DER, hex: two certificates are the same where these are. */
  readonly fingerprint: string
  /** For people: `CN=…, O=…`. */
  readonly subject: string
  readonly subjectDer: Uint8Array
  readonly issuerDer: Uint8Array
  readonly serial: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly key: PublicKey
  readonly isAuthority: boolean
  /** Most authorities that may come below this one, the leaf not counted. */
  readonly pathLength: number | undefined
  /** The key usage, all of it, as {@link keyUsages} has it; undefined without the extension. */
  readonly keyUsage: number | undefined
  readonly extKeyUsage: { readonly critical: boolean; readonly oids: readonly string[] } | undefined
  /** Critical extensions that nothing here judges. */
  readonly unknownCritical: readonly string[]
  /** By its issuer; undefined where its algorithm is none that counts. */
  readonly signature: CertificateSignature | undefined
}

interface CertificateSignature {
  readonly algorithm: Structure['signatureAlgorithm']
  /** The bytes that were signed, as they were read. */
  readonly signed: Uint8Array
  readonly bytes: Uint8Array
}

const oids = { keyUsage: '2.5.29.15', extKeyUsage: '2.5.29.37', basicConstraints: '2.5.29.19' } as const
/** Judged here, or narrowing nothing that is judged here: certificatePolicies, subjectAltName. */
const known: readonly string[] = [...Object.values(oids), '2.5.29.32', '2.5.29.17']

/** Reads a certificate; nothing is verified. Throws `time-stamp-malformed`. */
export function readCertificate(der: Uint8Array): Certificate {
  const what = 'certificate'
  const schema = parseDer(der, what, maxCertificateBytes)
  return reading(what, () => {
    const { publicKey, notBeforeMs, notAfterMs, signed, signature } = requireForm(schema)
    const structure = new Structure({ schema })
    const { signatureAlgorithm: algorithm } = structure
    const extensions = structure.extensions ?? []
    if (new Set(extensions.map(({ extnID }) => extnID)).size !== extensions.length)
      throw malformed(what, 'has an extension twice')
    const find = (id: string): Extension | undefined => extensions.find(({ extnID }) => extnID === id)
    const constraints = find(oids.basicConstraints)?.parsedValue as BasicConstraints | undefined
    const usage = find(oids.keyUsage)
    const extended = find(oids.extKeyUsage)
    const pathLength = constraints?.pathLenConstraint
    return {
      der,
      fingerprint: toHex(sha256(der)),
      subject: nameText(new Uint8Array(structure.subject.valueBeforeDecode)),
      subjectDer: new Uint8Array(structure.subject.valueBeforeDecode),
      issuerDer: new Uint8Array(structure.issuer.valueBeforeDecode),
      serial: toHex(structure.serialNumber.valueBlock.valueHexView),
      notBeforeMs,
      notAfterMs,
      key: publicKey,
      isAuthority: constraints?.cA === true,
      pathLength: typeof pathLength === 'number' ? pathLength : pathLength === undefined ? undefined : 0,
      keyUsage: usage === undefined ? undefined : keyUsageOf(usage),
      extKeyUsage:
        extended === undefined
          ? undefined
          : { critical: extended.critical, oids: (extended.parsedValue as ExtKeyUsage).keyPurposes },
      unknownCritical: extensions
        .filter(({ critical, extnID }) => critical && !known.includes(extnID))
        .map(({ extnID }) => extnID),
      signature: isKnownSignature(algorithm) ? { algorithm, signed, bytes: signature } : undefined,
    }
  })
}

/**
 * Holds the skeleton of a certificate against RFC 5280, section 4.1: every part where it belongs, nothing besides, one algorithm in both places.
 * The library passes over what its schema does not name. Throws `time-stamp-malformed`.
 */
function requireForm(schema: AsnType): {
  readonly publicKey: PublicKey
  readonly notBeforeMs: number
  readonly notAfterMs: number
  readonly signed: Uint8Array
  readonly signature: Uint8Array
} {
  const bad = (why: string): EvidenceError => malformed('certificate', why)
  const isTagged = (one: AsnType | undefined, tag: number): boolean =>
    one?.idBlock.tagClass === 3 && one.idBlock.tagNumber === tag
  const [tbs, outer, signature, ...more] = fields(schema)
  if (tbs === undefined || !(signature instanceof BitString) || more.length > 0) throw bad('has not three parts')
  if (signature.valueBlock.unusedBits !== 0 || signature.idBlock.isConstructed)
    throw bad('has a signature of broken bytes')
  const parts = fields(tbs)
  if (isTagged(parts[0], 0)) parts.shift()
  const [serial, inner, issuer, validity, subject, key, ...optional] = parts
  if (!(serial instanceof Integer)) throw bad('has no serial number')
  const [first = 0, second = 0x100] = serial.valueBlock.valueHexView
  if (
    serial.valueBlock.valueHexView.length === 0 ||
    (first === 0 && second < 0x80) ||
    (first === 0xff && second >= 0x80 && second < 0x100)
  )
    throw bad('has a serial number in more bytes than it needs')
  for (const tag of [1, 2]) if (isTagged(optional[0], tag)) optional.shift()
  const extensions = isTagged(optional[0], 3) ? optional.shift() : undefined
  if (extensions !== undefined) requireExtensions(extensions, bad)
  if (optional.length > 0 || key === undefined) throw bad('has parts that do not belong there')
  const [notBefore, notAfter, ...times] = fields(validity)
  if (times.length > 0) throw bad('has not two times of RFC 5280')
  for (const name of [issuer, subject]) requireName(name, bad)
  if (outer === undefined || inner === undefined || !equalBytes(bytesOf(outer), bytesOf(inner)))
    throw bad('names two algorithms for its signature')
  const [algorithm, , beyond] = fields(outer)
  if (!(algorithm instanceof ObjectIdentifier) || beyond !== undefined)
    throw bad('names no algorithm for its signature')
  return {
    publicKey: readPublicKey(key),
    notBeforeMs: readTime(notBefore, 'certificate'),
    notAfterMs: readTime(notAfter, 'certificate'),
    signed: bytesOf(tbs),
    signature: Uint8Array.from(signature.valueBlock.valueHexView),
  }
}

/** All bits of a key usage: nine have a name, and what stands after the ninth is of no use that is known. Throws `time-stamp-malformed`. */
function keyUsageOf({ extnValue }: Extension): number {
  const usage = parseDer(new Uint8Array(extnValue.valueBlock.valueHexView), 'key usage', 16)
  const [tag, , unused = 8, first = 0, second = 0, ...more] = bytesOf(usage)
  const last = second === 0 ? first : second
  if (tag !== 0x03 || unused > 7 || more.length > 0 || (last & ((1 << unused) - 1)) !== 0)
    throw malformed('key usage', 'is none')
  return first * 0x100 + second
}

/** One list of extensions, each an identifier, perhaps whether it is critical, and its bytes. */
function requireExtensions(tagged: AsnType, bad: (why: string) => EvidenceError): void {
  const [list, more] = fields(tagged)
  const all = fields(list)
  if (more !== undefined || all.length === 0) throw bad('has extensions that are none')
  for (const extension of all) {
    const parts = fields(extension)
    const [id, value] = [parts.shift(), parts.pop()]
    const [critical, beyond] = parts
    const isCritical = critical === undefined || (critical instanceof AsnBoolean && critical.blockLength === 3)
    if (!(id instanceof ObjectIdentifier && value instanceof OctetString && isCritical) || beyond !== undefined)
      throw bad('has an extension that is none')
  }
}

/** A name is sets of pairs of a type and a value. */
function requireName(name: AsnType | undefined, bad: (why: string) => EvidenceError): void {
  for (const set of fields(name)) {
    const pairs = fields(set).map((pair) => fields(pair))
    if (pairs.length === 0 || pairs.some((pair) => pair.length !== 2 || !(pair[0] instanceof ObjectIdentifier)))
      throw bad('has a name that is none')
  }
  // Of both names: one that cannot be told cannot be compared by everybody alike.
  if (name !== undefined) nameText(bytesOf(name))
}

/** True where `issuer` signed the certificate: names agree, and the signature verifies with an algorithm that counts. */
export async function isIssuedBy({ issuerDer, signature }: Certificate, issuer: Certificate): Promise<boolean> {
  if (signature === undefined || !equalBytes(issuerDer, issuer.subjectDer)) return false
  return verifySignature(signature.algorithm, issuer.key, signature.signed, signature.bytes)
}

const block = /-----BEGIN CERTIFICATE-----\s([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g
const maxPemBytes = 4 * 1024 * 1024

/** Certificates of a PEM file, each once; text around them is passed over. Throws `anchors-malformed` where there is none, or one that cannot be read. */
export function readPemCertificates(pem: string, where: string): Certificate[] {
  const bad = (why: string, cause?: unknown): EvidenceError =>
    new EvidenceError('anchors-malformed', `${where} ${why}`, { where }, { cause })
  if (pem.length > maxPemBytes) throw bad('is larger than any list of certificates')
  let found: Certificate[]
  try {
    found = [...pem.matchAll(block)].map(([, base64]) => readCertificate(bytesOfPem(base64 as string)))
  } catch (cause) {
    throw bad('holds a certificate that cannot be read', cause)
  }
  if (found.length === 0) throw bad('holds no certificate in PEM')
  return unique(found)
}

/** The bytes of base64 over several lines. Throws `time-stamp-malformed`. */
export function bytesOfPem(base64: string): Uint8Array {
  const bytes = tryBase64(base64.replaceAll(/\s/g, ''))
  if (bytes === undefined) throw malformed('PEM', 'is not canonical base64')
  return bytes
}

/** Each certificate once, in order. */
export function unique(certificates: readonly Certificate[]): Certificate[] {
  return [...new Map(certificates.map((one) => [one.fingerprint, one])).values()]
}
