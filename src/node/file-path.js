import { readlinkSync, unlinkSync } from 'node:fs'
import { resolve } from 'node:path'
import { bytesOfText, textOfBytes, withVisibleBytes } from '../core/text.js'
/*
 * Paths are texts everywhere, and those that are not UTF-8 (a disk of an older Windows, in GBK) are texts of `textOfBytes`. Node's
 * file system would write such a text as U+FFFD; it takes bytes instead.
 */
/** A path as the file system takes it: the text, or its bytes where it is not UTF-8. */
export function fsPath(path) {
  return withVisibleBytes(path) === path ? path : Buffer.from(bytesOfText(path))
}
/** The absolute path of one that may be relative, also where it or the working folder is not UTF-8. */
export function absolutePath(path) {
  return resolve(workingFolder(), path)
}
function workingFolder() {
  const folder = process.cwd()
  // What Node could not decode has U+FFFD, and Linux has the bytes.
  if (process.platform !== 'linux' || !folder.includes('\ufffd')) return folder
  return textOfBytes(readlinkSync('/proc/self/cwd', 'buffer'))
}
/** Removes a file; one that is not there is removed already. Throws what the file system throws. */
export function removeFile(path) {
  try {
    unlinkSync(fsPath(path))
  } catch (error) {
    if (error.code !== 'ENOENT') throw error
  }
}
//# sourceMappingURL=file-path.js.map
