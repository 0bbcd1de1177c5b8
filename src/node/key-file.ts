import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { equalBytes } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { type Jwk, jwkOf, thumbprint } from '../core/jwk.ts'
import { encodePkcs8 } from './pkcs8.ts'
import { createPrivateKeyFile, type OpenedKeyFile, readPrivateKeyOf } from './private-key-file.ts'

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

/** Makes a key file, mode 0600, never over another. Throws `file-exists`, `file-unreadable`. */
export function createKeyFile(path: string, passphrase?: string): SigningKey {
  const seed = new Uint8Array(randomBytes(32))
  createPrivateKeyFile(path, { algorithm: 'Ed25519', seed }, passphrase)
  return signingKeyOf({ algorithm: 'Ed25519', seed, isEncrypted: passphrase !== undefined }, path)
}

/** Reads a private key. Throws the codes of readPrivateKeyFile. */
export function readKeyFile(path: string, passphrase?: string): SigningKey {
  return signingKeyOf(readPrivateKeyOf('Ed25519', path, passphrase), path)
}

/** The key of an opened file. Throws `key-file-malformed` where the file names another public key than that of its seed. */
export function signingKeyOf(opened: OpenedKeyFile, path: string): SigningKey {
  const bytes = Buffer.from(encodePkcs8({ algorithm: 'Ed25519', seed: opened.seed }))
  const key = signingKey(createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' }))
  if (opened.publicKey !== undefined && !equalBytes(opened.publicKey, key.publicKey))
    throw new EvidenceError('key-file-malformed', `the public key in ${path} is not that of its private key`, {
      where: path,
    })
  return key
}

/** Cryptographically strong random bytes. */
export function randomSalt(count: number): Uint8Array {
  return randomBytes(count)
}
