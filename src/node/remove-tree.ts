import { closeSync, constants, existsSync, openSync, readdirSync, rmdirSync, rmSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fsPath } from './file-path.ts'

/*
 * The one place that removes a folder with what is in it. Who may write to a folder above can put a symbolic link in the place of one that is
 * being removed: removal by paths then goes on wherever the link leads. So each folder is opened, never through a link, under the one that
 * is open already, and what is in it is removed by its open folder.
 */

/** An open folder as a path, which names it whatever becomes of its name; undefined where the system has no such thing: Linux does. */
export function openPath(fd: number): string | undefined {
  const path = `/proc/self/fd/${fd}`
  return existsSync(path) ? path : undefined
}

/**
 * Removes what has this name: a file, a link (never what it leads to), a folder with all that is in it. Nothing there is removed already. Throws
 * what the file system throws, as where something is put into a folder meanwhile.
 */
export function removeTree(path: string): void {
  if (isRemovedAlone(path)) return
  let fd: number
  try {
    fd = openSync(fsPath(path), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  } catch (error) {
    // Exchanged since it was looked at: what is there now is no folder.
    if (isRemovedAlone(path)) return
    throw error
  }
  try {
    const within = openPath(fd)
    if (within === undefined) return rmSync(fsPath(path), { recursive: true, force: true })
    for (const name of readdirSync(within)) removeTree(join(within, name))
  } finally {
    closeSync(fd)
  }
  rmdirSync(fsPath(path))
}

/** Removes what is no folder, or is not there; false for a folder. */
function isRemovedAlone(path: string): boolean {
  try {
    unlinkSync(fsPath(path))
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return true
    // A folder: Linux says EISDIR, POSIX EPERM, which an entry that may not be removed has as well.
    if (code !== 'EISDIR' && code !== 'EPERM') throw error
    return false
  }
}
