import { createHash, getHashes, type Hash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { blake3 } from '@noble/hashes/blake3.js'
import { type DigestAlgorithm, EvidenceError } from '../core/index.ts'

interface Hasher {
  update(data: Uint8Array): unknown
  digest(): Uint8Array
}

const blockBytes = 1024 * 1024

/** True where this build computes the algorithm. */
export function canDigest(algorithm: DigestAlgorithm): boolean {
  return algorithm === 'blake3' || getHashes().includes(algorithm)
}

function hasherFor(algorithm: DigestAlgorithm): Hasher {
  if (algorithm === 'blake3') return blake3.create()
  if (!canDigest(algorithm)) {
    throw new EvidenceError('digest-not-computable', `this build does not compute ${algorithm}`, { where: algorithm })
  }
  return createHash(algorithm) satisfies Hash
}

/** Digests of bytes that come in pieces; `onBytes` is told of progress. Throws `digest-not-computable` and what reading throws. */
export async function digestStream(
  chunks: AsyncIterable<Uint8Array>,
  algorithms: readonly DigestAlgorithm[],
  onBytes?: (count: number) => void,
): Promise<FileDigests> {
  const hashers = algorithms.map((algorithm) => [algorithm, hasherFor(algorithm)] as const)
  let size = 0
  for await (const chunk of chunks) {
    for (const [, hasher] of hashers) hasher.update(chunk)
    size += chunk.length
    onBytes?.(chunk.length)
  }
  const digest = Object.fromEntries(
    hashers.map(([name, hasher]) => [name, Buffer.from(hasher.digest()).toString('hex')]),
  )
  return { size, digest }
}

export interface FileDigests {
  readonly size: number
  /** Lower-case hex by algorithm. */
  readonly digest: Readonly<Partial<Record<DigestAlgorithm, string>>>
}

/** Digests of bytes in memory. Throws `digest-not-computable`. */
export function digestBytes(bytes: Uint8Array, algorithms: readonly DigestAlgorithm[]): FileDigests {
  const digest: Partial<Record<DigestAlgorithm, string>> = {}
  for (const algorithm of algorithms) {
    const hasher = hasherFor(algorithm)
    hasher.update(bytes)
    digest[algorithm] = Buffer.from(hasher.digest()).toString('hex')
  }
  return { size: bytes.length, digest }
}

/**
 * Digests of a file, read once, in two blocks of memory whatever its size: while one is hashed the next is read.
 * `onBytes` is told of progress. Throws `file-unreadable`, `digest-not-computable`.
 */
export async function digestFile(
  path: string | Buffer,
  algorithms: readonly DigestAlgorithm[],
  onBytes?: (count: number) => void,
): Promise<FileDigests> {
  const hashers = algorithms.map((algorithm) => [algorithm, hasherFor(algorithm)] as const)
  let size = 0
  try {
    const file = await open(path, 'r')
    try {
      let current = Buffer.allocUnsafe(blockBytes)
      let spare = Buffer.allocUnsafe(blockBytes)
      let pending = file.read(current, 0, blockBytes)
      for (;;) {
        const { bytesRead } = await pending
        if (bytesRead === 0) break
        pending = file.read(spare, 0, blockBytes)
        // A read that fails while we hash is awaited in the next turn.
        pending.catch(() => {})
        const block = current.subarray(0, bytesRead)
        for (const [, hasher] of hashers) hasher.update(block)
        size += bytesRead
        onBytes?.(bytesRead)
        ;[current, spare] = [spare, current]
      }
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause
    throw new EvidenceError('file-unreadable', `${path.toString()} cannot be read: ${(cause as Error).message}`, {
      where: path.toString(),
    })
  }
  const digest = Object.fromEntries(
    hashers.map(([name, hasher]) => [name, Buffer.from(hasher.digest()).toString('hex')]),
  )
  return { size, digest }
}
