import { createHash, getHashes } from 'node:crypto'
import { type BigIntStats, closeSync, fstatSync, read, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { blake3 } from '@noble/hashes/blake3.js'
import { type Digester, digesterOf, type FileDigests, type Hasher } from '../core/digester.ts'
import { EvidenceError } from '../core/errors.ts'
import type { DigestAlgorithm } from '../core/hash.ts'
import { textOfBytes } from '../core/text.ts'
import { openUnread, whyOf } from './bounded-file.ts'
import { nodeSha256 } from './node-sha256.ts'

const blockBytes = 1024 * 1024
/** Largest file that is read at once, in bytes. */
const smallBytes = 1024n * 1024n

const hasherOf = (algorithm: DigestAlgorithm): (() => Hasher) | undefined => {
  if (algorithm === 'blake3') return () => blake3.create()
  return getHashes().includes(algorithm) ? () => createHash(algorithm) : undefined
}

/** Digests by OpenSSL, as far as this build of it computes them. */
export const nativeDigester: Digester = digesterOf(hasherOf)
export const { canDigest, digestBytes } = nativeDigester

/**
 * Digests of a regular file, read once, in little memory whatever its size. `onBytes` is called with the count of each block.
 * `state` is what the file was before and after. Throws `file-unreadable` (also for what is no regular file, a pipe or a
 * device), `file-changed` where the file was written to meanwhile: a digest of neither state would be worthless;
 * `digest-not-computable`.
 */
export async function digestFile(
  path: string | Buffer,
  algorithms: readonly DigestAlgorithm[],
  onBytes?: (count: number) => void,
): Promise<FileDigests & { readonly state: BigIntStats }> {
  let fd: number | undefined
  try {
    fd = openUnread(path)
    const before = stateOf(fd, path)
    const digests =
      before.size <= smallBytes
        ? digestBytes(readSmall(fd, Number(before.size), onBytes), algorithms)
        : await digestLarge(fd, algorithms, onBytes)
    requireUnchanged(fd, path, before, digests.size)
    return { ...digests, state: before }
  } catch (cause) {
    throw unreadable(path, cause)
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

/**
 * The SHA-256 of a regular file, 32 bytes, and its state, without a promise: for many small files, and for threads that have nothing
 * else to do. With `small`, undefined for one that is not read at once. Strict, and throws, as {@link digestFile}.
 */
export function sha256OfFile(path: Buffer, onBytes: (count: number) => void): FileSha256
export function sha256OfFile(path: Buffer, onBytes: (count: number) => void, most: 'small'): FileSha256 | undefined
export function sha256OfFile(path: Buffer, onBytes: (count: number) => void, most?: 'small'): FileSha256 | undefined {
  let fd: number | undefined
  try {
    fd = openUnread(path)
    const state = stateOf(fd, path)
    if (state.size <= smallBytes) {
      const bytes = readSmall(fd, Number(state.size), onBytes)
      requireUnchanged(fd, path, state, bytes.length)
      return { sha256: nodeSha256(bytes), state }
    }
    if (most === 'small') return undefined
    const hash = createHash('sha256')
    const block = smallBlockOf()
    let size = 0
    for (let count = readSync(fd, block); count > 0; count = readSync(fd, block)) {
      hash.update(block.subarray(0, count))
      size += count
      onBytes?.(count)
    }
    requireUnchanged(fd, path, state, size)
    return { sha256: hash.digest(), state }
  } catch (cause) {
    throw unreadable(path, cause)
  } finally {
    if (fd !== undefined) closeSync(fd)
  }
}

interface FileSha256 {
  /** 32 bytes. */
  readonly sha256: Uint8Array
  readonly state: BigIntStats
}

function stateOf(fd: number, path: string | Buffer): BigIntStats {
  const stat = fstatSync(fd, { bigint: true })
  if (stat.isFile()) return stat
  throw new EvidenceError('file-unreadable', `${shown(path)} is no regular file`, { where: shown(path) })
}

/** Throws `file-changed` where a file is not as it was, or gave more or fewer bytes than it had. */
function requireUnchanged(fd: number, path: string | Buffer, before: BigIntStats, size: number): void {
  if (BigInt(size) !== before.size || !isSameState(fstatSync(fd, { bigint: true }), before)) throw changed(path)
}

/** Whether a file is what it was, as far as a file system can tell: its identity, size and times. */
export function isSameState(a: BigIntStats, b: BigIntStats): boolean {
  return stateNames.every((name) => a[name] === b[name])
}

function unreadable(path: string | Buffer, cause: unknown): EvidenceError {
  if (cause instanceof EvidenceError) return cause
  const where = shown(path)
  return new EvidenceError('file-unreadable', `${where} cannot be read: ${whyOf(cause)}`, { where }, { cause })
}

function shown(path: string | Buffer): string {
  return typeof path === 'string' ? path : textOfBytes(path)
}

let smallBlock: Buffer | undefined

// One byte more than the largest small file: one that has grown is then noticed by its size.
const smallBlockOf = (): Buffer => (smallBlock ??= Buffer.allocUnsafeSlow(Number(smallBytes) + 1))

/** A small file is read at once: promises and streams cost twenty times what the bytes do (bench folder.small). The bytes stand until the next. */
function readSmall(fd: number, expected: number, onBytes?: (count: number) => void): Buffer {
  const block = smallBlockOf()
  let size = 0
  while (size <= expected) {
    const read = readSync(fd, block, size, expected + 1 - size, null)
    if (read === 0) break
    size += read
  }
  onBytes?.(size)
  return block.subarray(0, size)
}

/** In two blocks: while one is hashed the next is read. */
async function digestLarge(
  fd: number,
  algorithms: readonly DigestAlgorithm[],
  onBytes?: (count: number) => void,
): Promise<FileDigests> {
  const { update, finish } = nativeDigester.begin(algorithms)
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
    update(block)
    onBytes?.(count)
    ;[current, spare] = [spare, current]
  }
  return finish()
}

const readBlock = promisify((fd: number, block: Buffer, done: (error: Error | null, count: number) => void) => {
  read(fd, block, 0, block.length, null, (error, count) => done(error, count))
})

/** The refusal of a file that was written to while it was read. */
export function changed(path: string | Buffer): EvidenceError {
  const name = shown(path)
  return new EvidenceError('file-changed', `${name} was changed while it was read`, { where: name })
}

/** Identity, size and times of a file: where they are equal they were taken of the same bytes, as far as a file system can tell. */
export const stateNames = ['dev', 'ino', 'size', 'mtimeNs', 'ctimeNs'] as const
