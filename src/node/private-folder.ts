import { chmodSync, closeSync, fchmodSync, mkdirSync, mkdtempSync, openSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { isMainThread } from 'node:worker_threads'
import { fsPath } from './file-path.ts'

/*
 * Modes of what this software writes. A ledger's folder, its copies, receipts and packages hold sealed claims: all of them are their
 * owner's alone, 0700 and 0600, whatever the umask. What is made for everybody (the export of a public ledger, a public key) is as open
 * as the user's umask lets it be. No other file of the sources makes a folder.
 */

/** The umask that the process was started with, once it was replaced. */
let givenUmask: number | undefined

/**
 * From now on every file that this process makes is its owner's alone, also those that a library makes (a database's tables). To be
 * called by programs when they start; does nothing on a thread, which cannot set what all threads share.
 */
export function keepPrivate(): void {
  if (!isMainThread) return
  const before = process.umask(0o077)
  if (before !== 0o077) givenUmask = before
}

/**
 * Makes a folder, and those above it that are missing, with mode 0700; one that is there stays as it is. Gives the topmost that was made, for
 * {@link unmakeFolder}; undefined where none was.
 */
export function makePrivateFolder(path: string): string | undefined {
  return mkdirSync(fsPath(path), { recursive: true, mode: 0o700 })
}

/**
 * Takes back what {@link makePrivateFolder} or {@link makePublicFolder} made, as far as nothing is in it: a command that is refused leaves no
 * folder that it made and put nothing into.
 */
export function unmakeFolder(path: string, made: string | undefined): void {
  if (made === undefined) return
  const top = resolve(made)
  for (let at = resolve(path); at.length >= top.length; at = dirname(at)) {
    try {
      rmdirSync(fsPath(at))
    } catch (error) {
      // Something is in it, or it cannot be removed.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') return
    }
  }
}

/**
 * Runs what writes into a folder, which is made, with those above it, where it is missing. Where nothing is in it in the end (the command was refused),
 * what was made here is gone again. Throws what `use` throws.
 */
export async function inMadeFolder<T>(path: string, use: () => T | Promise<T>): Promise<T> {
  const made = makePrivateFolder(path)
  try {
    return await use()
  } finally {
    unmakeFolder(path, made)
  }
}

/** Makes one folder with mode 0700, in the place of nothing. Throws what the file system throws (EEXIST). */
export function makeNewPrivateFolder(path: string): void {
  mkdirSync(fsPath(path), { mode: 0o700 })
}

/** Makes a folder with mode 0700 of a name that begins so and that nobody can know before; gives its path. Throws what the file system throws. */
export function makeUnknownFolder(beginning: string): string {
  return mkdtempSync(beginning)
}

/** A mode less what the user's own umask forbids. */
function allowed(mode: number): number {
  return mode & ~(givenUmask ?? 0)
}

/**
 * Makes a folder for everybody to read, and those above it that are missing: 0755, less what the user's umask forbids. Gives as
 * {@link makePrivateFolder} does.
 */
export function makePublicFolder(path: string): string | undefined {
  const first = mkdirSync(fsPath(path), { recursive: true, mode: 0o755 })
  if (first === undefined || givenUmask === undefined) return first
  const top = resolve(first)
  for (let at = resolve(path); at.length >= top.length; at = dirname(at)) chmodSync(fsPath(at), allowed(0o755))
  return first
}

/** Lets everybody read a file that is open here, as {@link keepPrivate} keeps them from it: 0644, less what the user's umask forbids. */
export function shareFile(fd: number): void {
  if (givenUmask !== undefined) fchmodSync(fd, allowed(0o644))
}

/**
 * Writes a file for everybody to read, and the folders that it lacks, in the place of nothing, unsynced. Throws what the file system
 * throws (EEXIST).
 */
export function putPublicFile(path: string, content: Uint8Array): void {
  makePublicFolder(dirname(path))
  const fd = openSync(fsPath(path), 'wx', 0o644)
  try {
    shareFile(fd)
    writeFileSync(fd, content)
  } finally {
    closeSync(fd)
  }
}

/** Like {@link putPublicFile}, but for the owner alone. */
export function putPrivateFile(path: string, content: Uint8Array): void {
  makePrivateFolder(dirname(path))
  writeFileSync(fsPath(path), content, { flag: 'wx', mode: 0o600 })
}
