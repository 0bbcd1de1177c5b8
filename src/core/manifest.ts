import { compareBytes, concatAll, equalBytes, latin1 } from './bytes.ts'
import { EvidenceError } from './errors.ts'
import { leafHash } from './entry.ts'
import { CompactRange } from './merkle/range.ts'
import { explained } from './transit.ts'

/*
 * A manifest lists the files of a folder in GNU `sha256sum` text (docs/spec/08-manifest.md). Paths are raw bytes: what a
 * disk holds need not be UTF-8.
 *
 *     5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9  mail/notice.eml
 */

export interface ManifestLine {
  /** Lower-case hex of the SHA-256 of the file's bytes. */
  readonly sha256: string
  /** Relative, raw bytes, unescaped. */
  readonly path: Uint8Array
}

/** Length of a digest and two spaces. */
const headLength = 66
const nul = 0x00
const space = 0x20
const lineFeed = 0x0a
const carriageReturn = 0x0d
const dot = 0x2e
const slash = 0x2f
const backslash = 0x5c
const digitZero = 0x30
const digitNine = 0x39
const letterA = 0x61
const letterF = 0x66
const letterN = 0x6e
const letterR = 0x72

function bad(why: string, line?: number): EvidenceError {
  const where = line === undefined ? {} : { where: `line ${line}` }
  return new EvidenceError(
    'manifest-malformed',
    `${line === undefined ? 'the manifest' : `line ${line} of the manifest`} ${why}`,
    where,
  )
}

/** Why a path may not stand in a manifest, or undefined. */
export function manifestPathFault(path: Uint8Array): string | undefined {
  if (path.includes(nul)) return 'holds a NUL in its path'
  let start = 0
  for (let at = 0; at <= path.length; at++) {
    if (at < path.length && path[at] !== slash) continue
    const length = at - start
    if (length === 0) return 'has a path with an empty component'
    if (length === 1 && path[start] === dot) return 'has a path with the component "."'
    if (length === 2 && path[start] === dot && path[start + 1] === dot) return 'has a path with the component ".."'
    start = at + 1
  }
  return undefined
}

function needsEscape(byte: number): boolean {
  return byte === backslash || byte === lineFeed || byte === carriageReturn
}

/** One line without its line feed, as coreutils 9 writes it. */
export function encodeManifestLine({ sha256, path }: ManifestLine): Uint8Array<ArrayBuffer> {
  let escapes = 0
  for (const byte of path) if (needsEscape(byte)) escapes++
  const start = escapes > 0 ? 1 : 0
  const out = new Uint8Array(start + headLength + path.length + escapes)
  if (escapes > 0) out[0] = backslash
  for (let i = 0; i < 64; i++) out[start + i] = sha256.charCodeAt(i)
  out[start + 64] = space
  out[start + 65] = space
  setEscaped(out, path, start + headLength)
  return out
}

/** Writes a path with its escapes; gives where it ends. */
function setEscaped(out: Uint8Array, path: Uint8Array, from: number): number {
  let at = from
  for (const byte of path) {
    if (needsEscape(byte)) out[at++] = backslash
    out[at++] = byte === lineFeed ? letterN : byte === carriageReturn ? letterR : byte
  }
  return at
}

function unescape(bytes: Uint8Array, line: number | undefined): Uint8Array {
  const out: number[] = []
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number
    if (byte !== backslash) {
      out.push(byte)
      continue
    }
    const next = bytes[++at]
    if (next === backslash) out.push(backslash)
    else if (next === letterN) out.push(lineFeed)
    else if (next === letterR) out.push(carriageReturn)
    else throw bad('has an unknown escape in its path', line)
  }
  return Uint8Array.from(out)
}

/** Reads one line, without its line feed. Throws `manifest-malformed`. */
export function parseManifestLine(bytes: Uint8Array, line?: number): ManifestLine {
  const path = pathOfLine(bytes, line).slice()
  const start = bytes[0] === backslash ? 1 : 0
  return { sha256: latin1(bytes.subarray(start, start + 64)), path }
}

/** The path of a line that is judged whole: a view, where nothing in it is escaped. Throws `manifest-malformed`. */
function pathOfLine(bytes: Uint8Array, line: number | undefined): Uint8Array {
  const escaped = bytes[0] === backslash
  const start = escaped ? 1 : 0
  if (!isHead(bytes, start)) throw bad('is not a SHA-256 digest, two spaces and a path', line)
  const raw = bytes.subarray(start + headLength)
  const path = escaped ? unescape(raw, line) : raw
  const fault = manifestPathFault(path)
  if (fault !== undefined) throw bad(fault, line)
  // A leading backslash without need, or a raw backslash, carriage return or line feed without the leading one.
  if (hasEscapes(path) !== escaped || (escaped && !isWrittenAs(path, raw)))
    throw bad('is not escaped as GNU sha256sum escapes it', line)
  return path
}

/** True for 64 lower-case digits of hex and two spaces. */
function isHead(bytes: Uint8Array, start: number): boolean {
  if (bytes.length < start + headLength || bytes[start + 64] !== space || bytes[start + 65] !== space) return false
  for (let i = start; i < start + 64; i++) {
    const byte = bytes[i] as number
    if (!((byte >= digitZero && byte <= digitNine) || (byte >= letterA && byte <= letterF))) return false
  }
  return true
}

function hasEscapes(path: Uint8Array): boolean {
  for (let i = 0; i < path.length; i++) if (needsEscape(path[i] as number)) return true
  return false
}

/** Whether a path is escaped as these bytes. */
function isWrittenAs(path: Uint8Array, raw: Uint8Array): boolean {
  const written = new Uint8Array(2 * path.length)
  return equalBytes(written.subarray(0, setEscaped(written, path, 0)), raw)
}

/** Each line of a manifest, without line feeds; nothing is judged but that the last one ends. */
function* splitLines(bytes: Uint8Array): Generator<Uint8Array> {
  if (bytes.length === 0) throw bad('is empty')
  if (bytes[bytes.length - 1] !== lineFeed) throw bad('does not end in a line feed')
  let start = 0
  while (start < bytes.length) {
    const end = bytes.indexOf(lineFeed, start)
    yield bytes.subarray(start, end)
    start = end + 1
  }
}

/** Reads a manifest: every line, in strictly ascending order of unescaped path bytes. Throws `manifest-malformed`. */
export function parseManifest(bytes: Uint8Array): ManifestLine[] {
  return explained(bytes, 'manifest', () => {
    const lines: ManifestLine[] = []
    for (const raw of soundLines(bytes)) lines.push(parseManifestLine(raw, lines.length + 1))
    return lines
  })
}

/** Like {@link parseManifest}, line by line: for a manifest of more lines than one wants to hold. Gives their number. */
export function requireManifest(bytes: Uint8Array): number {
  return explained(bytes, 'manifest', () => {
    let count = 0
    for (const _ of soundLines(bytes)) count++
    return count
  })
}

/** Each line of a manifest that has been judged, and stands in its place. */
function* soundLines(bytes: Uint8Array): Generator<Uint8Array> {
  let number = 0
  let before: Uint8Array | undefined
  for (const raw of splitLines(bytes)) {
    const path = pathOfLine(raw, ++number)
    if (before !== undefined && compareBytes(before, path) >= 0) throw bad(outOfOrder, number)
    before = path
    yield raw
  }
}

const outOfOrder = 'does not come after the line before it, by path'

/** Two digits of hex for each byte, as their characters. */
const hexDigits = Uint8Array.from({ length: 512 }, (_, i) =>
  '0123456789abcdef'.charCodeAt(i % 2 === 0 ? i >> 5 : (i >> 1) & 15),
)

/**
 * Writes a manifest line by line, into one buffer. Lines come in strictly ascending order of their paths.
 */
export class ManifestWriter {
  private bytes: Uint8Array<ArrayBuffer>
  private length = 0
  private count = 0
  private before: Uint8Array | undefined

  /** @param lines how many there will be, and `pathBytes` how long their paths are together: where paths are escaped, it grows. */
  constructor(lines: number, pathBytes: number) {
    this.bytes = new Uint8Array(lines * (headLength + 1) + pathBytes)
  }

  /** Adds a file: its SHA-256, 32 bytes, and its path, which is kept until the next. Throws `manifest-malformed` for a bad path, or one that does not come after the last. */
  add(sha256: Uint8Array, path: Uint8Array): void {
    this.count++
    const fault = manifestPathFault(path)
    if (fault !== undefined) throw bad(fault, this.count)
    if (this.before !== undefined && compareBytes(this.before, path) >= 0) throw bad(outOfOrder, this.count)
    this.before = path
    let escapes = 0
    for (let i = 0; i < path.length; i++) if (needsEscape(path[i] as number)) escapes++
    const start = this.length
    this.reserve(headLength + path.length + 1 + (escapes === 0 ? 0 : escapes + 1))
    const out = this.bytes
    let at = start
    if (escapes > 0) out[at++] = backslash
    for (let i = 0; i < 32; i++) {
      const digit = 2 * (sha256[i] as number)
      out[at++] = hexDigits[digit] as number
      out[at++] = hexDigits[digit + 1] as number
    }
    out[at++] = space
    out[at++] = space
    at = escapes === 0 ? setAt(out, path, at) : setEscaped(out, path, at)
    out[at] = lineFeed
  }

  /** All lines. Throws `manifest-malformed` where there is none. */
  finish(): Uint8Array<ArrayBuffer> {
    if (this.count === 0) throw bad('is empty')
    return this.bytes.subarray(0, this.length)
  }

  private reserve(more: number): void {
    const length = this.length + more
    if (length > this.bytes.length) {
      const larger = new Uint8Array(Math.max(length, Math.ceil(this.bytes.length * 1.25)))
      larger.set(this.bytes.subarray(0, this.length))
      this.bytes = larger
    }
    this.length = length
  }
}

function setAt(out: Uint8Array, path: Uint8Array, at: number): number {
  out.set(path, at)
  return at + path.length
}

/** Writes a manifest; sorts it. Throws `manifest-malformed` for a bad or repeated path, or for no line. */
export function encodeManifest(lines: readonly ManifestLine[]): Uint8Array {
  const sorted = [...lines].sort((a, b) => compareBytes(a.path, b.path))
  const end = Uint8Array.of(lineFeed)
  const bytes = concatAll(sorted.flatMap((line) => [encodeManifestLine(line), end]))
  requireManifest(bytes)
  return bytes
}

/**
 * A manifest that was read, with a number for each line where others would have an object: a million lines are some megabytes beside
 * the bytes. Lines are counted from 0.
 */
export class Manifest implements Iterable<ManifestLine> {
  readonly bytes: Uint8Array
  readonly length: number
  private readonly starts: Uint32Array
  /** The line that was found last: who asks in order is answered without a search. */
  private last = -1

  /** Throws `manifest-malformed`, as {@link parseManifest}. */
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
    this.length = requireManifest(bytes)
    this.starts = new Uint32Array(this.length + 1)
    for (let i = 0; i < this.length; i++) this.starts[i + 1] = bytes.indexOf(lineFeed, this.starts[i]) + 1
  }

  /** The line with a number; undefined where there is none. */
  line(index: number): ManifestLine | undefined {
    return index >= 0 && index < this.length ? parseManifestLine(this.raw(index), index + 1) : undefined
  }

  *[Symbol.iterator](): Generator<ManifestLine> {
    for (let i = 0; i < this.length; i++) yield this.line(i) as ManifestLine
  }

  /** The number of the line that has a path; undefined where none has it. */
  indexOf(path: Uint8Array): number | undefined {
    const next = this.last + 1
    if (next < this.length && this.compareAt(next, path) === 0) return (this.last = next)
    const found = indexInOrder(this.length, (index) => this.compareAt(index, path))
    if (found !== undefined) this.last = found
    return found
  }

  /** Numbers of the lines that have a SHA-256, in lower-case hex. */
  withDigest(sha256: string): number[] {
    const found: number[] = []
    for (let i = 0; i < this.length; i++) if (this.hasDigest(i, sha256)) found.push(i)
    return found
  }

  private hasDigest(index: number, sha256: string): boolean {
    const start = this.digestStart(index)
    for (let i = 0; i < 64; i++) if (this.bytes[start + i] !== sha256.charCodeAt(i)) return false
    return sha256.length === 64
  }

  private compareAt(index: number, path: Uint8Array): number {
    const start = this.starts[index] as number
    if (this.bytes[start] === backslash) return compareBytes((this.line(index) as ManifestLine).path, path)
    return compareBytes(this.bytes.subarray(start + headLength, (this.starts[index + 1] as number) - 1), path)
  }

  private digestStart(index: number): number {
    const start = this.starts[index] as number
    return this.bytes[start] === backslash ? start + 1 : start
  }

  private raw(index: number): Uint8Array {
    return this.bytes.subarray(this.starts[index], (this.starts[index + 1] as number) - 1)
  }
}

/** The number from 0 for which a comparison with what is sought gives 0, in what is in ascending order; undefined where none does. */
export function indexInOrder(length: number, compare: (index: number) => number): number | undefined {
  let low = 0
  let high = length - 1
  while (low <= high) {
    const middle = (low + high) >>> 1
    const difference = compare(middle)
    if (difference === 0) return middle
    if (difference < 0) low = middle + 1
    else high = middle - 1
  }
  return undefined
}

/** The lines of a manifest as leaves of its tree, in order. */
export function manifestLeaves(bytes: Uint8Array): Uint8Array[] {
  return [...splitLines(bytes)].map((line) => line.slice())
}

/** RFC 6962 root over the lines without their line feeds, and their number: the item's `tree`. */
export function manifestTree(bytes: Uint8Array): { root: Uint8Array; size: number } {
  const range = new CompactRange()
  for (const line of splitLines(bytes)) range.append(leafHash(line))
  return { root: range.root(), size: range.size }
}
