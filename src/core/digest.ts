import { blake3 } from '@noble/hashes/blake3.js'
import { md5, sha1 } from '@noble/hashes/legacy.js'
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js'
import { sha3_256 } from '@noble/hashes/sha3.js'
import { type DigestAlgorithm, sha256 as installedSha256 } from './hash.ts'
import { digesterOf, type Digester, type Hasher } from './digester.ts'
import { Sm3 } from './sm3.ts'

const hashers: Record<DigestAlgorithm, () => Hasher> = {
  sha256: () => sha256.create(),
  sha384: () => sha384.create(),
  sha512: () => sha512.create(),
  'sha3-256': () => sha3_256.create(),
  sm3: () => new Sm3(),
  blake3: () => blake3.create(),
  md5: () => md5.create(),
  sha1: () => sha1.create(),
}

/** Begins a digest by this project's own dependencies, in any runtime. */
export function plainHasher(algorithm: DigestAlgorithm): Hasher {
  return hashers[algorithm]()
}

/** Digests by the algorithms of this project's own dependencies, in any runtime. */
export const plainDigester: Digester = digesterOf((algorithm) => hashers[algorithm])

/** Digests of bytes in memory, in lower-case hex by algorithm; any of docs/spec/02-statement.md. */
export function digestsOf(
  data: Uint8Array,
  algorithms: readonly DigestAlgorithm[],
): Partial<Record<DigestAlgorithm, string>> {
  return plainDigester.digestBytes(data, algorithms).digest
}

/** One digest of bytes in memory. */
export function digestOf(algorithm: DigestAlgorithm, data: Uint8Array): Uint8Array {
  if (algorithm === 'sha256') return installedSha256(data)
  const hasher = hashers[algorithm]()
  hasher.update(data)
  return hasher.digest()
}
