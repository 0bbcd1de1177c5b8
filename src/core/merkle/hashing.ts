import { sha256 } from '../hash.ts'

const prefixed = new Uint8Array(65)
prefixed[0] = 1

/** RFC 6962 interior node: `SHA-256(0x01 || left || right)`; 32 bytes each. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  prefixed.set(left, 1)
  prefixed.set(right, 33)
  return sha256(prefixed)
}

/** RFC 6962 interior node: `SHA-256(0x01 || pair)`; `pair` is both children, 64 bytes end to end. */
export function pairHash(pair: Uint8Array): Uint8Array {
  prefixed.set(pair, 1)
  return sha256(prefixed)
}

/** Root of the tree of size 0: SHA-256 of nothing. */
export function emptyRoot(): Uint8Array {
  return sha256(new Uint8Array(0))
}
