import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs'
import { EvidenceError } from '../core/errors.js'
import { textOfBytes } from '../core/text.js'
import { fsPath } from './file-path.js'
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
}
/**
 * Reads a regular file whole. Throws what the file system throws; `file-unreadable` for a folder, device or pipe, at once;
 * `file-unreadable`, or `tooLong`, for one that is longer than `maxBytes`.
 */
export function readBounded(path, maxBytes, options) {
  const fd = openUnread(path)
  try {
    return readOpen(fd, path, maxBytes, options)
  } finally {
    closeSync(fd)
  }
}
/** The text of a file. Throws as {@link readBounded}. */
export function readBoundedText(path, maxBytes, encoding = 'utf8') {
  return readBounded(path, maxBytes).toString(encoding)
}
/** Whether nothing has this name: a symbolic link has it, wherever it leads. Throws what the file system throws. */
export function isNameFree(path) {
  try {
    lstatSync(fsPath(path))
    return false
  } catch (error) {
    if (!isNoEntry(error)) throw error
    return true
  }
}
/** Nothing of that name, or a file where a folder would have to be. */
function isNoEntry(error) {
  return ['ENOENT', 'ENOTDIR'].includes(error.code ?? '')
}
/**
 * Reads a regular file whole; undefined where its name is free, and there alone. For files whose absence says something: a link that leads
 * nowhere, as to a disk that is not mounted, is not absent. Throws as {@link readBounded}; `file-unreadable` for such a link.
 */
export function readIfThere(path, maxBytes) {
  try {
    return readBounded(path, maxBytes)
  } catch (error) {
    if (!isNoEntry(error)) throw error
    if (isNameFree(path)) return undefined
    throw refusalOf(path, undefined)('is a symbolic link that leads nowhere')
  }
}
/** The text, in UTF-8, of a file that need not be there. Throws as {@link readIfThere}. */
export function readTextIfThere(path, maxBytes) {
  return readIfThere(path, maxBytes)?.toString('utf8')
}
/** Opens a file without waiting: a pipe that nobody writes to would otherwise hold the process for ever. */
export function openUnread(path) {
  return openSync(typeof path === 'string' ? fsPath(path) : path, constants.O_RDONLY | constants.O_NONBLOCK)
}
/** The first `length` bytes of a file, or as many as it has; does not wait for the writer of a pipe. */
export function readBeginning(path, length) {
  const bytes = new Uint8Array(length)
  const fd = openUnread(path)
  try {
    return bytes.subarray(0, readSync(fd, bytes))
  } finally {
    closeSync(fd)
  }
}
/** Reads what {@link openUnread} opened. Throws as {@link readBounded}. */
export function readOpen(fd, path, maxBytes, options = {}) {
  const refuse = refusalOf(path, options.what)
  const stat = fstatSync(fd)
  if (!stat.isFile() && (options.pipes !== true || stat.isDirectory())) throw refuse('is no regular file')
  const bytes = stat.size > maxBytes ? undefined : readToEnd(fd, stat.size, maxBytes)
  if (bytes === undefined) throw refuse(`is longer than the ${maxBytes} bytes that it may have`, options.tooLong)
  if (bytes.length === 0 && stat.isFIFO()) throw refuse('is a pipe that nobody wrote to')
  return bytes
}
/** To the end, whatever the size is said to be: a file grows, and a pipe says nothing. Undefined for one that is too long. */
function readToEnd(fd, size, maxBytes) {
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
function readSome(fd, bytes, at) {
  for (;;) {
    try {
      return readSync(fd, bytes, at, bytes.length - at, null)
    } catch (error) {
      // A pipe whose writer has nothing yet: it was opened without waiting, and is waited for here.
      if (error.code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 10)
    }
  }
}
function refusalOf(path, what) {
  const where = typeof path === 'string' ? path : textOfBytes(path)
  const name = what === undefined ? where : `${what} ${where}`
  return (why, code = 'file-unreadable') => new EvidenceError(code, `${name} ${why}`, { where })
}
/** Reads a file that somebody named, whole. Throws `file-unreadable`, with the reason in words. */
export function readNamed(path, maxBytes, options = {}) {
  try {
    return readBounded(path, maxBytes, options)
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause
    throw refusalOf(path, options.what)(`cannot be read: ${whyOf(cause)}`)
  }
}
const reasons = {
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
export function whyOf(cause) {
  const { code, message } = cause
  return reasons[code ?? ''] ?? message
}
/** Why a path leads to no file: nothing there, a file on the way, links that lead to themselves, a socket. */
const leadsNowhere = ['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO']
/**
 * The bytes of a regular file, where there is one; links are followed. Of a file of more than `most` bytes one byte more than that,
 * which shows it. Undefined where nothing is there, or a folder, a pipe or a device. Throws what the file system throws where the file
 * may not be read.
 */
export function readRegularFile(path, most) {
  let fd
  try {
    fd = openUnread(path)
  } catch (error) {
    if (leadsNowhere.includes(error.code)) return undefined
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
//# sourceMappingURL=bounded-file.js.map
