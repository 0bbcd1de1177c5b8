import { createHash, getHashes, type Hash } from 'node:crypto'
import { type BigIntStats, constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { blake3 } from '@noble/hashes/blake3.js'
import { type DigestAlgorithm, EvidenceError, visibleBytes } from '../core/index.ts'

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
 * Digests of a regular file, read once, in two blocks of memory whatever its size: while one is hashed the next is read.
 * `onBytes` is called with the count of each block. Throws `file-unreadable` (also for what is no regular file, a pipe or a
 * device), `file-changed` where the file was written to meanwhile: a digest of neither state would be worthless;
 * `digest-not-computable`.
 */
export async function digestFile(
  path: string | Buffer,
  algorithms: readonly DigestAlgorithm[],
  onBytes?: (count: number) => void,
): Promise<FileDigests & { readonly state: string }> {
  const hashers = algorithms.map((algorithm) => [algorithm, hasherFor(algorithm)] as const)
  const name = visibleBytes(Buffer.from(path))
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const before = await file.stat({ bigint: true })
      if (!before.isFile()) throw new EvidenceError('file-unreadable', `${name} is no regular file`, { where: name })
      const size = await readThrough(file, (block) => {
        for (const [, hasher] of hashers) hasher.update(block)
        onBytes?.(block.length)
      })
      const state = fileState(before)
      if (BigInt(size) !== before.size || fileState(await file.stat({ bigint: true })) !== state) throw changed(name)
      const digest = Object.fromEntries(
        hashers.map(([algorithm, hasher]) => [algorithm, Buffer.from(hasher.digest()).toString('hex')]),
      )
      return { size, digest, state }
    } finally {
      await file.close()
    }
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause
    throw new EvidenceError('file-unreadable', `${name} cannot be read: ${whyOf(cause)}`, { where: name }, { cause })
  }
}

/** The refusal of a file that was written to while it was read. */
export function changed(name: string): EvidenceError {
  return new EvidenceError('file-changed', `${name} was changed while it was read`, { where: name })
}

/** Identity, size and times of a file: two that are equal were taken of the same bytes, as far as a file system can tell. */
export function fileState({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'it does not exist',
  EACCES: 'this user may not read it',
  EPERM: 'this user may not read it',
  EISDIR: 'it is a folder',
  ENOTDIR: 'a part of its path is no folder',
  ELOOP: 'its symbolic links lead in a circle',
  EIO: 'the medium reports a read error',
  ENAMETOOLONG: 'its name is too long',
}

/** Why a file could not be read, in words. */
export function whyOf(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException
  return reasons[code ?? ''] ?? message
}

/** Reads a file to its end, a block at a time, and gives its size in bytes. */
async function readThrough(file: FileHandle, onBlock: (block: Uint8Array) => void): Promise<number> {
  let size = 0
  let current = Buffer.allocUnsafe(blockBytes)
  let spare = Buffer.allocUnsafe(blockBytes)
  let pending = file.read(current, 0, blockBytes)
  for (;;) {
    const { bytesRead } = await pending
    if (bytesRead === 0) return size
    pending = file.read(spare, 0, blockBytes)
    // A read that fails while this block is hashed is awaited in the next turn.
    pending.catch(() => {})
    onBlock(current.subarray(0, bytesRead))
    size += bytesRead
    ;[current, spare] = [spare, current]
  }
}
