import { settled } from '../../src/core/attempt.ts'
import { equalBytes } from '../../src/core/bytes.ts'
import { type DroppedFile, droppedFile } from './hashing.ts'

/** Bytes that are compared at once. */
const pieceBytes = 4 * 1024 * 1024

/**
 * Puts a file among those that were handed over, by its path. One that is there already, to the byte, stays as it is; of another file of the same
 * path both are kept, the later as `(2)/path`: nothing that somebody handed over goes without a word. Gives the path where it was set apart.
 */
export async function putApart(files: Map<string, DroppedFile>, file: DroppedFile): Promise<string | undefined> {
  for (let n = 1; ; n++) {
    const path = n === 1 ? file.path : `(${n})/${file.path}`
    const there = files.get(path)
    if (there === undefined) {
      files.set(path, n === 1 ? file : droppedFile(path, file.blob))
      return n === 1 ? undefined : path
    }
    // What cannot be read is not known to be the same.
    if ((await settled(isSame(there, file))) === true) return undefined
  }
}

async function isSame(one: DroppedFile, other: DroppedFile): Promise<boolean> {
  if (one.size !== other.size) return false
  for (let at = 0; at < one.size; at += pieceBytes) {
    const length = Math.min(pieceBytes, one.size - at)
    const [mine, its] = await Promise.all([one.readAt(at, length), other.readAt(at, length)])
    if (!equalBytes(mine, its)) return false
  }
  return true
}
