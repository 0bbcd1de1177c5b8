import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs'
import { type ErrorCode, EvidenceError } from '../core/errors.ts'
import { textOfBytes } from '../core/text.ts'
import { fsPath } from './file-path.ts'

/*
 * The one place that reads a file whole. A path that somebody names, or a folder that somebody hands over, may lead to a device
 * or a pipe without end, or to more than memory holds: what is read is bounded first.
 */

/** Bounds of files whose format has none, in bytes. */
export const fileBounds = {
  /** Settings, markers, keys, checkpoints: what a person or a command writes at once. */
  small: 1024 * 1024,
  /** Lists with a line for each erasure, and files of the database. */
  large: 1024 * 1024 * 1024,
  /** Manifests, which are as long as their folder is large: the most that Node reads at once. */
  manifest: 2 ** 31 - 1,
} as const

/** What may be read beside regular files, and what it is called. */
export interface BoundedOptions {
  /** Pipes, terminals and the like, to their end or their bound. */
  readonly pipes?: boolean
  /** What the path should lead to, for the message: "the policy". */
  readonly what?: string
  /** Code of the refusal of what is too long, where that is no question of reading: `file-unreadable` otherwise. */
  readonly tooLong?: ErrorCode
}

/**
 * Reads a regular file whole. Throws what the file system throws; `file-unreadable` for a folder, device or pipe, at once;
 * `file-unreadable`, or `tooLong`, for one that is longer than `maxBytes`.
 */
export function readBounded(path: string | Buffer, maxBytes: number, options?: BoundedOptions): Buffer {
  const fd = openUnread(path)
  try {
    return readOpen(fd, path, maxBytes, options)
  } finally {
    closeSync(fd)
  }
}

/** The text of a file. Throws as {@link readBounded}. */
export function readBoundedText(path: string, maxBytes: number, encoding: 'utf8' | 'latin1' = 'utf8'): string {
  return readBounded(path, maxBytes).toString(encoding)
}

/** Whether nothing has this name: a symbolic link has it, wherever it leads. Throws what the file system throws. */
export function isNameFree(path: string): boolean {
  try {
    lstatSync(fsPath(path))
    return false
  } catch (error) {
    if (!isNoEntry(error)) throw error
    return true
  }
}

/** Nothing of that name, or a file where a folder would have to be. */
function isNoEntry(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')
}

/**
 * Reads a regular file whole; undefined where its name is free, and there alone. For files whose absence says something: a link that leads
 * nowhere, as to a disk that is not mounted, is not absent. Throws as {@link readBounded}; `file-unreadable` for such a link.
 */
export function readIfThere(path: string, maxBytes: number): Buffer | undefined {
  try {
    return readBounded(path, maxBytes)
  } catch (error) {
    if (!isNoEntry(error)) throw error
    if (isNameFree(path)) return undefined
    throw refusalOf(path, undefined)('is a symbolic link that leads nowhere')
  }
}

/** The text, in UTF-8, of a file that need not be there. Throws as {@link readIfThere}. */
export function readTextIfThere(path: string, maxBytes: number): string | undefined {
  return readIfThere(path, maxBytes)?.toString('utf8')
}

/** Opens a file without waiting: a pipe that nobody writes to would otherwise hold the process for ever. */
export function openUnread(path: string | Buffer): number {
  return openSync(typeof path === 'string' ? fsPath(path) : path, constants.O_RDONLY | constants.O_NONBLOCK)
}

/** The first `length` bytes of a file, or as many as it has; does not wait for the writer of a pipe. */
export function readBeginning(path: string, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  const fd = openUnread(path)
  try {
    return bytes.subarray(0, readSync(fd, bytes))
  } finally {
    closeSync(fd)
  }
}

/** Reads what {@link openUnread} opened. Throws as {@link readBounded}. */
export function readOpen(fd: number, path: string | Buffer, maxBytes: number, options: BoundedOptions = {}): Buffer {
  const refuse = refusalOf(path, options.what)
  const stat = fstatSync(fd)
  if (!stat.isFile() && (options.pipes !== true || stat.isDirectory())) throw refuse('is no regular file')
  const bytes = stat.size > maxBytes ? undefined : readToEnd(fd, stat.size, maxBytes)
  if (bytes === undefined) throw refuse(`is longer than the ${maxBytes} bytes that it may have`, options.tooLong)
  if (bytes.length === 0 && stat.isFIFO()) throw refuse('is a pipe that nobody wrote to')
  return bytes
}

/** To the end, whatever the size is said to be: a file grows, and a pipe says nothing. Undefined for one that is too long. */
function readToEnd(fd: number, size: number, maxBytes: number): Buffer | undefined {
  // One byte more than may be: so what is too long is noticed, and no more of it is read.
  let bytes = Buffer.allocUnsafeSlow(Math.min(size, maxBytes) + 1)
  for (let length = 0; ; ) {
    const count = readSome(fd, bytes, length)
    if (count === 0) return bytes.subarray(0, length)
    length += count
    if (length > maxBytes) return undefined
    if (length < bytes.length) continue
    const more = Buffer.allocUnsafeSlow(Math.min(2 * length + 65_536, maxBytes + 1))
    bytes.copy(more)
    bytes = more
  }
}

/** The most that Node reads in one call. */
const mostAtOnce = 2 ** 31 - 1

function readSome(fd: number, bytes: Buffer, at: number): number {
  for (;;) {
    try {
      return readSync(fd, bytes, at, Math.min(bytes.length - at, mostAtOnce), null)
    } catch (error) {
      // A pipe whose writer has nothing yet: it was opened without waiting, and is waited for here.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}

type Refuse = (why: string, code?: ErrorCode) => EvidenceError

function refusalOf(path: string | Buffer, what: string | undefined): Refuse {
  const where = typeof path === 'string' ? path : textOfBytes(path)
  const name = what === undefined ? where : `${what} ${where}`
  return (why, code = 'file-unreadable') => new EvidenceError(code, `${name} ${why}`, { where })
}

/** Reads a file that somebody named, whole. Throws `file-unreadable`, with the reason in words. */
export function readNamed(path: string, maxBytes: number, options: BoundedOptions = {}): Buffer {
  try {
    return readBounded(path, maxBytes, options)
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause
    throw refusalOf(path, options.what)(`cannot be read: ${whyOf(cause)}`)
  }
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

/** Why a path leads to no file: nothing there, a file on the way, links that lead to themselves, a socket. */
const leadsNowhere: readonly unknown[] = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO']

/**
 * The bytes of a regular file, where there is one; links are followed. Of a file of more than `most` bytes one byte more than that,
 * which shows it. Undefined where nothing is there, or a folder, a pipe or a device. Throws what the file system throws where the file
 * may not be read.
 */
export function readRegularFile(path: string, most: number): Uint8Array | undefined {
  let fd: number
  try {
    fd = openUnread(path)
  } catch (error) {
    if (leadsNowhere.includes((error as NodeJS.ErrnoException).code)) return undefined
    throw error
  }
  try {
    const stat = fstatSync(fd)
    if (!stat.isFile()) return undefined
    const bytes = Buffer.alloc(Math.min(stat.size, most + 1))
    let length = 0
    while (length < bytes.length) {
      const count = readSync(fd, bytes, length, bytes.length - length, length)
      if (count === 0) break
      length += count
    }
    return bytes.subarray(0, length)
  } finally {
    closeSync(fd)
  }
}
