import { closeSync, existsSync, fstatSync, readSync } from 'node:fs'
import { join } from 'node:path'
import { openUnread, readNamed } from '../node/bounded-file.ts'
import { fsPath } from '../node/file-path.ts'
import { maxTagFileBytes } from './limits.ts'
import { names, payloadFolder } from './layout.ts'

/*
 * Whether a path is to be checked as an evidence package at all. A bag or a zip of somebody else's is no package that fails: it is
 * a file or folder like any other. This only says what to check, never what is sound; whatever looks like a package is judged as one.
 */

/** First bytes of a zip, and of an empty one. */
const zipMagic = [0x04034b50, 0x06054b50]
const endMagic = Buffer.from('PK\x05\x06', 'latin1')
const headBytes = 64 * 1024
/** The last bytes of a zip in which its end may begin, and the largest directory that is looked through. */
const tailBytes = 65_535 + 22
const maxDirectoryBytes = 64 * 1024 * 1024
const versionLabel = 'Evidence-Package-Version:'

/** True for a bag that names itself an evidence package, or holds deposits where one does. */
export function isPackageFolder(path: string): boolean {
  if (!existsSync(fsPath(join(path, names.bagit)))) return false
  if (existsSync(fsPath(join(path, payloadFolder)))) return true
  const info = join(path, names.info)
  return existsSync(fsPath(info)) && readNamed(info, maxTagFileBytes).includes(versionLabel)
}

/** True for a zip with a folder that is such a bag, as its directory says, or, where that is gone, its first entries. */
export function isPackageZip(path: string): boolean {
  const file = openUnread(path)
  try {
    const head = readAt(file, 0, headBytes)
    if (!isZipHead(head)) return false
    const listed = namesIn(directoryOf(file))
    const top = listed.find((name) => /^[^/]+\/bagit\.txt$/.test(name))?.split('/')[0]
    if (top === undefined) return listed.length === 0 && saysSo(head) && head.includes(`/${names.bagit}`)
    return listed.some((name) => name.startsWith(`${top}/${payloadFolder}/`)) || saysSo(head)
  } finally {
    closeSync(file)
  }
}

/** True for a file that begins as a zip does. */
export function beginsAsZip(path: string): boolean {
  const file = openUnread(path)
  try {
    return isZipHead(readAt(file, 0, 4))
  } finally {
    closeSync(file)
  }
}

function isZipHead(head: Buffer): boolean {
  return head.length >= 4 && zipMagic.includes(head.readUInt32LE(0))
}

/** Names in a directory, as far as it can be read. */
function namesIn(directory: Buffer): string[] {
  const found: string[] = []
  for (let at = 0; at + 46 <= directory.length && directory.readUInt32LE(at) === 0x02014b50; ) {
    const [name, extra, comment] = [28, 30, 32].map((from) => directory.readUInt16LE(at + from)) as [
      number,
      number,
      number,
    ]
    found.push(directory.toString('utf8', at + 46, at + 46 + name))
    at += 46 + name + extra + comment
  }
  return found
}

function saysSo(head: Buffer): boolean {
  return head.includes(versionLabel)
}

/** The bytes that the end of a zip says are its directory; empty where there is none. */
function directoryOf(file: number): Buffer {
  const { size } = fstatSync(file)
  const tailAt = Math.max(0, size - tailBytes)
  const tail = readAt(file, tailAt, tailBytes)
  const end = tail.lastIndexOf(endMagic)
  if (end < 0 || end + 22 > tail.length) return Buffer.alloc(0)
  const length = Math.min(tail.readUInt32LE(end + 12), maxDirectoryBytes, tailAt + end)
  return readAt(file, tailAt + end - length, length)
}

function readAt(file: number, at: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  return bytes.subarray(0, readSync(file, bytes, 0, length, at))
}
