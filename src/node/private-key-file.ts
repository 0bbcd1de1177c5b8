import { EvidenceError } from '../core/errors.ts'
import { writeNewFile } from './durable-file.ts'
import {
  decodePkcs8,
  decryptPkcs8,
  encodePkcs8,
  encryptPkcs8,
  type KeyAlgorithm,
  type PrivateKeySeed,
} from './pkcs8.ts'
import { readPrivateFile } from './private-file.ts'

/* PKCS#8 in PEM: the one form of every private key file, whatever its algorithm, and the one derivation from its passphrase. */
const plainLabel = 'PRIVATE KEY'
const encryptedLabel = 'ENCRYPTED PRIVATE KEY'

/** The PEM text of a private key, encrypted where a passphrase is given. */
export function privateKeyPem(key: PrivateKeySeed, passphrase: string | undefined): string {
  const plain = encodePkcs8(key)
  const [label, bytes] =
    passphrase === undefined ? [plainLabel, plain] : [encryptedLabel, encryptPkcs8(plain, passphrase)]
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}

/** Makes a key file of mode 0600, never over another. Throws `file-exists`, `file-unreadable`. */
export function createPrivateKeyFile(path: string, key: PrivateKeySeed, passphrase: string | undefined): void {
  writeNewFile(path, privateKeyPem(key, passphrase), 0o600)
}

export interface OpenedKeyFile extends PrivateKeySeed {
  readonly isEncrypted: boolean
}

/**
 * Reads a key file of any algorithm. Throws `file-unreadable`, `key-file-permissions`, `key-file-malformed`,
 * `key-file-passphrase`, and `key-file-weak` for one whose passphrase could be guessed too cheaply. No error quotes the content.
 */
export function readPrivateKeyFile(path: string, passphrase?: string): OpenedKeyFile {
  const { isEncrypted, bytes } = parsePem(path)
  const key = decodePkcs8(isEncrypted ? decrypt(path, bytes, passphrase) : bytes)
  if (key === undefined)
    throw new EvidenceError('key-file-malformed', `${path} holds no Ed25519 or ML-DSA-44 key in PKCS#8`, {
      where: path,
    })
  return { ...key, isEncrypted }
}

/** As {@link readPrivateKeyFile}, for a key of one algorithm. */
export function readPrivateKeyOf(algorithm: KeyAlgorithm, path: string, passphrase?: string): OpenedKeyFile {
  const key = readPrivateKeyFile(path, passphrase)
  if (key.algorithm !== algorithm)
    throw new EvidenceError('key-file-malformed', `${path} holds an ${key.algorithm} key, not ${algorithm}`, {
      where: path,
    })
  return key
}

/** Whether a key file is under a passphrase. Throws `file-unreadable`, `key-file-permissions`, `key-file-malformed`. */
export function isKeyFileEncrypted(path: string): boolean {
  return parsePem(path).isEncrypted
}

function parsePem(path: string): { readonly isEncrypted: boolean; readonly bytes: Uint8Array } {
  const text = readPrivateFile(path)
  const match = /-----BEGIN (ENCRYPTED )?PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END \1?PRIVATE KEY-----/.exec(text)
  if (match === null) {
    const what = /BEGIN OPENSSH PRIVATE KEY/.test(text) ? 'a key in OpenSSH’s own format' : 'no private key in PEM'
    throw new EvidenceError('key-file-malformed', `${path} holds ${what}`, { where: path })
  }
  return { isEncrypted: match[1] !== undefined, bytes: Buffer.from(match[2] as string, 'base64') }
}

function decrypt(path: string, bytes: Uint8Array, passphrase: string | undefined): Uint8Array {
  const refused = (code: 'key-file-passphrase' | 'key-file-malformed' | 'key-file-weak', why: string): EvidenceError =>
    new EvidenceError(code, why, { where: path })
  if (passphrase === undefined)
    throw refused('key-file-passphrase', `the key file ${path} has a passphrase, and none was given`)
  const plain = decryptPkcs8(bytes, passphrase)
  if (plain === 'wrong passphrase')
    throw refused('key-file-passphrase', `the passphrase does not open the key file ${path}`)
  if (plain === 'malformed') throw refused('key-file-malformed', `${path} holds no encrypted PKCS#8 private key`)
  if (plain === 'weak')
    throw refused('key-file-weak', `the key file ${path} is encrypted in a way that lets its passphrase be guessed`)
  return plain
}
