import { randomBytes } from 'node:crypto'
import { EvidenceError, mlDsa44PublicKey } from '../core/index.ts'
import { readPrivateFile, writeNewFile } from './key-file.ts'
import { decodeMlDsa44Seed, decryptPkcs8, encodeMlDsa44Seed, encryptPkcs8 } from './pkcs8.ts'

/** A private ML-DSA-44 key in use: its seed, for the thread that signs. */
export interface MlDsaKey {
  /** 32 bytes; secret. */
  readonly seed: Uint8Array
  /** 1,312 bytes. */
  readonly publicKey: Uint8Array
}

const label = (isEncrypted: boolean): string => (isEncrypted ? 'ENCRYPTED PRIVATE KEY' : 'PRIVATE KEY')

function pem(der: Uint8Array, isEncrypted: boolean): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label(isEncrypted)}-----`, ...lines, `-----END ${label(isEncrypted)}-----`, ''].join('\n')
}

/**
 * Makes a key file with a new ML-DSA-44 key: PKCS#8 of its seed (RFC 9881), mode 0600, never over another file, encrypted where
 * a passphrase is given. Throws `file-exists`, `file-unreadable`.
 */
export function createMlDsaKeyFile(path: string, passphrase?: string): MlDsaKey {
  const seed = new Uint8Array(randomBytes(32))
  const plain = encodeMlDsa44Seed(seed)
  const isEncrypted = passphrase !== undefined
  writeNewFile(path, pem(isEncrypted ? encryptPkcs8(plain, passphrase) : plain, isEncrypted), 0o600)
  return { seed, publicKey: mlDsa44PublicKey(seed) }
}

/** Reads such a file. Throws `file-unreadable`, `key-file-permissions`, `key-file-passphrase`, `key-file-malformed`. */
export function readMlDsaKeyFile(path: string, passphrase?: string): MlDsaKey {
  const text = readPrivateFile(path)
  const match = /^-----BEGIN (ENCRYPTED )?PRIVATE KEY-----\s+([A-Za-z0-9+/=\s]+)-----END /.exec(text)
  if (match === null || text.length > 65_536) {
    throw new EvidenceError('key-file-malformed', `${path} holds no private key in PEM`, { where: path })
  }
  let der: Uint8Array = Buffer.from(match[2] as string, 'base64')
  if (match[1] !== undefined) {
    if (passphrase === undefined) {
      throw new EvidenceError('key-file-passphrase', `the key file ${path} needs a passphrase, and there is none`, {
        where: path,
      })
    }
    try {
      der = decryptPkcs8(der, passphrase)
    } catch {
      // The cause may tell of the input: it stays here.
      throw new EvidenceError('key-file-passphrase', `the passphrase is not that of the key file ${path}`, {
        where: path,
      })
    }
  }
  const seed = decodeMlDsa44Seed(der)
  if (seed === undefined) {
    throw new EvidenceError('key-file-malformed', `${path} holds no ML-DSA-44 key as a seed`, { where: path })
  }
  return { seed, publicKey: mlDsa44PublicKey(seed) }
}
