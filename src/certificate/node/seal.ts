import { createHash, createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto'
import { attempt } from '../../core/attempt.ts'
import { EvidenceError } from '../../core/errors.ts'
import { der, derInteger, tags } from '../../node/der.ts'
import { type Certificate, readPemCertificates } from '../../timestamp/certificate.ts'
import { certificateHead } from '../pdf/read.ts'
import { sealedBytes, withSeal, withSealPlace } from '../pdf/seal-place.ts'
import { readPdf } from '../pdf/syntax.ts'

/*
 * A seal: a PAdES signature of level B-B by a certificate of its own, and never by a ledger's key, which signs checkpoints and nothing
 * else. It says who gave the document out; what the attachments prove, they prove without it.
 */

/** Who seals: a certificate, those that lead to its issuer, and its private key. */
export interface Sealer {
  readonly certificate: Certificate
  readonly chain: readonly Certificate[]
  readonly key: KeyObject
  /** For people. */
  readonly subject: string
}

const unfit = (why: string, where: string): EvidenceError => new EvidenceError('seal-key-unfit', why, { where })
const curves: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' }

/**
 * Takes a certificate (PEM, its own first and then those above it) and its private key (PEM, with its passphrase if it has one). Throws
 * `seal-key-unfit`.
 */
export function openSealer(
  certificates: { readonly path: string; readonly pem: string },
  key: { readonly path: string; readonly pem: string; readonly passphrase: string | undefined },
): Sealer {
  const read = attempt(() => readPemCertificates(certificates.pem, certificates.path))
  if (read instanceof EvidenceError) throw unfit(read.message, certificates.path)
  const [certificate, ...chain] = read as [Certificate, ...Certificate[]]
  const opened = openKey(key)
  if (!new X509Certificate(certificate.der).checkPrivateKey(opened))
    throw unfit(`the key in ${key.path} is not that of the first certificate in ${certificates.path}`, key.path)
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = opened
  const isEc = type === 'ec' && Object.hasOwn(curves, details.namedCurve ?? '')
  const isRsa = type === 'rsa' && (details.modulusLength ?? 0) >= 2048
  if (!isEc && !isRsa) throw unfit(`the key in ${key.path} is of a kind or size that viewers do not take`, key.path)
  return { certificate, chain, key: opened, subject: certificate.subject }
}

function openKey({ path, pem, passphrase }: { path: string; pem: string; passphrase: string | undefined }): KeyObject {
  try {
    return createPrivateKey({ key: pem, ...(passphrase === undefined ? {} : { passphrase }) })
  } catch {
    // The cause may quote what the file holds.
    const why = /ENCRYPTED/.test(pem) ? ', or it does not open with this passphrase' : ''
    throw unfit(`${path} holds no private key in PEM${why}`, path)
  }
}

const oid = {
  data: '2a864886f70d010701',
  signedData: '2a864886f70d010702',
  contentType: '2a864886f70d010903',
  messageDigest: '2a864886f70d010904',
  signingCertificateV2: '2a864886f70d010910022f',
  sha256: '608648016503040201',
  ecdsaWithSha256: '2a8648ce3d040302',
  sha256WithRsa: '2a864886f70d01010b',
} as const
const set = 0x31

const derOid = (hex: string): Buffer => der(tags.oid, Buffer.from(hex, 'hex'))
const sequence = (...parts: readonly Uint8Array[]): Buffer => der(tags.sequence, ...parts)
const attribute = (type: string, value: Uint8Array): Buffer => sequence(derOid(type), der(set, value))

/** Seals a certificate that has no seal. Throws `seal-key-unfit`, `certificate-malformed`. */
export function sealCertificate(unsealed: Uint8Array, sealer: Sealer): Uint8Array {
  const place = withSealPlace(unsealed, readPdf(unsealed, certificateHead))
  return withSeal(place, signedData(sealedBytes(place), sealer).toString('hex'))
}

/** The DER of a CMS signature without its content (RFC 5652), with the attributes of PAdES B-B (ETSI EN 319 142-1). */
function signedData(content: Uint8Array, { certificate, chain, key }: Sealer): Buffer {
  const digest = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest()
  const certificateId = sequence(sequence(sequence(der(tags.octets, digest(certificate.der)))))
  // A SET in DER is in the order of its elements' bytes.
  const attributes = [
    attribute(oid.contentType, derOid(oid.data)),
    attribute(oid.messageDigest, der(tags.octets, digest(content))),
    attribute(oid.signingCertificateV2, certificateId),
  ].sort((a, b) => Buffer.compare(a, b))
  const signature = sign('sha256', der(set, ...attributes), key)
  const sha256 = sequence(derOid(oid.sha256))
  const algorithm =
    key.asymmetricKeyType === 'ec'
      ? sequence(derOid(oid.ecdsaWithSha256))
      : sequence(derOid(oid.sha256WithRsa), der(tags.null))
  const serial = der(tags.integer, Buffer.from(certificate.serial, 'hex'))
  const signer = sequence(
    derInteger(1),
    sequence(certificate.issuerDer, serial),
    sha256,
    der(0xa0, ...attributes),
    algorithm,
    der(tags.octets, signature),
  )
  const certificates = [certificate, ...chain].map((one) => one.der)
  const inner = sequence(
    derInteger(1),
    der(set, sha256),
    sequence(derOid(oid.data)),
    der(0xa0, ...certificates),
    der(set, signer),
  )
  return sequence(derOid(oid.signedData), der(0xa0, inner))
}
