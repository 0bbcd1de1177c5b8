import { closeSync, constants, fchownSync, fstatSync, lchownSync, lstatSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fsPath } from './file-path.ts'
import { openPath } from './remove-tree.ts'

/**
 * Gives a folder that this process made as root, and the files in it, to the owner of another, so that the user of the ledger goes on with it.
 * Does nothing where this is not root. A folder that anybody else made is left as it is, and so is a file that has other names: who owns the folder above may
 * have put it there. Throws what the file system throws.
 */
export function giveFolder(path: string, like: string): void {
  const { uid, gid } = lstatSync(fsPath(like))
  if (process.getuid?.() !== 0 || uid === 0) return
  const fd = openSync(fsPath(path), constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
  try {
    if (fstatSync(fd).uid !== 0) return
    const within = openPath(fd) ?? path
    // The folder last: until then nobody else puts anything into it.
    for (const name of readdirSync(within)) {
      const file = join(within, name)
      const { nlink } = lstatSync(file)
      if (nlink === 1) lchownSync(file, uid, gid)
    }
    fchownSync(fd, uid, gid)
  } finally {
    closeSync(fd)
  }
}
