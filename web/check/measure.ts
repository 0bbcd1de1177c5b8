import {
  createBLAKE3,
  createMD5,
  createSHA1,
  createSHA256,
  createSHA3,
  createSHA384,
  createSHA512,
  createSM3,
  type IHasher,
} from 'hash-wasm'
import type { DigestAlgorithm } from '../../src/core/hash.ts'
import type { MeasuredFile } from '../../src/verify/check-file.ts'

/** Bytes that are read at once: with two hashed meanwhile, all that a file of any size takes. */
const pieceBytes = 4 * 1024 * 1024

const makers: Readonly<Record<DigestAlgorithm, () => Promise<IHasher>>> = {
  sha256: createSHA256,
  sha384: createSHA384,
  sha512: createSHA512,
  'sha3-256': () => createSHA3(256),
  sm3: createSM3,
  blake3: () => createBLAKE3(),
  md5: createMD5,
  sha1: createSHA1,
}

/**
 * Digests of a file, read by pieces in little memory; `onBytes` is called with the length of each. While one piece is hashed the next is read.
 * Throws what the browser throws where the file cannot be read, and an `AbortError` once the signal is given.
 */
export async function measureBlob(
  blob: Blob,
  algorithms: readonly DigestAlgorithm[],
  onBytes: (count: number) => void,
  signal?: AbortSignal,
): Promise<MeasuredFile> {
  const hashers = await Promise.all(algorithms.map(async (name) => [name, (await makers[name]()).init()] as const))
  const read = (at: number): Promise<ArrayBuffer> => blob.slice(at, at + pieceBytes).arrayBuffer()
  let next = read(0)
  for (let at = 0; at < blob.size; at += pieceBytes) {
    const piece = new Uint8Array(await next)
    if (signal?.aborted === true) throw new DOMException('cancelled', 'AbortError')
    next = read(at + pieceBytes)
    // Awaited in the next turn; a file that fails meanwhile must not go unheard.
    next.catch(() => {})
    if (piece.length === 0) throw new Error('the file has become shorter')
    for (const [, hasher] of hashers) hasher.update(piece)
    onBytes(piece.length)
  }
  return { size: blob.size, digest: Object.fromEntries(hashers.map(([name, hasher]) => [name, hasher.digest('hex')])) }
}
