import { holdsBytes, lossyUtf8, utf8 } from '../core/bytes.ts'
import { names, payloadFolder } from './layout.ts'
import { u16, u32 } from './little-endian.ts'
import type { RandomAccess } from './random-access.ts'

/*
 * Whether something is to be checked as an evidence package at all. A bag or a zip of somebody else's is no package that fails: it is
 * a file or folder like any other. This only says what to check, never what is sound; whatever looks like a package is judged as one.
 */

/** First bytes of a zip, and of an empty one. */
const zipMagic = [0x04034b50, 0x06054b50]
const endMagic = 0x06054b50
const headBytes = 64 * 1024
/** The last bytes of a zip in which its end may begin, and the largest directory that is looked through. */
const tailBytes = 65_535 + 22
const maxDirectoryBytes = 64 * 1024 * 1024
const versionLabel = utf8('Evidence-Package-Version:')

/** A question that needs bytes of a file: it says which, is given those that there are, and says at last what it found. */
export type Looking<T> = Generator<{ readonly at: number; readonly length: number }, T, Uint8Array>

/** Answers a question about a source. Throws what reading throws. */
export async function lookInto<T>(source: Pick<RandomAccess, 'readAt'>, looking: Looking<T>): Promise<T> {
  let turn = looking.next()
  while (turn.done !== true) turn = looking.next(await source.readAt(turn.value.at, turn.value.length))
  return turn.value
}

/** Whether the text of a `bag-info.txt` is that of an evidence package. */
export function isPackageInfo(info: Uint8Array): boolean {
  return holdsBytes(info, versionLabel)
}

/** True for a zip of `size` bytes with a folder that is a package, as its directory says, or, where that is gone, its first entries. */
export function* lookForPackage(size: number): Looking<boolean> {
  const head = yield { at: 0, length: headBytes }
  if (!isZipHead(head)) return false
  const listed = namesIn(yield* directoryOf(size))
  const top = listed.find((name) => /^[^/]+\/bagit\.txt$/.test(name))?.split('/')[0]
  if (top === undefined) return listed.length === 0 && isPackageInfo(head) && holdsBytes(head, utf8(`/${names.bagit}`))
  return listed.some((name) => name.startsWith(`${top}/${payloadFolder}/`)) || isPackageInfo(head)
}

/** True for what begins as a zip does. */
export function* lookForZip(): Looking<boolean> {
  return isZipHead(yield { at: 0, length: 4 })
}

function isZipHead(head: Uint8Array): boolean {
  return head.length >= 4 && zipMagic.includes(u32(head, 0))
}

/** Names in a directory, as far as it can be read. */
function namesIn(directory: Uint8Array): string[] {
  const found: string[] = []
  for (let at = 0; at + 46 <= directory.length && u32(directory, at) === 0x02014b50; ) {
    const [name, extra, comment] = [28, 30, 32].map((from) => u16(directory, at + from)) as [number, number, number]
    found.push(lossyUtf8(directory.subarray(at + 46, at + 46 + name)))
    at += 46 + name + extra + comment
  }
  return found
}

/** The bytes that the end of a zip says are its directory; empty where there is none. */
function* directoryOf(size: number): Looking<Uint8Array> {
  const tailAt = Math.max(0, size - tailBytes)
  const tail = yield { at: tailAt, length: tailBytes }
  let end = tail.length - 4
  while (end >= 0 && u32(tail, end) !== endMagic) end--
  if (end < 0 || end + 22 > tail.length) return new Uint8Array()
  const length = Math.min(u32(tail, end + 12), maxDirectoryBytes, tailAt + end)
  return yield { at: tailAt + end - length, length }
}
