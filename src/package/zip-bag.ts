import { EvidenceError } from '../core/errors.ts'
import { type Bag, type BagFile, requireBagFile } from './bag.ts'
import { BagPaths } from './bag-path.ts'
import { maxFiles } from './limits.ts'
import { piecesOf, type RandomAccess } from './random-access.ts'
import { InflateFault, type Unpacking } from './unpacking.ts'
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

/** Most bytes that an entry takes in a directory: its header, its name, its extra fields. */
const maxDirectoryEntryBytes = 46 + 2048

interface PlacedEntry extends ZipEntry {
  readonly dataAt: number
}

/** The bag in a zip file, and the name of the folder that it lies in. */
export class ZipBag implements Bag {
  readonly files: ReadonlyMap<string, BagFile>
  readonly base: string
  private readonly source: RandomAccess
  private readonly unpacking: Unpacking
  private readonly entries: ReadonlyMap<string, PlacedEntry>

  private constructor(
    source: RandomAccess,
    unpacking: Unpacking,
    base: string,
    entries: ReadonlyMap<string, PlacedEntry>,
  ) {
    this.source = source
    this.unpacking = unpacking
    this.base = base
    this.entries = entries
    this.files = new Map([...entries].map(([path, { size }]) => [path, { path, size }]))
  }

  /**
   * Reads the directory of a zip, and every local header. The bag closes the source, also where it is refused. Throws `package-zip`,
   * `package-path`, `package-too-large`, and what reading throws.
   */
  static async open(source: RandomAccess, unpacking: Unpacking): Promise<ZipBag> {
    try {
      const { base, entries } = inOneFolder(await placedEntries(source))
      return new ZipBag(source, unpacking, base, entries)
    } catch (error) {
      await source.close()
      throw error
    }
  }

  async *stream(path: string): AsyncGenerator<Uint8Array> {
    requireBagFile(this, path)
    const entry = this.entries.get(path) as PlacedEntry
    const { crc32 } = this.unpacking
    const pieces = entry.method === 0 ? packedOf(this.source, entry) : unpacked(this.source, entry, this.unpacking)
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
    return this.source.close()
  }
}

/** Every entry in the order of its data: from the first byte to the directory nothing but entries and their descriptors. */
async function placedEntries(source: RandomAccess): Promise<PlacedEntry[]> {
  const { size: length } = source
  const tail = Math.min(length, endBytes + end64Bytes)
  const place = readEnd(await source.readAt(length - tail, tail), length)
  // Each file's folders may have entries of their own.
  if (place.count > 2 * maxFiles || place.size > place.count * maxDirectoryEntryBytes) {
    const message = `the zip has ${place.count} entries in ${place.size} bytes; the most is ${2 * maxFiles} of ${maxDirectoryEntryBytes} bytes`
    throw new EvidenceError('package-too-large', message)
  }
  const entries = readDirectory(await source.readAt(place.at, place.size), place.count)
  const placed: PlacedEntry[] = []
  let at = 0
  const sorted = entries.sort((a, b) => a.offset - b.offset)
  for (const [n, entry] of sorted.entries()) {
    if (entry.offset !== at) throw gap(entry.path)
    const next = sorted[n + 1]?.offset ?? place.at
    const { dataAt, descriptor } = readLocal(entry, await localHeader(source, entry))
    const rest = next - dataAt - entry.packed
    if (!descriptor.includes(rest)) throw gap(entry.path)
    if (rest > 0) requireDescriptor(entry, await source.readAt(next - rest, rest))
    placed.push({ ...entry, dataAt })
    at = next
  }
  return placed
}

function gap(path: string): EvidenceError {
  const shown = JSON.stringify(path.slice(0, 200))
  return zipRefused(`has entries that overlap, or bytes that belong to none, at ${shown}`, path)
}

async function localHeader(source: RandomAccess, { offset, name }: ZipEntry): Promise<Uint8Array> {
  const guess = await source.readAt(offset, localBytes + name.length + 64)
  const length = localBytes + localRest(guess)
  return length <= guess.length ? guess : source.readAt(offset, length)
}

/** An entry's data as they lie. */
async function* packedOf(source: RandomAccess, { dataAt, packed }: PlacedEntry): AsyncGenerator<Uint8Array> {
  let left = packed
  for await (const piece of piecesOf(source, dataAt, packed)) {
    left -= piece.length
    yield piece
  }
  if (left !== 0) throw zipRefused('ends within an entry')
}

/** The deflated data end exactly where the entry's data end: what stands after the end would be seen by nobody. */
async function* unpacked(source: RandomAccess, entry: PlacedEntry, { inflate }: Unpacking): AsyncGenerator<Uint8Array> {
  let taken: number
  try {
    taken = yield* inflate(packedOf(source, entry))
  } catch (error) {
    if (!(error instanceof InflateFault)) throw error
    throw zipRefused(`cannot be unpacked at ${entry.path}: ${error.message}`, entry.path)
  }
  if (taken !== entry.packed) throw zipRefused(`holds bytes after the data of ${entry.path}`, entry.path)
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
