import { Integer } from 'asn1js'
import { type AlgorithmIdentifier, RSASSAPSSParams } from 'pkijs'
import { verifyEd25519 } from '../core/ed25519.ts'
import { fields, malformed, parseDer } from './der.ts'
import { positive, type PublicKey, type RsaKey, scalarBytes } from './public-key.ts'

/** Hashes that tokens, certificates and CRLs may use, by their object identifiers. */
export const hashByOid: Readonly<Record<string, HashAlgorithm>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}
export type HashAlgorithm = 'sha256' | 'sha384' | 'sha512'

/** The hash of an object identifier. Throws `time-stamp-malformed` for one that no token may use. */
export function requireHash(oid: string): HashAlgorithm {
  const hash = Object.hasOwn(hashByOid, oid) ? hashByOid[oid] : undefined
  if (hash === undefined)
    throw malformed('token', `uses the hash ${oid}, which is none of SHA-256, SHA-384 and SHA-512`)
  return hash
}

/** The object identifier of a hash. */
export function oidOf(algorithm: HashAlgorithm): string {
  return Object.entries(hashByOid).find(([, name]) => name === algorithm)?.[0] as string
}

type Scheme =
  | { readonly kind: 'rsa'; readonly hash: HashAlgorithm; readonly saltLength?: number }
  | { readonly kind: 'ec'; readonly hash: HashAlgorithm }
  | { readonly kind: 'ed25519' }

const schemes: Readonly<Record<string, Scheme>> = {
  '1.2.840.113549.1.1.11': { kind: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { kind: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { kind: 'rsa', hash: 'sha512' },
  '1.2.840.10045.4.3.2': { kind: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { kind: 'ec', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { kind: 'ec', hash: 'sha512' },
  '1.3.101.112': { kind: 'ed25519' },
}
const rsaEncryption = '1.2.840.113549.1.1.1'
const rsaPss = '1.2.840.113549.1.1.10'
const mgf1 = '1.2.840.113549.1.1.8'

/** The scheme of an algorithm identifier, or undefined for one that is unknown or too weak. `hash` serves where only "RSA" is named. */
function schemeOf({ algorithmId, algorithmParams }: AlgorithmIdentifier, hash?: HashAlgorithm): Scheme | undefined {
  if (algorithmId === rsaEncryption) return hash === undefined ? undefined : { kind: 'rsa', hash }
  if (algorithmId !== rsaPss) return Object.hasOwn(schemes, algorithmId) ? schemes[algorithmId] : undefined
  const params = new RSASSAPSSParams({ schema: algorithmParams })
  const named = pssHash(params)
  return named === undefined ? undefined : { kind: 'rsa', hash: named, saltLength: params.saltLength }
}

/** The one hash of parameters of PSS: one for both places is what everybody makes, and all that the platform is asked to verify. */
function pssHash({ hashAlgorithm, maskGenAlgorithm, trailerField }: RSASSAPSSParams): HashAlgorithm | undefined {
  const mask = maskGenAlgorithm.algorithmParams?.valueBlock?.value?.[0]?.valueBlock?.toString()
  const { algorithmId } = hashAlgorithm
  const isPlain = maskGenAlgorithm.algorithmId === mgf1 && mask === algorithmId && trailerField === 1
  return isPlain && Object.hasOwn(hashByOid, algorithmId) ? hashByOid[algorithmId] : undefined
}

/** True where a certificate's or CRL's signature algorithm is one that counts. */
export function isKnownSignature(algorithm: AlgorithmIdentifier): boolean {
  return schemeOf(algorithm) !== undefined
}

/** True where the runtime verifies signatures at all: a browser does not on a page that came over plain http. */
export function canVerify(): boolean {
  return subtle() !== undefined
}

type Subtle = NonNullable<NonNullable<typeof crypto>['subtle']>

function subtle(): Subtle | undefined {
  return typeof crypto === 'undefined' ? undefined : (crypto.subtle as Subtle | undefined)
}

/**
 * Verifies a signature by an algorithm identifier: RSA (PKCS #1 v1.5, PSS) of 2,048 bits or more, ECDSA on P-256, P-384 and P-521, Ed25519, with
 * SHA-256 to SHA-512. Whatever is unknown, weak or malformed gives false. `hash` is that of a SignerInfo, which may name RSA alone.
 */
export async function verifySignature(
  algorithm: AlgorithmIdentifier,
  key: PublicKey,
  data: Uint8Array,
  signature: Uint8Array,
  hash?: HashAlgorithm,
): Promise<boolean> {
  try {
    const scheme = schemeOf(algorithm, hash)
    const by = subtle()
    if (scheme === undefined || by === undefined) return false
    if (scheme.kind === 'ed25519') return key.kind === 'ed25519' && verifyEd25519(key.bytes, data, signature)
    // "SHA-256"
    const named = `SHA-${scheme.hash.slice(3)}`
    if (scheme.kind === 'rsa') return key.kind === 'rsa' && (await verifyRsa(by, scheme, key, named, data, signature))
    if (key.kind !== 'ec') return false
    const form = { name: 'ECDSA', namedCurve: key.curve }
    const imported = await by.importKey('raw', key.point, form, false, ['verify'])
    const halves = halvesOf(signature, scalarBytes(key.curve))
    return await by.verify({ name: 'ECDSA', hash: named }, imported, halves, data)
  } catch {
    return false
  }
}

async function verifyRsa(
  by: Subtle,
  { hash, saltLength }: Scheme & { kind: 'rsa' },
  { n, e, bits, pss }: RsaKey,
  named: string,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (bits < 2048) return false
  // A key that is bound to PSS signs by nothing else, and by the hash and at least the salt that it names.
  if (pss !== undefined && saltLength === undefined) return false
  if (pss instanceof RSASSAPSSParams && (pssHash(pss) !== hash || (saltLength ?? 0) < pss.saltLength)) return false
  const name = saltLength === undefined ? 'RSASSA-PKCS1-v1_5' : 'RSA-PSS'
  const key = await by.importKey('jwk', { kty: 'RSA', n, e }, { name, hash: named }, false, ['verify'])
  return by.verify(saltLength === undefined ? { name } : { name, saltLength }, key, signature, data)
}

/** Both numbers of an ECDSA signature in DER (RFC 3279, section 2.2.3), each in as many bytes as the curve has: so WebCrypto takes them. */
function halvesOf(signature: Uint8Array, bytes: number): Uint8Array {
  const [r, s, more] = fields(parseDer(signature, 'signature', 4 * bytes))
  if (!(r instanceof Integer) || !(s instanceof Integer) || more !== undefined) throw new Error('not two numbers')
  const halves = new Uint8Array(2 * bytes)
  for (const [i, number] of [positive(r), positive(s)].entries()) {
    if (number.length > bytes) throw new Error('a number beyond the curve')
    halves.set(number, (i + 1) * bytes - number.length)
  }
  return halves
}
