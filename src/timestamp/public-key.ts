import { type AsnType, BitString, Integer, Null, ObjectIdentifier, Sequence } from 'asn1js'
import { RSASSAPSSParams } from 'pkijs'
import { toBase64url } from '../core/base64.ts'
import { fields, malformed, parseDer } from './der.ts'

/** A key of a certificate, as far as a signature of it counts. `other`: a key of a kind that no signature counts of here. */
export type PublicKey =
  | RsaKey
  | { readonly kind: 'ec'; readonly curve: Curve; readonly point: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'ed25519'; readonly bytes: Uint8Array }
  | { readonly kind: 'other' }

/** An RSA key. `pss`: one that may sign by PSS alone, and by which parameters, where it says so (RFC 4055, section 1.2). */
export interface RsaKey {
  readonly kind: 'rsa'
  /** Modulus and exponent, as a JWK has them. */
  readonly n: string
  readonly e: string
  readonly bits: number
  readonly pss: 'any' | RSASSAPSSParams | undefined
}

/** A curve of FIPS 186-5, by WebCrypto's name. */
export type Curve = 'P-256' | 'P-384' | 'P-521'

const algorithms = {
  rsa: '1.2.840.113549.1.1.1',
  rsaPss: '1.2.840.113549.1.1.10',
  ec: '1.2.840.10045.2.1',
  ed25519: '1.3.101.112',
} as const

/** Kinds of keys that a certificate may hold, and that sign nothing here: DSA, Diffie-Hellman, X25519, X448, Ed448. */
const otherAlgorithms = new Set(['1.2.840.10040.4.1', '1.2.840.10046.2.1', '1.3.101.110', '1.3.101.111', '1.3.101.113'])

interface CurveForm {
  readonly curve: Curve
  readonly bytes: number
  readonly p: bigint
  readonly b: bigint
}

const curves: Readonly<Record<string, CurveForm>> = {
  '1.2.840.10045.3.1.7': {
    curve: 'P-256',
    bytes: 32,
    p: 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n,
    b: 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn,
  },
  '1.3.132.0.34': {
    curve: 'P-384',
    bytes: 48,
    p: 2n ** 384n - 2n ** 128n - 2n ** 96n + 2n ** 32n - 1n,
    b: 0xb3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aefn,
  },
  '1.3.132.0.35': {
    curve: 'P-521',
    bytes: 66,
    p: 2n ** 521n - 1n,
    b: 0x0051953eb9618e1c9a1f929a21a0b68540eea2da725b99b315f3b8b489918ef109e156193951ec7e937b1652c0bd3bb1bf073573df883d2c34f1ef451fd46b503f00n,
  },
}

const what = 'certificate'

/** Reads a SubjectPublicKeyInfo (RFC 5280, section 4.1.2.7). Throws `time-stamp-malformed` for what is none. */
export function readPublicKey(info: AsnType | undefined): PublicKey {
  const [algorithm, bits, more] = fields(info)
  const [oid, parameters] = fields(algorithm)
  if (!(oid instanceof ObjectIdentifier) || !(bits instanceof BitString) || more !== undefined)
    throw malformed(what, 'has no public key')
  if (bits.valueBlock.unusedBits !== 0) throw malformed(what, 'has a public key of broken bytes')
  const bytes = Uint8Array.from(bits.valueBlock.valueHexView)
  const id = oid.valueBlock.toString()
  if (id === algorithms.rsa) {
    if (parameters !== undefined && !(parameters instanceof Null)) throw malformed(what, 'has an RSA key that is none')
    return rsaKey(bytes, undefined)
  }
  if (id === algorithms.rsaPss)
    return rsaKey(bytes, parameters === undefined ? 'any' : new RSASSAPSSParams({ schema: parameters }))
  if (id === algorithms.ec) return ecKey(bytes, parameters)
  if (id === algorithms.ed25519) {
    if (bytes.length !== 32 || parameters !== undefined) throw malformed(what, 'has a public key that is none')
    return { kind: 'ed25519', bytes }
  }
  if (otherAlgorithms.has(id)) return { kind: 'other' }
  throw malformed(what, `has a public key of an unknown kind, ${id}`)
}

function rsaKey(bytes: Uint8Array, pss: RsaKey['pss']): PublicKey {
  const key = parseDer(bytes, what, bytes.length)
  const [n, e, more] = fields(key)
  if (!(key instanceof Sequence && n instanceof Integer && e instanceof Integer) || more !== undefined)
    throw malformed(what, 'has an RSA key that is none')
  const [modulus, exponent] = [positive(n), positive(e)]
  const bits = modulus.length === 0 ? 0 : 8 * (modulus.length - 1) + 32 - Math.clz32(modulus[0] as number)
  return { kind: 'rsa', n: toBase64url(modulus), e: toBase64url(exponent), bits, pss }
}

/** The bytes of a positive integer, without the zero that keeps it so. Throws for another, and for one with more zeros than one. */
export function positive(integer: Integer): Uint8Array {
  const bytes = integer.valueBlock.valueHexView
  const [first = 0x80, second = 0x80] = bytes
  if (first >= 0x80 || (first === 0 && second < 0x80))
    throw malformed(what, 'has a number that is not positive and minimal')
  return first === 0 ? bytes.subarray(1) : bytes
}

/** Uncompressed points alone (RFC 5480, section 2.2, asks for no other): a key of another curve, or a compressed one, signs nothing here. */
function ecKey(point: Uint8Array<ArrayBuffer>, parameters: AsnType | undefined): PublicKey {
  const isPoint = point[0] !== undefined && point[0] >= 2 && point[0] <= 7 && point[0] !== 5
  if (!(parameters instanceof ObjectIdentifier) || !isPoint) throw malformed(what, 'has a public key of no named curve')
  const name = parameters.valueBlock.toString()
  const form = Object.hasOwn(curves, name) ? curves[name] : undefined
  if (form === undefined || point[0] !== 4) return { kind: 'other' }
  if (!isOnCurve(point, form)) throw malformed(what, 'has a public key that is no point of its curve')
  return { kind: 'ec', curve: form.curve, point }
}

function isOnCurve(point: Uint8Array, { bytes, p, b }: CurveForm): boolean {
  if (point.length !== 1 + 2 * bytes) return false
  const x = numberOf(point.subarray(1, 1 + bytes))
  const y = numberOf(point.subarray(1 + bytes))
  return x < p && y < p && (y * y - x * x * x + 3n * x - b) % p === 0n
}

function numberOf(bytes: Uint8Array): bigint {
  return bytes.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n)
}

/** Bytes of each half of an ECDSA signature on a curve. */
export function scalarBytes(curve: Curve): number {
  return Object.values(curves).find((one) => one.curve === curve)?.bytes as number
}
