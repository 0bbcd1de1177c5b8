import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { closeSync, fstatSync, fsyncSync, openSync, readFileSync, writeSync } from 'node:fs'
import { EvidenceError, type Jwk, jwkOf, parseCanonicalJwk, thumbprint } from '../core/index.ts'
import { shareFile } from './private-folder.ts'

/** A private key in use. The seed never leaves the runtime's key object. */
export interface SigningKey {
  readonly jwk: Jwk
  readonly thumbprint: string
  /** 32 bytes. */
  readonly publicKey: Uint8Array
  /** Ed25519 signature, 64 bytes. */
  readonly sign: (message: Uint8Array) => Uint8Array
}

function signingKey(key: KeyObject): SigningKey {
  const { x } = createPublicKey(key).export({ format: 'jwk' })
  const publicKey = new Uint8Array(Buffer.from(x as string, 'base64url'))
  const jwk = jwkOf(publicKey)
  return { jwk, thumbprint: thumbprint(jwk), publicKey, sign: (message) => sign(null, message, key) }
}

/** A key that signs checkpoints: in a file, or in hardware, which answers later. */
export type LedgerSigningKey = Omit<SigningKey, 'sign'> & {
  readonly sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>
}

/** Makes a key in memory. */
export function generateSigningKey(): { key: SigningKey; object: KeyObject } {
  const { privateKey } = generateKeyPairSync('ed25519')
  return { key: signingKey(privateKey), object: privateKey }
}

/** Bytes of a PKCS#8 PEM; encrypted where a passphrase is given. */
function encodePem(object: KeyObject, passphrase: string | undefined): string {
  const options = { format: 'pem', type: 'pkcs8' } as const
  return object.export(passphrase === undefined ? options : { ...options, cipher: 'aes-256-cbc', passphrase }) as string
}

/** Makes a key file, mode 0600, never over another. Throws `file-exists`, `file-unreadable`. */
export function createKeyFile(path: string, passphrase?: string): SigningKey {
  const { key, object } = generateSigningKey()
  writeNewFile(path, encodePem(object, passphrase), 0o600)
  return key
}

/** Writes and syncs a file that must not exist; one whose mode lets others read it is as open as the user's umask lets it be. Throws `file-exists`, `file-unreadable`. */
export function writeNewFile(path: string, content: string | Uint8Array, mode: number): void {
  let fd: number
  try {
    fd = openSync(path, 'wx', mode)
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    throw new EvidenceError(
      exists ? 'file-exists' : 'file-unreadable',
      exists ? `${path} exists already` : `${path} could not be made: ${(cause as Error).message}`,
      { where: path },
      { cause },
    )
  }
  try {
    if ((mode & 0o044) !== 0) shareFile(fd)
    const bytes = typeof content === 'string' ? Buffer.from(content) : content
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/**
 * Reads a private key. Permissions are judged on the open file, so that nobody swaps it in between.
 * Throws `file-unreadable`, `key-file-permissions`, `key-file-passphrase`, `key-file-malformed`.
 */
export function readKeyFile(path: string, passphrase?: string): SigningKey {
  const pem = readPrivateFile(path)
  if (/BEGIN ENCRYPTED/.test(pem) && passphrase === undefined) {
    throw new EvidenceError('key-file-passphrase', `the key file ${path} has a passphrase, and none was given`, {
      where: path,
    })
  }
  let key: KeyObject
  try {
    key = createPrivateKey(passphrase === undefined ? pem : { key: pem, passphrase })
  } catch {
    // The cause may quote the input: it stays here.
    const encrypted = /BEGIN ENCRYPTED/.test(pem)
    throw encrypted
      ? new EvidenceError('key-file-passphrase', `the passphrase does not open the key file ${path}`, { where: path })
      : new EvidenceError('key-file-malformed', `${path} holds no PKCS#8 private key`, { where: path })
  }
  if (key.asymmetricKeyType !== 'ed25519') {
    throw new EvidenceError('key-file-malformed', `${path} holds a key that is not Ed25519`, { where: path })
  }
  return signingKey(key)
}

/** The text of a file that its owner alone may use. Throws `file-unreadable`, `key-file-permissions`. */
export function readPrivateFile(path: string): string {
  let fd: number
  try {
    fd = openSync(path, 'r')
  } catch (cause) {
    throw new EvidenceError('file-unreadable', `the key file ${path} cannot be read: ${(cause as Error).message}`, {
      where: path,
    })
  }
  try {
    const mode = fstatSync(fd).mode & 0o777
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
      const found = mode.toString(8).padStart(4, '0')
      throw new EvidenceError('key-file-permissions', `others may use the key file ${path} (mode ${found})`, {
        where: path,
        expected: '0600',
        found,
      })
    }
    return readFileSync(fd, 'utf8')
  } finally {
    closeSync(fd)
  }
}

/** Reads a public key: a JWK file, or the public part of a key file. Throws `file-unreadable`, `key-malformed`. */
export function readPublicKey(path: string): Jwk {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    throw new EvidenceError('file-unreadable', `${path} cannot be read: ${(cause as Error).message}`, { where: path })
  }
  if (text.includes('BEGIN PUBLIC KEY')) {
    try {
      const { x, crv } = createPublicKey(text).export({ format: 'jwk' })
      return parseCanonicalJwk(`{"crv":"${crv}","kty":"OKP","x":"${x}"}`)
    } catch {
      throw new EvidenceError('key-malformed', `${path} holds no Ed25519 public key`, { where: path })
    }
  }
  return parseCanonicalJwk(text.trim())
}

/** Cryptographically strong random bytes. */
export function randomSalt(count: number): Uint8Array {
  return randomBytes(count)
}
