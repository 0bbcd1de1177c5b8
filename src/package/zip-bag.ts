import type { Entry, LocalFileHeader, ZipFile } from 'yauzl'
import { EvidenceError, fromUtf8 } from '../core/index.ts'
import { type Bag, type BagFile, requireBagFile } from './bag.ts'
import { BagPaths } from './bag-path.ts'
import { maxFiles, maxZipRatio, zipSlackBytes } from './limits.ts'

/*
 * A bag in a zip. The library reads the format and holds streams to the sizes that entries state; what a zip may do and still be
 * well-formed (names twice, entries over each other, bytes that only some readers see) is refused here, before anything is
 * unpacked (docs/spec/18-package.md, "Paths and bounds").
 */

const localHeaderBytes = 30
/** General purpose flags: sizes after the data; the name is UTF-8; what is encrypted or patched, in four ways. */
const flagDeferred = 0x0008
const flagUtf8 = 0x0800
const flagsRefused = 0x0001 | 0x0020 | 0x0040 | 0x2000
/** Lengths of a data descriptor, with and without signature, of 32 and of 64 bits. */
const descriptorBytes = [12, 16, 20, 24]
const typeMask = 0o170000
const typeFolder = 0o040000
const typeFile = 0o100000

/** Sum over further bytes. */
type Crc32 = (bytes: Uint8Array, before: number) => number

function refuse(why: string, where?: string): EvidenceError {
  return new EvidenceError('package-zip', `the zip ${why}`, where === undefined ? {} : { where })
}

/** The bag in a zip file, and the name of the folder that it lies in. */
export class ZipBag implements Bag {
  readonly files: ReadonlyMap<string, BagFile>
  readonly base: string
  private readonly zip: ZipFile
  private readonly crc32: Crc32
  private readonly entries: ReadonlyMap<string, Entry>

  private constructor(zip: ZipFile, crc32: Crc32, base: string, entries: ReadonlyMap<string, Entry>) {
    this.zip = zip
    this.crc32 = crc32
    this.base = base
    this.entries = entries
    this.files = new Map([...entries].map(([path, { uncompressedSize }]) => [path, { path, size: uncompressedSize }]))
  }

  /** Reads the directory of a zip, and every local header. Throws `package-zip`, `package-path`, `package-too-large`. */
  static async open(path: string): Promise<ZipBag> {
    // Loaded for a zip alone: every other check starts without them.
    const [{ default: yauzl }, { crc32 }] = await Promise.all([import('yauzl'), import('node:zlib')])
    const zip = await asRefusal(
      yauzl.openPromise(path, { autoClose: false, lazyEntries: true, decodeStrings: false, validateEntrySizes: true }),
    )
    try {
      const { base, entries } = await readDirectory(zip)
      return new ZipBag(zip, crc32, base, entries)
    } catch (error) {
      zip.close()
      throw error
    }
  }

  async *stream(path: string): AsyncGenerator<Uint8Array> {
    requireBagFile(this, path)
    const entry = this.entries.get(path) as Entry
    const stream = await asRefusal(this.zip.openReadStreamPromise(entry))
    let sum = 0
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        sum = this.crc32(chunk, sum)
        yield chunk
      }
    } catch (error) {
      if (error instanceof EvidenceError) throw error
      throw refuse(`cannot be unpacked at ${path}: ${(error as Error).message}`, path)
    }
    if (sum !== entry.crc32) throw refuse(`has another CRC-32 than it states at ${path}`, path)
  }

  close(): Promise<void> {
    this.zip.close()
    return Promise.resolve()
  }
}

/** The library's refusals as ours; trouble with the disk stays what it is. */
async function asRefusal<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise
  } catch (error) {
    if (error instanceof EvidenceError || (error as NodeJS.ErrnoException).syscall !== undefined) throw error
    throw refuse(`is malformed: ${(error as Error).message}`)
  }
}

interface Found {
  readonly path: string
  readonly entry: Entry
  readonly local: LocalFileHeader
}

async function readDirectory(zip: ZipFile): Promise<{ base: string; entries: Map<string, Entry> }> {
  // Each file's folders may have entries of their own.
  if (zip.entryCount > 2 * maxFiles)
    throw new EvidenceError('package-too-large', `the zip has ${zip.entryCount} entries; the most is ${2 * maxFiles}`)
  if (zip.comment.length > 0) throw refuse('has a comment')
  const directoryAt = Number(zip.readEntryCursor)
  const found: Found[] = []
  const names = new Set<string>()
  for await (const entry of eachEntry(zip)) {
    const path = nameOf(entry)
    if (names.has(path)) throw refuse(`has two entries ${JSON.stringify(path.slice(0, 200))}`, path)
    names.add(path)
    requirePlain(entry, path)
    const local = await asRefusal(zip.readLocalFileHeaderPromise(entry))
    requireAgreement(entry, local, path)
    found.push({ path, entry, local })
  }
  requireNothingBetween(found, directoryAt)
  return { ...inOneFolder(found) }
}

async function* eachEntry(zip: ZipFile): AsyncGenerator<Entry> {
  const entries = zip.eachEntry()
  for (;;) {
    const next = await asRefusal(entries.next() as Promise<IteratorResult<Entry, undefined>>)
    if (next.done === true) return
    yield next.value
  }
}

/** The one name that every reader sees. */
function nameOf(entry: Entry): string {
  let name: string
  try {
    name = fromUtf8(entry.fileNameRaw, 'name of a zip entry')
  } catch (cause) {
    const shown = JSON.stringify(entry.fileNameRaw.toString('latin1').slice(0, 200))
    throw new EvidenceError('package-path', `the zip’s entry ${shown} has a name that is not UTF-8`, {}, { cause })
  }
  // Without the flag a reader takes it for code page 437, which has ASCII in common with UTF-8.
  const isAscii = !/[^ -~]/.test(name)
  if (!isAscii && (entry.generalPurposeBitFlag & flagUtf8) === 0)
    throw refuse(`does not say in what code it names ${JSON.stringify(name.slice(0, 200))}`)
  for (const { id } of entry.extraFields) {
    if (id === 0x7075) throw refuse(`gives a second name to ${JSON.stringify(name.slice(0, 200))}`, name)
  }
  if (entry.extraFields.filter(({ id }) => id === 0x0001).length > 1)
    throw refuse(`gives the sizes of ${JSON.stringify(name.slice(0, 200))} more than once`, name)
  return name
}

function requirePlain(entry: Entry, path: string): void {
  const shown = JSON.stringify(path.slice(0, 200))
  if ((entry.generalPurposeBitFlag & flagsRefused) !== 0) throw refuse(`has the encrypted entry ${shown}`, path)
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8)
    throw refuse(`has compressed ${shown} by a method other than deflate`, path)
  const type = (entry.externalFileAttributes >>> 16) & typeMask
  const expected = path.endsWith('/') ? typeFolder : typeFile
  if (type !== 0 && type !== expected) {
    const what = type === 0o120000 ? 'a symbolic link' : 'neither a file nor a folder'
    throw new EvidenceError('package-path', `${shown} in the zip is ${what}`, { where: path })
  }
  if (path.endsWith('/') && entry.uncompressedSize !== 0) throw refuse(`has the folder ${shown} with contents`, path)
  if (entry.uncompressedSize > maxZipRatio * entry.compressedSize + zipSlackBytes) {
    throw refuse(`has the entry ${shown} that unpacks to more than ${maxZipRatio} times its size`, path)
  }
}

function requireAgreement(entry: Entry, local: LocalFileHeader, path: string): void {
  const shown = JSON.stringify(path.slice(0, 200))
  if (!local.fileName.equals(entry.fileNameRaw)) throw refuse(`has two names for the entry ${shown}`, path)
  const isDeferred = (entry.generalPurposeBitFlag & flagDeferred) !== 0
  // A size of 32 bits that is all ones stands in the extra field of 64.
  const same = (a: number, b: number): boolean => a === b || a === 0xffffffff || (isDeferred && a === 0)
  const agrees =
    local.generalPurposeBitFlag === entry.generalPurposeBitFlag &&
    local.compressionMethod === entry.compressionMethod &&
    (local.crc32 === entry.crc32 || (isDeferred && local.crc32 === 0)) &&
    same(local.compressedSize, entry.compressedSize) &&
    same(local.uncompressedSize, entry.uncompressedSize)
  if (!agrees) throw refuse(`has two headers that do not agree on the entry ${shown}`, path)
}

/** From the first byte to the directory nothing but entries and their descriptors, none over another. */
function requireNothingBetween(found: readonly Found[], directoryAt: number): void {
  let at = 0
  let wasDeferred = false
  const sorted = [...found].sort((a, b) => a.entry.relativeOffsetOfLocalHeader - b.entry.relativeOffsetOfLocalHeader)
  const require = (next: number, path: string): void => {
    const gap = next - at
    if (gap === 0 || (wasDeferred && descriptorBytes.includes(gap))) return
    throw refuse(`has entries that overlap, or bytes between them that belong to none, before ${path}`)
  }
  for (const { path, entry, local } of sorted) {
    require(entry.relativeOffsetOfLocalHeader, JSON.stringify(path.slice(0, 200)))
    if (local.fileDataStart < entry.relativeOffsetOfLocalHeader + localHeaderBytes)
      throw refuse('has a header too short')
    at = local.fileDataStart + entry.compressedSize
    wasDeferred = (entry.generalPurposeBitFlag & flagDeferred) !== 0
  }
  require(directoryAt, 'the directory')
}

/** The files below the one folder at the top. */
function inOneFolder(found: readonly Found[]): { base: string; entries: Map<string, Entry> } {
  const base = found[0]?.path.split('/')[0] ?? ''
  const paths = new BagPaths()
  const entries = new Map<string, Entry>()
  for (const { path, entry } of found) {
    if (!path.startsWith(`${base}/`)) throw refuse('holds more at its top than the one folder of a bag', path)
    if (path.endsWith('/')) new BagPaths().require(path.slice(0, -1))
    else {
      paths.require(path)
      entries.set(path.slice(base.length + 1), entry)
    }
    if (entries.size > maxFiles)
      throw new EvidenceError('package-too-large', `the zip holds more than ${maxFiles} files`)
  }
  if (entries.size === 0) throw refuse('holds no file')
  return { base, entries: new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1))) }
}
