import { compareBytes, concatAll, equalBytes, latin1 } from './bytes.ts'
import { EvidenceError } from './errors.ts'
import { leafHash } from './entry.ts'
import { CompactRange } from './merkle/range.ts'

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
  let at = start + headLength
  for (const byte of path) {
    if (needsEscape(byte)) out[at++] = backslash
    out[at++] = byte === lineFeed ? letterN : byte === carriageReturn ? letterR : byte
  }
  return out
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
  const escaped = bytes[0] === backslash
  const start = escaped ? 1 : 0
  const head = latin1(bytes.subarray(start, start + 66))
  if (!/^[0-9a-f]{64} {2}$/.test(head)) throw bad('is not a SHA-256 digest, two spaces and a path', line)
  const raw = bytes.subarray(start + 66)
  const path = escaped ? unescape(raw, line) : raw.slice()
  const fault = manifestPathFault(path)
  if (fault !== undefined) throw bad(fault, line)
  const parsed = { sha256: head.slice(0, 64), path }
  // Catches a leading backslash without need, and a raw backslash or carriage return without the leading one.
  if (!equalBytes(encodeManifestLine(parsed), bytes)) throw bad('is not escaped as GNU sha256sum escapes it', line)
  return parsed
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
  const lines: ManifestLine[] = []
  for (const raw of splitLines(bytes)) {
    const parsed = parseManifestLine(raw, lines.length + 1)
    const before = lines[lines.length - 1]
    if (before !== undefined && compareBytes(before.path, parsed.path) >= 0) {
      throw bad('does not come after the line before it, by path', lines.length + 1)
    }
    lines.push(parsed)
  }
  return lines
}

/** Writes a manifest; sorts it. Throws `manifest-malformed` for a bad or repeated path, or for no line. */
export function encodeManifest(lines: readonly ManifestLine[]): Uint8Array {
  const sorted = [...lines].sort((a, b) => compareBytes(a.path, b.path))
  const end = Uint8Array.of(lineFeed)
  const bytes = concatAll(sorted.flatMap((line) => [encodeManifestLine(line), end]))
  parseManifest(bytes)
  return bytes
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
