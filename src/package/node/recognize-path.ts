import { closeSync, existsSync, fstatSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { openUnread, readNamed } from '../../node/bounded-file.ts'
import { fsPath } from '../../node/file-path.ts'
import { names, payloadFolder } from '../layout.ts'
import { maxTagFileBytes } from '../limits.ts'
import { isPackageInfo, lookForPackage, lookForZip, type Looking } from '../recognize.ts'

/** True for a bag that names itself an evidence package, or holds deposits where one does. */
export function isPackageFolder(path: string): boolean {
  if (!existsSync(fsPath(join(path, names.bagit)))) return false
  if (existsSync(fsPath(join(path, payloadFolder)))) return true
  const info = join(path, names.info)
  return existsSync(fsPath(info)) && isPackageInfo(readNamed(info, maxTagFileBytes))
}

/** True for a zip with a folder that is such a bag, as its directory says, or, where that is gone, its first entries. */
export function isPackageZip(path: string): boolean {
  return lookIntoFile(path, lookForPackage)
}

/** True for a file that begins as a zip does. */
export function beginsAsZip(path: string): boolean {
  return lookIntoFile(path, lookForZip)
}

/** Answers a question about a file, at once; does not wait for the writer of a pipe. */
function lookIntoFile<T>(path: string, question: (size: number) => Looking<T>): T {
  const file = openUnread(path)
  try {
    const looking = question(fstatSync(file).size)
    let turn = looking.next()
    while (turn.done !== true) {
      const bytes = Buffer.alloc(turn.value.length)
      turn = looking.next(bytes.subarray(0, readSync(file, bytes, 0, bytes.length, turn.value.at)))
    }
    return turn.value
  } finally {
    closeSync(file)
  }
}
