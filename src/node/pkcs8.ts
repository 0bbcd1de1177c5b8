import { createCipheriv, createDecipheriv, pbkdf2Sync, randomBytes } from 'node:crypto'

/*
 * PKCS#8 for keys that the runtime's own key objects do not know: the seed form of RFC 9881 (ML-DSA), and PBES2 of RFC 8018
 * around it with PBKDF2-HMAC-SHA256 and AES-256-CBC, as OpenSSL writes it. OpenSSL 3.5 reads both.
 */
const mlDsa44Prefix = Buffer.from('3034020100300b060960864801650304031104228020', 'hex')

/** The private key of a 32-byte seed, DER. */
export function encodeMlDsa44Seed(seed: Uint8Array): Uint8Array {
  return Buffer.concat([mlDsa44Prefix, seed])
}

/** The seed in such a DER; undefined where it is anything else. */
export function decodeMlDsa44Seed(der: Uint8Array): Uint8Array | undefined {
  const isOne = der.length === mlDsa44Prefix.length + 32 && mlDsa44Prefix.equals(der.subarray(0, mlDsa44Prefix.length))
  return isOne ? Uint8Array.from(der.subarray(mlDsa44Prefix.length)) : undefined
}

const oids = {
  pbes2: Buffer.from('2a864886f70d01050d', 'hex'),
  pbkdf2: Buffer.from('2a864886f70d01050c', 'hex'),
  hmacSha256: Buffer.from('2a864886f70d0209', 'hex'),
  aes256Cbc: Buffer.from('60864801650304012a', 'hex'),
} as const
const tags = { integer: 0x02, octets: 0x04, null: 0x05, oid: 0x06, sequence: 0x30 } as const
/** What OWASP asks of PBKDF2-HMAC-SHA256; and the most that a file of others may ask of us. */
const iterations = 600_000
const maxIterations = 10_000_000

function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(parts)
  const { length } = body
  const head =
    length < 128 ? [tag, length] : length < 256 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from(head), body])
}

/** Encrypts a PKCS#8 DER under a passphrase. */
export function encryptPkcs8(plain: Uint8Array, passphrase: string): Uint8Array {
  const [salt, iv] = [randomBytes(16), randomBytes(16)]
  const key = pbkdf2Sync(passphrase, salt, iterations, 32, 'sha256')
  const cipher = createCipheriv('aes-256-cbc', key, iv)
  const encrypted = Buffer.concat([cipher.update(plain), cipher.final()])
  const count = Buffer.from([iterations >> 16, (iterations >> 8) & 255, iterations & 255])
  const prf = der(tags.sequence, der(tags.oid, oids.hmacSha256), der(tags.null))
  const kdf = der(tags.sequence, der(tags.octets, salt), der(tags.integer, count), prf)
  const scheme = der(
    tags.sequence,
    der(tags.sequence, der(tags.oid, oids.pbkdf2), kdf),
    der(tags.sequence, der(tags.oid, oids.aes256Cbc), der(tags.octets, iv)),
  )
  return der(tags.sequence, der(tags.sequence, der(tags.oid, oids.pbes2), scheme), der(tags.octets, encrypted))
}

/** Reads DER elements one after another; throws a RangeError where the bytes are something else. */
class DerReader {
  private at = 0
  private readonly bytes: Buffer
  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes)
  }
  take(tag: number): Buffer {
    const long = this.bytes[this.at + 1] ?? 0x80
    const count = long < 128 ? 0 : long - 128
    if (this.bytes[this.at] !== tag || long === 128 || count > 2)
      throw new RangeError('another DER element is expected')
    const begin = this.at + 2 + count
    const length = count === 0 ? long : this.bytes.readUIntBE(this.at + 2, count)
    if (begin + length > this.bytes.length) throw new RangeError('a DER element is longer than its bytes')
    this.at = begin + length
    return this.bytes.subarray(begin, this.at)
  }
  enter(tag: number): DerReader {
    return new DerReader(this.take(tag))
  }
  expect(tag: number, body: Uint8Array): void {
    if (!this.take(tag).equals(body)) throw new RangeError('another algorithm is expected')
  }
}

/**
 * Decrypts what {@link encryptPkcs8} or OpenSSL made. Throws where it is anything else, or the passphrase is another: the caller
 * says so, for messages must not quote what lies in a key file.
 */
export function decryptPkcs8(bytes: Uint8Array, passphrase: string): Uint8Array {
  const outer = new DerReader(bytes).enter(tags.sequence)
  const algorithm = outer.enter(tags.sequence)
  const encrypted = outer.take(tags.octets)
  algorithm.expect(tags.oid, oids.pbes2)
  const scheme = algorithm.enter(tags.sequence)
  const kdf = scheme.enter(tags.sequence)
  kdf.expect(tags.oid, oids.pbkdf2)
  const parameters = kdf.enter(tags.sequence)
  const salt = parameters.take(tags.octets)
  const rounds = parameters.take(tags.integer)
  if (rounds.length > 4 || rounds.readUIntBE(0, rounds.length) > maxIterations) throw new RangeError('too many rounds')
  parameters.enter(tags.sequence).expect(tags.oid, oids.hmacSha256)
  const cipher = scheme.enter(tags.sequence)
  cipher.expect(tags.oid, oids.aes256Cbc)
  const iv = cipher.take(tags.octets)
  const key = pbkdf2Sync(passphrase, salt, rounds.readUIntBE(0, rounds.length), 32, 'sha256')
  const decipher = createDecipheriv('aes-256-cbc', key, iv)
  return Buffer.concat([decipher.update(encrypted), decipher.final()])
}
