import { constants, type KeyObject, verify } from 'node:crypto'
import { type AlgorithmIdentifier, RSASSAPSSParams } from 'pkijs'

/** Hashes that tokens, certificates and CRLs may use, by their object identifiers. */
export const hashByOid: Readonly<Record<string, HashAlgorithm>> = {
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
}
export type HashAlgorithm = 'sha256' | 'sha384' | 'sha512'

/** The object identifier of a hash. */
export function oidOf(algorithm: HashAlgorithm): string {
  return Object.entries(hashByOid).find(([, name]) => name === algorithm)?.[0] as string
}

type Scheme = {
  readonly key: 'rsa' | 'ec' | 'ed25519'
  readonly hash: HashAlgorithm | null
  readonly saltLength?: number
}

const schemes: Readonly<Record<string, Scheme>> = {
  '1.2.840.113549.1.1.11': { key: 'rsa', hash: 'sha256' },
  '1.2.840.113549.1.1.12': { key: 'rsa', hash: 'sha384' },
  '1.2.840.113549.1.1.13': { key: 'rsa', hash: 'sha512' },
  '1.2.840.10045.4.3.2': { key: 'ec', hash: 'sha256' },
  '1.2.840.10045.4.3.3': { key: 'ec', hash: 'sha384' },
  '1.2.840.10045.4.3.4': { key: 'ec', hash: 'sha512' },
  '1.3.101.112': { key: 'ed25519', hash: null },
}
const rsaEncryption = '1.2.840.113549.1.1.1'
const rsaPss = '1.2.840.113549.1.1.10'

/** The scheme of an algorithm identifier, or undefined for one that is unknown or too weak. `hash` serves where only "RSA" is named. */
function schemeOf({ algorithmId, algorithmParams }: AlgorithmIdentifier, hash?: HashAlgorithm): Scheme | undefined {
  if (algorithmId === rsaEncryption) return hash === undefined ? undefined : { key: 'rsa', hash }
  if (algorithmId !== rsaPss) return Object.hasOwn(schemes, algorithmId) ? schemes[algorithmId] : undefined
  const params = new RSASSAPSSParams({ schema: algorithmParams })
  const named = hashByOid[params.hashAlgorithm.algorithmId]
  const mask = params.maskGenAlgorithm.algorithmParams?.valueBlock?.value?.[0]?.valueBlock?.toString()
  // One hash for both: what everybody makes, and all that the platform is asked to verify.
  return named === undefined || mask !== params.hashAlgorithm.algorithmId
    ? undefined
    : { key: 'rsa', hash: named, saltLength: params.saltLength }
}

/** True for a key of docs/spec/13-time-stamps.md, "Token", step 3. */
function isStrong(key: KeyObject): boolean {
  return key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) >= 2048
}

/** True where a certificate's or CRL's signature algorithm is one that counts. */
export function isKnownSignature(algorithm: AlgorithmIdentifier): boolean {
  return schemeOf(algorithm) !== undefined
}

/**
 * Verifies a signature by an algorithm identifier: RSA (PKCS #1 v1.5, PSS) of 2,048 bits or more, ECDSA, Ed25519, with SHA-256 to
 * SHA-512. Whatever is unknown, weak or malformed gives false. `hash` is that of a SignerInfo, which may name RSA alone.
 */
export function verifySignature(
  algorithm: AlgorithmIdentifier,
  key: KeyObject,
  data: Uint8Array,
  signature: Uint8Array,
  hash?: HashAlgorithm,
): boolean {
  try {
    const scheme = schemeOf(algorithm, hash)
    // A key of type rsa-pss is bound to its own parameters; OpenSSL holds it to them.
    const type = key.asymmetricKeyType === 'rsa-pss' ? 'rsa' : key.asymmetricKeyType
    if (scheme === undefined || type !== scheme.key || !isStrong(key)) return false
    const { saltLength } = scheme
    const padding = saltLength === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }
    return verify(scheme.hash, data, { key, ...padding }, signature)
  } catch {
    return false
  }
}
