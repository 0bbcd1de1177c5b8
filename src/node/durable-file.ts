import { closeSync, fsyncSync, openSync, readdirSync, renameSync, rmSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { EvidenceError } from '../core/errors.ts'
import { fsPath } from './file-path.ts'
import { makePrivateFolder, shareFile } from './private-folder.ts'

/** Writes a file of mode 0600, and the folders that it lacks, so that it is there as a whole or not at all, and stays through a crash. */
export function writeDurably(path: string, content: string | Uint8Array): void {
  writeSynced(path, content)
  syncFolder(dirname(path))
}

/** Like writeDurably, but does not sync the folder; the caller must, when its other files are written too. */
export function writeSynced(path: string, content: string | Uint8Array): void {
  makePrivateFolder(dirname(path))
  const part = `${path}.part`
  rmSync(part, { force: true })
  const fd = openSync(part, 'wx', 0o600)
  try {
    writeAndSync(fd, content)
  } finally {
    closeSync(fd)
  }
  renameSync(part, path)
}

/** Writes the whole of a content to an open file, and syncs it. Throws what the file system throws. */
export function writeAndSync(fd: number, content: string | Uint8Array): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content
  for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
  fsyncSync(fd)
}

/** Syncs every file of a folder, and the folder: before it takes the place of another. */
export function syncTree(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) syncTree(path)
    else syncFolder(path)
  }
  syncFolder(folder)
}

/** Makes a new or renamed name in a folder durable. */
export function syncFolder(folder: string): void {
  const fd = openSync(fsPath(folder), 'r')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}

/**
 * Writes and syncs a file that must not exist; one whose mode lets others read it is as open as the user's umask lets it be. Throws `file-exists`, `file-unreadable`.
 */
export function writeNewFile(path: string, content: string | Uint8Array, mode: number): void {
  let fd: number
  try {
    fd = openSync(fsPath(path), 'wx', mode)
  } catch (cause) {
    const exists = (cause as NodeJS.ErrnoException).code === 'EEXIST'
    throw new EvidenceError(
      exists ? 'file-exists' : 'file-unreadable',
      exists ? `${path} exists already` : `${path} could not be made: ${(cause as Error).message}`,
      { where: path },
      { cause },
    )
  }
  try {
    if ((mode & 0o044) !== 0) shareFile(fd)
    writeAndSync(fd, content)
  } finally {
    closeSync(fd)
  }
}
