import { createCipheriv, createDecipheriv, pbkdf2Sync, randomBytes } from 'node:crypto'
import { DerReader, der, derInteger, tags } from './der.ts'

/*
 * Private keys as PKCS#8 (RFC 5958), and PBES2 of RFC 8018 around them. Written here and not by the runtime, because the runtime
 * encrypts with 2,048 rounds, knows ML-DSA only in its newest versions, and with OpenSSL 3.0 does not read version 2.
 */
const algorithms = {
  Ed25519: Buffer.from('2b6570', 'hex'),
  'ML-DSA-44': Buffer.from('608648016503040311', 'hex'),
} as const
export type KeyAlgorithm = keyof typeof algorithms

/** How the 32-byte seed stands inside the private key: RFC 8410 in octets, RFC 9881 under the tag [0]. */
const seedTags = { Ed25519: tags.octets, 'ML-DSA-44': 0x80 } as const

export interface PrivateKeySeed {
  readonly algorithm: KeyAlgorithm
  /** 32 bytes; secret. */
  readonly seed: Uint8Array
  /** The public key that version 2 carries beside it; the caller compares it with that of the seed. */
  readonly publicKey?: Uint8Array
}

/** The private key of a 32-byte seed as PKCS#8 version 1, DER. */
export function encodePkcs8({ algorithm, seed }: PrivateKeySeed): Uint8Array {
  const id = der(tags.sequence, der(tags.oid, algorithms[algorithm]))
  return der(tags.sequence, derInteger(0), id, der(tags.octets, der(seedTags[algorithm], seed)))
}

/** Reads PKCS#8 of version 1 or 2. Undefined where it is anything else than a key of a known algorithm as a seed. */
export function decodePkcs8(bytes: Uint8Array): PrivateKeySeed | undefined {
  try {
    const outer = new DerReader(bytes)
    const info = outer.enter(tags.sequence)
    outer.end()
    const version = info.integer()
    const id = info.enter(tags.sequence)
    const oid = id.take(tags.oid)
    id.end()
    const algorithm = (Object.keys(algorithms) as KeyAlgorithm[]).find((one) => algorithms[one].equals(oid))
    if (algorithm === undefined || version > 1) return undefined
    const key = info.enter(tags.octets)
    const seed = Uint8Array.from(key.take(seedTags[algorithm]))
    key.end()
    info.takeIf(tags.attributes)
    const bits = info.takeIf(tags.publicKey)
    info.end()
    if (seed.length !== 32 || (bits !== undefined && (version === 0 || bits[0] !== 0))) return undefined
    return { algorithm, seed, ...(bits === undefined ? {} : { publicKey: Uint8Array.from(bits.subarray(1)) }) }
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

const oids = {
  pbes2: Buffer.from('2a864886f70d01050d', 'hex'),
  pbkdf2: Buffer.from('2a864886f70d01050c', 'hex'),
  hmacSha256: Buffer.from('2a864886f70d0209', 'hex'),
  aes256Cbc: Buffer.from('60864801650304012a', 'hex'),
} as const
/** What OWASP asks of PBKDF2-HMAC-SHA256, and the least that is read; and the most that a file of others may ask of us. */
const minIterations = 600_000
const maxIterations = 10_000_000

/** Encrypts a PKCS#8 DER under a passphrase. */
export function encryptPkcs8(plain: Uint8Array, passphrase: string): Uint8Array {
  const [salt, iv] = [randomBytes(16), randomBytes(16)]
  const cipher = createCipheriv('aes-256-cbc', pbkdf2Sync(passphrase, salt, minIterations, 32, 'sha256'), iv)
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()])
  const prf = der(tags.sequence, der(tags.oid, oids.hmacSha256), der(tags.null))
  const kdf = der(tags.sequence, der(tags.octets, salt), derInteger(minIterations), prf)
  const scheme = der(
    tags.sequence,
    der(tags.sequence, der(tags.oid, oids.pbkdf2), kdf),
    der(tags.sequence, der(tags.oid, oids.aes256Cbc), der(tags.octets, iv)),
  )
  return der(tags.sequence, der(tags.sequence, der(tags.oid, oids.pbes2), scheme), der(tags.octets, encrypted))
}

/** `weak`: by another derivation than ours, or fewer rounds, so that the file gives the passphrase away too cheaply. */
export type Decrypted = Uint8Array | 'malformed' | 'weak' | 'wrong passphrase'

interface Encryption {
  readonly salt: Buffer
  readonly rounds: number
  readonly iv: Buffer
  readonly encrypted: Buffer
}

/** Decrypts what {@link encryptPkcs8} makes, or OpenSSL with the same parameters. Never throws: no message quotes a key file. */
export function decryptPkcs8(bytes: Uint8Array, passphrase: string): Decrypted {
  const read = readEncryption(bytes)
  if (typeof read === 'string') return read
  const { salt, rounds, iv, encrypted } = read
  try {
    const decipher = createDecipheriv('aes-256-cbc', pbkdf2Sync(passphrase, salt, rounds, 32, 'sha256'), iv)
    const plain = Buffer.concat([decipher.update(encrypted), decipher.final()])
    // One wrong passphrase of 256 leaves a padding that looks right: the content then does not.
    new DerReader(plain).enter(tags.sequence).integer()
    return plain
  } catch {
    return 'wrong passphrase'
  }
}

function readEncryption(bytes: Uint8Array): Encryption | 'malformed' | 'weak' {
  try {
    const outer = new DerReader(bytes).enter(tags.sequence)
    const algorithm = outer.enter(tags.sequence)
    const encrypted = outer.take(tags.octets)
    if (!algorithm.take(tags.oid).equals(oids.pbes2)) return 'weak'
    const scheme = algorithm.enter(tags.sequence)
    const kdf = scheme.enter(tags.sequence)
    if (!kdf.take(tags.oid).equals(oids.pbkdf2)) return 'weak'
    const parameters = kdf.enter(tags.sequence)
    const salt = parameters.take(tags.octets)
    const rounds = parameters.integer()
    // An optional key length; without the function that follows it is HMAC-SHA1.
    parameters.takeIf(tags.integer)
    const prf = parameters.takeIf(tags.sequence)
    if (prf === undefined || !new DerReader(prf).take(tags.oid).equals(oids.hmacSha256)) return 'weak'
    const cipher = scheme.enter(tags.sequence)
    if (!cipher.take(tags.oid).equals(oids.aes256Cbc) || rounds < minIterations || salt.length < 8) return 'weak'
    if (rounds > maxIterations) return 'malformed'
    return { salt, rounds, iv: cipher.take(tags.octets), encrypted }
  } catch (error) {
    if (error instanceof RangeError) return 'malformed'
    throw error
  }
}
