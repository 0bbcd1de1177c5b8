import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { EvidenceError } from '../core/errors.ts'
import { type Bag, type BagFile, requireBagFile } from './bag.ts'
import { BagPaths } from './bag-path.ts'
import { maxFiles } from './limits.ts'
import {
  end64Bytes,
  endBytes,
  localBytes,
  localRest,
  readDirectory,
  readEnd,
  readLocal,
  requireDescriptor,
  type ZipEntry,
  zipRefused,
} from './zip-records.ts'

const blockBytes = 1024 * 1024
/** Most bytes that an entry takes in a directory: its header, its name, its extra fields. */
const maxDirectoryEntryBytes = 46 + 2048

/** Sum over further bytes. */
type Crc32 = (bytes: Uint8Array, before: number) => number
type Zlib = Pick<typeof import('node:zlib'), 'crc32' | 'createInflateRaw'>

interface PlacedEntry extends ZipEntry {
  readonly dataAt: number
}

/** The bag in a zip file, and the name of the folder that it lies in. */
export class ZipBag implements Bag {
  readonly files: ReadonlyMap<string, BagFile>
  readonly base: string
  private readonly file: FileHandle
  private readonly zlib: Zlib
  private readonly entries: ReadonlyMap<string, PlacedEntry>

  private constructor(file: FileHandle, zlib: Zlib, base: string, entries: ReadonlyMap<string, PlacedEntry>) {
    this.file = file
    this.zlib = zlib
    this.base = base
    this.entries = entries
    this.files = new Map([...entries].map(([path, { size }]) => [path, { path, size }]))
  }

  /** Reads the directory of a zip, and every local header. Throws `package-zip`, `package-path`, `package-too-large`. */
  static async open(path: string): Promise<ZipBag> {
    // Loaded for a zip alone: every other check starts without it.
    const [file, zlib] = await Promise.all([open(path, 'r'), import('node:zlib')])
    try {
      const { base, entries } = inOneFolder(await placedEntries(file))
      return new ZipBag(file, zlib, base, entries)
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async *stream(path: string): AsyncGenerator<Uint8Array> {
    requireBagFile(this, path)
    const entry = this.entries.get(path) as PlacedEntry
    const pieces = entry.method === 0 ? piecesOf(this.file, entry) : unpacked(this.file, entry, this.zlib)
    const crc32: Crc32 = this.zlib.crc32
    let [sum, size] = [0, 0]
    for await (const chunk of pieces) {
      sum = crc32(chunk, sum)
      size += chunk.length
      // Before anybody has the piece: an entry never gives more than it states.
      if (size > entry.size) break
      yield chunk
    }
    if (size !== entry.size) throw zipRefused(`unpacks to another size than it states at ${path}`, path)
    if (sum !== entry.crc) throw zipRefused(`has another CRC-32 than it states at ${path}`, path)
  }

  close(): Promise<void> {
    return this.file.close()
  }
}

async function readAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const bytes = Buffer.alloc(length)
  let filled = 0
  while (filled < length) {
    const { bytesRead } = await file.read(bytes, filled, length - filled, at + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

/** Every entry in the order of its data: from the first byte to the directory nothing but entries and their descriptors. */
async function placedEntries(file: FileHandle): Promise<PlacedEntry[]> {
  const { size: length } = await file.stat()
  const tail = Math.min(length, endBytes + end64Bytes)
  const place = readEnd(await readAt(file, length - tail, tail), length)
  // Each file's folders may have entries of their own.
  if (place.count > 2 * maxFiles || place.size > place.count * maxDirectoryEntryBytes) {
    const message = `the zip has ${place.count} entries in ${place.size} bytes; the most is ${2 * maxFiles} of ${maxDirectoryEntryBytes} bytes`
    throw new EvidenceError('package-too-large', message)
  }
  const entries = readDirectory(await readAt(file, place.at, place.size), place.count)
  const placed: PlacedEntry[] = []
  let at = 0
  const sorted = entries.sort((a, b) => a.offset - b.offset)
  for (const [n, entry] of sorted.entries()) {
    if (entry.offset !== at) throw gap(entry.path)
    const next = sorted[n + 1]?.offset ?? place.at
    const { dataAt, descriptor } = readLocal(entry, await localHeader(file, entry))
    const rest = next - dataAt - entry.packed
    if (!descriptor.includes(rest)) throw gap(entry.path)
    if (rest > 0) requireDescriptor(entry, await readAt(file, next - rest, rest))
    placed.push({ ...entry, dataAt })
    at = next
  }
  return placed
}

function gap(path: string): EvidenceError {
  const shown = JSON.stringify(path.slice(0, 200))
  return zipRefused(`has entries that overlap, or bytes that belong to none, at ${shown}`, path)
}

async function localHeader(file: FileHandle, { offset, name }: ZipEntry): Promise<Buffer> {
  const guess = await readAt(file, offset, localBytes + name.length + 64)
  const length = localBytes + localRest(guess)
  return length <= guess.length ? guess : readAt(file, offset, length)
}

async function* piecesOf(file: FileHandle, { dataAt, packed }: PlacedEntry): AsyncGenerator<Buffer> {
  for (let done = 0; done < packed; ) {
    const piece = await readAt(file, dataAt + done, Math.min(blockBytes, packed - done))
    if (piece.length === 0) throw zipRefused('ends within an entry')
    done += piece.length
    yield piece
  }
}

/** The deflated data end exactly where the entry's data end: what stands after the end would be seen by nobody. */
async function* unpacked(file: FileHandle, entry: PlacedEntry, { createInflateRaw }: Zlib): AsyncGenerator<Buffer> {
  const { Readable } = await import('node:stream')
  const inflate = createInflateRaw()
  const source = Readable.from(piecesOf(file, entry))
  source.once('error', (error) => inflate.destroy(error))
  try {
    for await (const chunk of source.pipe(inflate)) yield chunk as Buffer
  } catch (error) {
    if (error instanceof EvidenceError) throw error
    throw zipRefused(`cannot be unpacked at ${entry.path}: ${(error as Error).message}`, entry.path)
  } finally {
    source.destroy()
  }
  if (inflate.bytesWritten !== entry.packed) throw zipRefused(`holds bytes after the data of ${entry.path}`, entry.path)
}

/** The files below the one folder at the top. */
function inOneFolder(placed: readonly PlacedEntry[]): { base: string; entries: Map<string, PlacedEntry> } {
  const base = placed[0]?.path.split('/')[0] ?? ''
  const paths = new BagPaths()
  const entries = new Map<string, PlacedEntry>()
  for (const entry of placed) {
    const { path } = entry
    if (!path.startsWith(`${base}/`)) throw zipRefused('holds more at its top than the one folder of a bag', path)
    if (path.endsWith('/')) paths.require(path.slice(0, -1), 'folder')
    else {
      paths.require(path)
      entries.set(path.slice(base.length + 1), entry)
    }
    if (entries.size > maxFiles)
      throw new EvidenceError('package-too-large', `the zip holds more than ${maxFiles} files`)
  }
  if (entries.size === 0) throw zipRefused('holds no file')
  return { base, entries: new Map([...entries].sort(([a], [b]) => (a < b ? -1 : 1))) }
}
