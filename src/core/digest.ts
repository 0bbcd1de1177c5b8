import { blake3 } from '@noble/hashes/blake3.js'
import { md5, sha1 } from '@noble/hashes/legacy.js'
import { sha384, sha512 } from '@noble/hashes/sha2.js'
import { sha3_256 } from '@noble/hashes/sha3.js'
import { toHex } from './base64.ts'
import { type DigestAlgorithm, sha256 } from './hash.ts'
import { sm3 } from './sm3.ts'

const functions: Record<DigestAlgorithm, (data: Uint8Array) => Uint8Array> = {
  sha256,
  sha384,
  sha512,
  'sha3-256': sha3_256,
  sm3,
  blake3,
  md5,
  sha1,
}

/** Digests of bytes in memory, in lower-case hex by algorithm; any of docs/spec/02-statement.md. */
export function digestsOf(
  data: Uint8Array,
  algorithms: readonly DigestAlgorithm[],
): Partial<Record<DigestAlgorithm, string>> {
  return Object.fromEntries(algorithms.map((name) => [name, toHex(functions[name](data))]))
}
