import { randomBytes } from 'node:crypto'
import { closeSync, linkSync, lstatSync, openSync, renameSync, type Stats } from 'node:fs'
import { dirname, join } from 'node:path'
import { EvidenceError } from '../core/errors.ts'
import { fsPath, removeFile } from './file-path.ts'
import { syncFolder, writeAndSync } from './durable-file.ts'

/*
 * Files that a command leaves beside other people's files. Nothing that is there is ever written over without being looked at,
 * and temporary names are random, so that commands that run at once do not meet.
 */

/** Name of a temporary file of the command line, as a pattern for listings that leave it out. */
export const temporaryName: RegExp = /^\.evidence-[0-9a-f]{16}\.(?:part|turn(?:\.[0-9]+-[0-9a-f-]{36})?)$/

/** What is at a path, without following a symbolic link; undefined where nothing is. Throws `file-unwritable`. */
export function lookAt(path: string): Stats | undefined {
  try {
    return lstatSync(fsPath(path), { throwIfNoEntry: false })
  } catch (cause) {
    throw unwritable(path, cause)
  }
}

/**
 * Shows that a new file could be made at a path, by making a temporary one beside it, and removing it. Throws `file-exists` where
 * something is there, `file-unwritable` where the folder is missing or read-only, or the name too long.
 */
export function requireNewFile(path: string): void {
  requireNothing(path)
  probe(path)
}

function probe(path: string): void {
  const part = temporaryBeside(path)
  try {
    closeSync(openSync(fsPath(part), 'wx', 0o600))
    removeFile(part)
  } catch (cause) {
    throw unwritable(path, cause)
  }
}

/** Shows that a new file could be made in a folder. Throws `file-unwritable`. */
export function requireWritableFolder(folder: string): void {
  probe(join(folder, 'any'))
}

/** Writes and syncs a file where nothing is; it appears whole or not at all. Throws `file-exists`, `file-unwritable`. */
export function writeNew(path: string, content: string | Uint8Array, mode: number): void {
  requireNothing(path)
  const part = writePart(path, content, mode)
  try {
    linkSync(fsPath(part), fsPath(path))
    syncFolder(dirname(path))
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EEXIST') throw exists(path)
    // A file system without hard links, as on memory sticks: a rename is as whole, but would write over what comes meanwhile.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS')
      throw unwritable(path, cause)
    requireNothing(path)
    renameSync(fsPath(part), fsPath(path))
    syncFolder(dirname(path))
    return
  } finally {
    removeFile(part)
  }
}

/** Replaces a file that the caller has looked at, as a whole, and syncs it. Throws `file-unwritable`. */
export function replaceFile(path: string, content: string | Uint8Array, mode: number): void {
  const part = writePart(path, content, mode)
  try {
    renameSync(fsPath(part), fsPath(path))
    syncFolder(dirname(path))
  } catch (cause) {
    removeFile(part)
    throw unwritable(path, cause)
  }
}

function writePart(path: string, content: string | Uint8Array, mode: number): string {
  const part = temporaryBeside(path)
  try {
    const fd = openSync(fsPath(part), 'wx', mode)
    try {
      writeAndSync(fd, content)
    } finally {
      closeSync(fd)
    }
  } catch (cause) {
    removeFile(part)
    throw unwritable(path, cause)
  }
  return part
}

/** Shorter than any name that the caller gives, so that a long name is refused for itself alone. */
function temporaryBeside(path: string): string {
  return join(dirname(path), `.evidence-${randomBytes(8).toString('hex')}.part`)
}

function requireNothing(path: string): void {
  if (lookAt(path) !== undefined) throw exists(path)
}

function exists(path: string): EvidenceError {
  return new EvidenceError('file-exists', `${path} exists already`, { where: path })
}

function unwritable(path: string, cause: unknown): EvidenceError {
  if (cause instanceof EvidenceError) return cause
  const { code, message } = cause as NodeJS.ErrnoException
  if (code === 'ENOSPC')
    return new EvidenceError('disk-full', `there is no space left to write ${path}`, { where: path }, { cause })
  const why = reasons[code ?? ''] ?? message
  return new EvidenceError('file-unwritable', `${path} cannot be written: ${why}`, { where: path }, { cause })
}

const reasons: Readonly<Record<string, string>> = {
  EROFS: 'the medium is read-only',
  EACCES: 'this user may not write in its folder',
  EPERM: 'this user may not write in its folder',
  ENOENT: 'its folder does not exist',
  ENOTDIR: 'a part of its path is no folder',
  ENAMETOOLONG: 'its name is too long for the file system',
  EISDIR: 'a folder is there',
}
