import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs'
import { fsPath } from './file-path.ts'

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
    // Without waiting: opening a pipe that nobody writes to would otherwise never return.
    fd = openSync(fsPath(path), constants.O_RDONLY | constants.O_NONBLOCK)
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
