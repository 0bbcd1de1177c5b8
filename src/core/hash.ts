import { sha256 as nobleSha256 } from '@noble/hashes/sha2.js'
import { equalBytes, utf8 } from './bytes.ts'

type Sha256 = (data: Uint8Array) => Uint8Array

let implementation: Sha256 = nobleSha256

/** SHA-256 (FIPS 180-4), 32 bytes. */
export function sha256(data: Uint8Array): Uint8Array {
  return implementation(data)
}

/**
 * Lets a native implementation compute SHA-256. It is tried against ours on lengths around the block size first; one that
 * differs is refused with `false`, and ours goes on.
 */
export function installSha256(native: Sha256): boolean {
  for (const length of [0, 1, 55, 56, 63, 64, 65, 1000]) {
    const data = utf8('evidence'.repeat(125)).subarray(0, length)
    if (!equalBytes(native(data), nobleSha256(data))) return false
  }
  implementation = native
  return true
}

/** Length in bytes of each digest that an item may carry. `md5` and `sha1` never stand alone. */
export const digestLengths = {
  sha256: 32,
  sha384: 48,
  sha512: 64,
  'sha3-256': 32,
  sm3: 32,
  blake3: 32,
  md5: 16,
  sha1: 20,
} as const

export type DigestAlgorithm = keyof typeof digestLengths

export const strongDigests: readonly DigestAlgorithm[] = ['sha256', 'sha384', 'sha512', 'sha3-256', 'sm3', 'blake3']

/** True for one of the eight names. */
export function isDigestAlgorithm(name: string): name is DigestAlgorithm {
  return Object.hasOwn(digestLengths, name)
}

/** A digest written as `<algorithm>:<lower-case hex>` of that algorithm's length; undefined where it is none. */
export function parseDigestName(
  text: string,
): { readonly algorithm: DigestAlgorithm; readonly hex: string } | undefined {
  const [algorithm = '', hex = '', extra] = text.split(':')
  const isWhole = extra === undefined && /^[0-9a-f]*$/.test(hex)
  return isWhole && isDigestAlgorithm(algorithm) && hex.length === 2 * digestLengths[algorithm]
    ? { algorithm, hex }
    : undefined
}
