import { equalBytes, fromUtf8, latin1 } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { u16, u32 } from './little-endian.ts'
import { maxZipRatio, zipSlackBytes } from './limits.ts'

/*
 * The records of a zip as a package may have them (docs/spec/18-package.md, "As a zip"): a grammar of what is accepted, so that every reader
 * of an accepted zip sees the same names, sizes and bytes. Whatever it does not name is refused.
 */

export const endBytes = 22
/** The end of a directory in 64 bits, and its locator, which stand before the end record. */
export const end64Bytes = 56 + 20
export const localBytes = 30
const centralBytes = 46
const all16 = 0xffff
const all32 = 0xffffffff

/** Options of deflate, sizes after the data, name in UTF-8. */
const flagsAllowed = 0x0006 | 0x0008 | 0x0800
const flagDeferred = 0x0008

const extraZip64 = 0x0001
const extraUnicodePath = 0x7075
/** Times and owners, by Info-ZIP, 7-Zip and macOS: no reader takes a name or a size from them. */
const extrasIgnored: ReadonlySet<number> = new Set([0x000a, 0x5455, 0x5855, 0x7855, 0x7875])

const typeMask = 0o170000
const typeFolder = 0o040000
const typeFile = 0o100000
/** Attributes of MS-DOS: volume label, folder. */
const dosLabel = 0x08
const dosFolder = 0x10

/** A refusal of a zip. */
export function zipRefused(why: string, where?: string): EvidenceError {
  return new EvidenceError('package-zip', `the zip ${why}`, where === undefined ? {} : { where })
}

/** What the directory says of one entry. */
export interface ZipEntry {
  readonly path: string
  readonly name: Uint8Array
  readonly flags: number
  readonly method: number
  readonly crc: number
  readonly packed: number
  readonly size: number
  readonly offset: number
}

/** Where a directory stands, and how many entries it has. */
export interface DirectoryPlace {
  readonly at: number
  readonly size: number
  readonly count: number
}

function shown(path: string): string {
  return JSON.stringify(path.slice(0, 200))
}

/**
 * Reads the end of a zip: `tail` is its last bytes, at least {@link endBytes} and up to {@link end64Bytes} more, of `length` in all.
 * Throws `package-zip`.
 */
export function readEnd(tail: Uint8Array, length: number): DirectoryPlace {
  const end = tail.subarray(-endBytes)
  if (end.length < endBytes || u32(end, 0) !== 0x06054b50)
    throw zipRefused('does not end with the end of its directory')
  if (u16(end, 20) !== 0) throw zipRefused('has a comment')
  const [disk, first, here, count] = [4, 6, 8, 10].map((at) => u16(end, at)) as [number, number, number, number]
  const [size, at] = [u32(end, 12), u32(end, 16)]
  if (disk !== 0 || first !== 0) throw zipRefused('is in parts')
  const end64 = tail.subarray(-endBytes - end64Bytes, -endBytes)
  const hasEnd64 = end64.length === end64Bytes && u32(end64, 56) === 0x07064b50
  const isLarge = [here, count].includes(all16) || [size, at].includes(all32)
  if (!hasEnd64 && isLarge) throw zipRefused('lacks the directory’s end of 64 bits')
  const place = hasEnd64 ? readEnd64(end64, length) : { here, count, size, at }
  const same = (small: number, ones: number, large: number): boolean => small === ones || small === large
  const agrees =
    same(here, all16, place.here) &&
    same(count, all16, place.count) &&
    same(size, all32, place.size) &&
    same(at, all32, place.at)
  const reaches = length - endBytes - (hasEnd64 ? end64Bytes : 0)
  if (!agrees || place.here !== place.count || place.at + place.size !== reaches)
    throw zipRefused('has a directory whose end does not say where it stands')
  return { at: place.at, size: place.size, count: place.count }
}

function readEnd64(bytes: Uint8Array, length: number): { here: number; count: number; size: number; at: number } {
  const isOwn = u32(bytes, 0) === 0x06064b50 && number64(bytes, 4) === 44
  const isLocated = number64(bytes, 64) === length - endBytes - end64Bytes
  const isWhole = [16, 20, 60].every((at) => u32(bytes, at) === 0) && u32(bytes, 72) <= 1
  if (!isOwn || !isLocated || !isWhole) throw zipRefused('has a directory’s end of 64 bits that is not in order')
  return {
    here: number64(bytes, 24),
    count: number64(bytes, 32),
    size: number64(bytes, 40),
    at: number64(bytes, 48),
  }
}

/** A number of 64 bits, or one too large for anything here. */
function number64(bytes: Uint8Array, at: number): number {
  const high = u32(bytes, at + 4)
  return high < 2 ** 21 ? high * 2 ** 32 + u32(bytes, at) : Number.MAX_SAFE_INTEGER
}

/** Reads the directory: entries in its order, no name twice. Throws `package-zip`, `package-path`. */
export function readDirectory(bytes: Uint8Array, count: number): ZipEntry[] {
  const entries: ZipEntry[] = []
  const names = new Set<string>()
  let at = 0
  for (let n = 0; n < count; n++) {
    if (at + centralBytes > bytes.length || u32(bytes, at) !== 0x02014b50)
      throw zipRefused('has a directory that is not whole')
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((from) => u16(bytes, at + from)) as [
      number,
      number,
      number,
    ]
    const next = at + centralBytes + nameLength + extraLength
    if (next > bytes.length || commentLength !== 0 || u16(bytes, at + 34) !== 0)
      throw zipRefused('has a directory that is not whole, or an entry with a comment or in another part')
    const name = bytes.subarray(at + centralBytes, at + centralBytes + nameLength)
    const entry = readCentral(bytes.subarray(at, at + centralBytes), name, bytes.subarray(next - extraLength, next))
    if (names.has(entry.path)) throw zipRefused(`has two entries ${shown(entry.path)}`, entry.path)
    names.add(entry.path)
    entries.push(entry)
    at = next
  }
  if (at !== bytes.length) throw zipRefused('has more in its directory than its entries')
  return entries
}

function readCentral(head: Uint8Array, name: Uint8Array, extra: Uint8Array): ZipEntry {
  const path = pathOf(name)
  const flags = u16(head, 8)
  const method = u16(head, 10)
  if ((flags & ~flagsAllowed) !== 0)
    throw zipRefused(`has the entry ${shown(path)} encrypted, or with other flags`, path)
  if (method !== 0 && method !== 8)
    throw zipRefused(`has ${shown(path)} compressed by a method other than deflate`, path)
  const stated = [u32(head, 24), u32(head, 20), u32(head, 42)]
  const large = readExtra(extra, name, path)
  const [size, packed, offset] = withZip64(stated, large, path) as [number, number, number]
  const entry = { path, name, flags, method, crc: u32(head, 16), packed, size, offset }
  requireType(u32(head, 38), path)
  if (path.endsWith('/') && (size !== 0 || packed !== 0))
    throw zipRefused(`has the folder ${shown(path)} with contents`, path)
  if ((method === 0 && size !== packed) || size > maxZipRatio * packed + zipSlackBytes)
    throw zipRefused(`has the entry ${shown(path)} that would unpack to more than ${maxZipRatio} times its size`, path)
  return entry
}

/** The one name that every reader sees: where a zip does not say that it is UTF-8, only letters beyond ASCII look otherwise. */
function pathOf(name: Uint8Array): string {
  try {
    const path = fromUtf8(name, 'name of a zip entry')
    if (path !== '' && !path.includes('\0')) return path
  } catch (cause) {
    const latin = shown(latin1(name))
    throw new EvidenceError('package-path', `the zip’s entry ${latin} has a name that is not UTF-8`, {}, { cause })
  }
  throw zipRefused('has an entry whose name is empty, or ends within')
}

function requireType(attributes: number, path: string): void {
  const type = (attributes >>> 16) & typeMask
  const isFolder = path.endsWith('/')
  const isOther = type !== 0 && type !== (isFolder ? typeFolder : typeFile)
  if (!isOther && (attributes & dosLabel) === 0 && (isFolder || (attributes & dosFolder) === 0)) return
  const what = type === 0o120000 ? 'a symbolic link' : 'neither a file nor a folder, or not what its name says'
  throw new EvidenceError('package-path', `${shown(path)} in the zip is ${what}`, { where: path })
}

/** Extra fields, each once and whole; gives the one of 64-bit sizes. A second name must be the first. */
function readExtra(extra: Uint8Array, name: Uint8Array, path: string): Uint8Array | undefined {
  const seen = new Set<number>()
  let large: Uint8Array | undefined
  for (let at = 0; at < extra.length; ) {
    const id = at + 4 > extra.length ? undefined : u16(extra, at)
    const next = id === undefined ? Infinity : at + 4 + u16(extra, at + 2)
    if (id === undefined || next > extra.length || seen.has(id))
      throw zipRefused(`has extra fields of ${shown(path)} that are not whole, or one twice`, path)
    const data = extra.subarray(at + 4, next)
    if (id === extraZip64) large = data
    else if (id === extraUnicodePath) requireSameName(data, name, path)
    else if (!extrasIgnored.has(id)) throw zipRefused(`has an extra field 0x${id.toString(16)} of ${shown(path)}`, path)
    seen.add(id)
    at = next
  }
  return large
}

/** Info-ZIP's second name: version 1, CRC-32 of the first, the name. Which of two names counts depends on the reader. */
function requireSameName(data: Uint8Array, name: Uint8Array, path: string): void {
  if (data.length < 5 || data[0] !== 1 || !equalBytes(data.subarray(5), name))
    throw zipRefused(`gives a second name to ${shown(path)}`, path)
}

/** Values of 32 bits with those that are all ones in 64 bits; the extra field holds these and no more. */
function withZip64(values: readonly number[], large: Uint8Array | undefined, path: string): number[] {
  const wanted = values.filter((value) => value === all32).length
  if ((large?.length ?? 0) !== 8 * wanted) throw zipRefused(`has sizes of ${shown(path)} that are not in order`, path)
  let at = 0
  return values.map((value) => (value === all32 ? number64(large as Uint8Array, 8 * at++) : value))
}

/** What a local header says besides what the directory says. */
export interface LocalHeader {
  /** Where the entry's data begin. */
  readonly dataAt: number
  /** Lengths that its data descriptor may have; none without one. */
  readonly descriptor: readonly number[]
}

/** Name and extra fields that follow the fixed part of a local header, in bytes. */
export function localRest(head: Uint8Array): number {
  return head.length < localBytes ? 0 : u16(head, 26) + u16(head, 28)
}

/** Holds a local header against the directory's. Throws `package-zip`. */
export function readLocal(entry: ZipEntry, bytes: Uint8Array): LocalHeader {
  const { path, name, flags, method, crc, packed, size, offset } = entry
  const differs = (): EvidenceError => zipRefused(`has two headers that do not agree on the entry ${shown(path)}`, path)
  if (bytes.length < localBytes || bytes.length < localBytes + localRest(bytes)) throw differs()
  const nameEnd = localBytes + u16(bytes, 26)
  const large = readExtra(bytes.subarray(nameEnd, localBytes + localRest(bytes)), name, path)
  const sizes = withZip64([u32(bytes, 22), u32(bytes, 18)], large, path)
  const isDeferred = (flags & flagDeferred) !== 0
  const stated = [u32(bytes, 14), ...sizes]
  // What is told after the data may stand here as 0.
  const isSame = [crc, size, packed].every((value, i) => value === stated[i] || (isDeferred && stated[i] === 0))
  const agrees =
    u32(bytes, 0) === 0x04034b50 &&
    u16(bytes, 6) === flags &&
    u16(bytes, 8) === method &&
    equalBytes(bytes.subarray(localBytes, nameEnd), name) &&
    isSame
  if (!agrees) throw differs()
  const descriptor = !isDeferred ? [0] : large === undefined ? [12, 16] : [20, 24]
  return { dataAt: offset + localBytes + localRest(bytes), descriptor }
}

/** Holds a data descriptor against the directory. Throws `package-zip`. */
export function requireDescriptor({ crc, packed, size, path }: ZipEntry, bytes: Uint8Array): void {
  const hasMark = bytes.length === 16 || bytes.length === 24
  const values = hasMark ? bytes.subarray(4) : bytes
  const found =
    values.length === 12
      ? [u32(values, 0), u32(values, 4), u32(values, 8)]
      : [u32(values, 0), number64(values, 4), number64(values, 12)]
  const isOwn = (!hasMark || u32(bytes, 0) === 0x08074b50) && [crc, packed, size].every((v, i) => v === found[i])
  if (!isOwn) throw zipRefused(`has sizes after the entry ${shown(path)} that are not those of its directory`, path)
}
