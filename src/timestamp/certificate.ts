import { createHash, type KeyObject, X509Certificate } from 'node:crypto'
import { BasicConstraints, Certificate as Structure, ExtKeyUsage, type Extension } from 'pkijs'
import { toHex } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { malformed, parseDer, reading } from './der.ts'
import { isKnownSignature } from './signature.ts'

/** Largest certificate that is read, in bytes. */
export const maxCertificateBytes: number = 16 * 1024

/** Bits of the key usage extension (RFC 5280, section 4.2.1.3), the first bit highest. */
export const keyUsages = { digitalSignature: 0x80, nonRepudiation: 0x40, keyCertSign: 0x04, cRLSign: 0x02 } as const

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
  readonly key: KeyObject
  readonly isAuthority: boolean
  /** Most authorities that may come below this one, the leaf not counted. */
  readonly pathLength: number | undefined
  /** First byte of the key usage; undefined without the extension. */
  readonly keyUsage: number | undefined
  readonly extKeyUsage: { readonly critical: boolean; readonly oids: readonly string[] } | undefined
  /** Critical extensions that nothing here judges. */
  readonly unknownCritical: readonly string[]
  readonly x509: X509Certificate
  readonly hasKnownSignature: boolean
}

const oids = { keyUsage: '2.5.29.15', extKeyUsage: '2.5.29.37', basicConstraints: '2.5.29.19' } as const
/** Judged here, or narrowing nothing that is judged here: certificatePolicies, subjectAltName. */
const known: readonly string[] = [...Object.values(oids), '2.5.29.32', '2.5.29.17']

/** Reads a certificate; nothing is verified. Throws `time-stamp-malformed`. */
export function readCertificate(der: Uint8Array): Certificate {
  const what = 'certificate'
  const schema = parseDer(der, what, maxCertificateBytes)
  return reading(what, () => {
    const structure = new Structure({ schema })
    const extensions = structure.extensions ?? []
    if (new Set(extensions.map(({ extnID }) => extnID)).size !== extensions.length)
      throw malformed(what, 'has an extension twice')
    const find = (id: string): Extension | undefined => extensions.find(({ extnID }) => extnID === id)
    const constraints = find(oids.basicConstraints)?.parsedValue as BasicConstraints | undefined
    const usage = find(oids.keyUsage)?.parsedValue as { valueBlock: { valueHexView: Uint8Array } } | undefined
    const extended = find(oids.extKeyUsage)
    const x509 = new X509Certificate(der)
    const pathLength = constraints?.pathLenConstraint
    return {
      der,
      fingerprint: createHash('sha256').update(der).digest('hex'),
      subject: x509.subject.split('\n').join(', '),
      subjectDer: new Uint8Array(structure.subject.valueBeforeDecode),
      issuerDer: new Uint8Array(structure.issuer.valueBeforeDecode),
      serial: toHex(structure.serialNumber.valueBlock.valueHexView),
      notBeforeMs: structure.notBefore.value.getTime(),
      notAfterMs: structure.notAfter.value.getTime(),
      key: x509.publicKey,
      isAuthority: constraints?.cA === true,
      pathLength: typeof pathLength === 'number' ? pathLength : pathLength === undefined ? undefined : 0,
      keyUsage: usage === undefined ? undefined : (usage.valueBlock.valueHexView[0] ?? 0),
      extKeyUsage:
        extended === undefined
          ? undefined
          : { critical: extended.critical, oids: (extended.parsedValue as ExtKeyUsage).keyPurposes },
      unknownCritical: extensions
        .filter(({ critical, extnID }) => critical && !known.includes(extnID))
        .map(({ extnID }) => extnID),
      x509,
      hasKnownSignature: isKnownSignature(structure.signatureAlgorithm),
    }
  })
}

/** True where `issuer` signed the certificate: names agree, and the signature verifies with an algorithm that counts. */
export function isIssuedBy(certificate: Certificate, issuer: Certificate): boolean {
  if (!equalBytes(certificate.issuerDer, issuer.subjectDer) || !certificate.hasKnownSignature) return false
  const { key } = issuer
  if (key.asymmetricKeyType === 'rsa' && (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) return false
  try {
    return certificate.x509.verify(key)
  } catch {
    return false
  }
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
    found = [...pem.matchAll(block)].map(([, base64]) =>
      readCertificate(new Uint8Array(Buffer.from(base64 as string, 'base64'))),
    )
  } catch (cause) {
    throw bad('holds a certificate that cannot be read', cause)
  }
  if (found.length === 0) throw bad('holds no certificate in PEM')
  return unique(found)
}

/** Each certificate once, in order. */
export function unique(certificates: readonly Certificate[]): Certificate[] {
  return [...new Map(certificates.map((one) => [one.fingerprint, one])).values()]
}
