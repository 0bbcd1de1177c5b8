import { randomBytes } from 'node:crypto'
import { mlDsa44PublicKey } from '../core/mldsa.ts'
import { createPrivateKeyFile, readPrivateKeyOf } from './private-key-file.ts'

/** A private ML-DSA-44 key in use: its seed, for the thread that signs. */
export interface MlDsaKey {
  /** 32 bytes; secret. */
  readonly seed: Uint8Array
  /** 1,312 bytes. */
  readonly publicKey: Uint8Array
}

/**
 * Makes a key file with an ML-DSA-44 key, a new one unless `seed` is given: PKCS#8 of its seed (RFC 9881), mode 0600, never over
 * another file, encrypted where a passphrase is given. Throws `file-exists`, `file-unreadable`.
 */
export function createMlDsaKeyFile(
  path: string,
  passphrase?: string,
  seed: Uint8Array = new Uint8Array(randomBytes(32)),
): MlDsaKey {
  createPrivateKeyFile(path, { algorithm: 'ML-DSA-44', seed }, passphrase)
  return { seed, publicKey: mlDsa44PublicKey(seed) }
}

/** Reads such a file. Throws the codes of readPrivateKeyFile. */
export function readMlDsaKeyFile(path: string, passphrase?: string): MlDsaKey {
  const { seed } = readPrivateKeyOf('ML-DSA-44', path, passphrase)
  return { seed, publicKey: mlDsa44PublicKey(seed) }
}
