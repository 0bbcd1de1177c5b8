import { createHash, getHashes } from 'node:crypto'
import { type BigIntStats, closeSync, fstatSync, read, readSync } from 'node:fs'
import { promisify } from 'node:util'
import { blake3 } from '@noble/hashes/blake3.js'
import { type Digester, digesterOf, type FileDigests, type Hasher } from '../core/digester.ts'
import { EvidenceError } from '../core/errors.ts'
import type { DigestAlgorithm } from '../core/hash.ts'
import { textOfBytes } from '../core/text.ts'
import { openUnread, whyOf } from './bounded-file.ts'

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

/** Identity, size and times of a file: two that are equal were taken of the same bytes, as far as a file system can tell. */
export function fileState({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): string {
  return [dev, ino, size, mtimeNs, ctimeNs].join(' ')
}
