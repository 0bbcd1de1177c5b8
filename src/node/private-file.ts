import { closeSync, fstatSync } from 'node:fs'
import { EvidenceError } from '../core/errors.ts'
import { openUnread, readOpen } from './bounded-file.ts'

/** Longest file of a key or a passphrase, in bytes. */
const maxBytes = 65_536

/**
 * The text of a file that its owner alone may use; `what` names it in messages ("key file"). Permissions are judged on the open
 * file, so that nobody swaps it in between; a pipe or a descriptor has none to judge. Throws `file-unreadable`,
 * `key-file-permissions`, `key-file-malformed` for one that is far too long.
 */
export function readPrivateFile(path: string, what = 'key file'): string {
  let fd: number
  try {
    fd = openUnread(path)
  } catch (cause) {
    throw unreadable(path, what, cause)
  }
  try {
    const stat = fstatSync(fd)
    const mode = stat.mode & 0o777
    if (process.platform !== 'win32' && stat.isFile() && (mode & 0o077) !== 0) {
      const found = mode.toString(8).padStart(4, '0')
      throw new EvidenceError('key-file-permissions', `others may read the ${what} ${path} (mode ${found})`, {
        where: path,
        expected: '0600',
        found,
      })
    }
    return readOpen(fd, path, maxBytes, { pipes: true, what, tooLong: 'key-file-malformed' }).toString('utf8')
  } catch (cause) {
    throw cause instanceof EvidenceError ? cause : unreadable(path, what, cause)
  } finally {
    closeSync(fd)
  }
}

function unreadable(path: string, what: string, cause: unknown): EvidenceError {
  const why = `the ${what} ${path} cannot be read: ${(cause as Error).message}`
  return new EvidenceError('file-unreadable', why, { where: path }, { cause })
}

/**
 * A passphrase or PIN out of a file: its text without the line feed at the end. Throws the codes of {@link readPrivateFile},
 * `key-file-passphrase` for an empty one.
 */
export function readSecretFile(path: string, what: 'passphrase file' | 'PIN file'): string {
  const text = readPrivateFile(path, what).replace(/\r?\n$/, '')
  if (text === '') throw new EvidenceError('key-file-passphrase', `the ${what} ${path} is empty`, { where: path })
  return text
}
