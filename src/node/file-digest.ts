import { createHash, getHashes, type Hash } from 'node:crypto'
import { type BigIntStats, closeSync, fstatSync, read, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { blake3 } from '@noble/hashes/blake3.js'
import { EvidenceError } from '../core/errors.ts'
import type { DigestAlgorithm } from '../core/hash.ts'
import { textOfBytes } from '../core/text.ts'
import { openUnread, whyOf } from './bounded-file.ts'

interface Hasher {
  update(data: Uint8Array): unknown
  digest(): Uint8Array
}

const blockBytes = 1024 * 1024
/** Largest file that is read at once, in bytes. */
const smallBytes = 1024n * 1024n

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
  return { size, digest: hexOf(hashers) }
}

function hexOf(hashers: readonly (readonly [DigestAlgorithm, Hasher])[]): FileDigests['digest'] {
  return Object.fromEntries(hashers.map(([name, hasher]) => [name, Buffer.from(hasher.digest()).toString('hex')]))
}

export interface FileDigests {
  readonly size: number
  /** Lower-case hex by algorithm. */
  readonly digest: Readonly<Partial<Record<DigestAlgorithm, string>>>
}

/** Digests of bytes in memory. Throws `digest-not-computable`. */
export function digestBytes(bytes: Uint8Array, algorithms: readonly DigestAlgorithm[]): FileDigests {
  const hashers = algorithms.map((algorithm) => [algorithm, hasherFor(algorithm)] as const)
  for (const [, hasher] of hashers) hasher.update(bytes)
  return { size: bytes.length, digest: hexOf(hashers) }
}

/**
 * Digests of a regular file, read once, in little memory whatever its size. `onBytes` is called with the count of each block.
 * `state` is what {@link fileState} gave before and after. Throws `file-unreadable` (also for what is no regular file, a pipe or a
 * device), `file-changed` where the file was written to meanwhile: a digest of neither state would be worthless;
 * `digest-not-computable`.
 */
export async function digestFile(
  path: string | Buffer,
  algorithms: readonly DigestAlgorithm[],
  onBytes?: (count: number) => void,
): Promise<FileDigests & { readonly state: string }> {
  let fd: number | undefined
  try {
    fd = openUnread(path)
    const before = fstatSync(fd, { bigint: true })
    if (!before.isFile())
      throw new EvidenceError('file-unreadable', `${shown(path)} is no regular file`, { where: shown(path) })
    const state = fileState(before)
    const digests =
      before.size <= smallBytes
        ? digestSmall(fd, Number(before.size), algorithms, onBytes)
        : await digestLarge(fd, algorithms, onBytes)
    if (BigInt(digests.size) !== before.size || fileState(fstatSync(fd, { bigint: true })) !== state)
      throw changed(path)
    return { ...digests, state }
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause
    const where = shown(path)
    throw new EvidenceError('file-unreadable', `${where} cannot be read: ${whyOf(cause)}`, { where }, { cause })
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

function shown(path: string | Buffer): string {
  return typeof path === 'string' ? path : textOfBytes(path)
}

let smallBlock: Buffer | undefined

/** A small file is read and hashed at once: promises and streams cost twenty times what the bytes do (bench folder.small). */
function digestSmall(
  fd: number,
  expected: number,
  algorithms: readonly DigestAlgorithm[],
  onBytes?: (count: number) => void,
): FileDigests {
  // One byte more than the largest: a file that has grown is then noticed by its size.
  smallBlock ??= Buffer.allocUnsafeSlow(Number(smallBytes) + 1)
  let size = 0
  while (size <= expected) {
    const read = readSync(fd, smallBlock, size, expected + 1 - size, null)
    if (read === 0) break
    size += read
  }
  onBytes?.(size)
  return digestBytes(smallBlock.subarray(0, size), algorithms)
}

/** In two blocks: while one is hashed the next is read. */
async function digestLarge(
  fd: number,
  algorithms: readonly DigestAlgorithm[],
  onBytes?: (count: number) => void,
): Promise<FileDigests> {
  const hashers = algorithms.map((algorithm) => [algorithm, hasherFor(algorithm)] as const)
  let size = 0
  let current = Buffer.allocUnsafe(blockBytes)
  let spare = Buffer.allocUnsafe(blockBytes)
  let pending = readBlock(fd, current)
  for (;;) {
    const count = await pending
    if (count === 0) break
    pending = readBlock(fd, spare)
    // A read that fails while this block is hashed is awaited in the next turn.
    pending.catch(() => {})
    const block = current.subarray(0, count)
    for (const [, hasher] of hashers) hasher.update(block)
    size += count
    onBytes?.(count)
    ;[current, spare] = [spare, current]
  }
  return { size, digest: hexOf(hashers) }
}

const readBlock = promisify((fd: number, block: Buffer, done: (error: Error | null, count: number) => void) => {
  read(fd, block, 0, block.length, null, (error, count) => done(error, count))
})

/** The refusal of a file that was written to while it was read. */
export function changed(path: string | Buffer): EvidenceError {
  const name = shown(path)
  return new EvidenceError('file-changed', `${name} was changed while it was read`, { where: name })
}

/** Identity, size and times of a file: two that are equal were taken of the same bytes, as far as a file system can tell. */
export function fileState({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}
