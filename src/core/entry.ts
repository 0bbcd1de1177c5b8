import { toBase64, tryHash } from './base64.ts'
import { concat, fromUtf8, parseDecimal, utf8 } from './bytes.ts'
import { EvidenceError } from './errors.ts'
import { sha256 } from './hash.ts'
import { tryTime } from './time.ts'

/** Largest entry, in bytes. */
export const maxEntryBytes = 65_535
export const entryVersion = 'evidence-ledger/entry/v1'
/** Greatest number of an entry version. */
export const maxEntryVersion = 999_999_999
/** The link of entry 0. */
export const zeroHash: Uint8Array = new Uint8Array(32)

/**
 * One entry of the chain (docs/spec/03-entry.md), five lines each ended by `\n`:
 *
 *     evidence-ledger/entry/v1
 *     1041
 *     2026-11-21T09:30:00.000Z
 *     <leaf hash of entry 1040, base64>
 *     <the statement's JWS>
 */
export interface Entry {
  readonly index: number
  readonly time: string
  /** Leaf hash of the entry before, 32 bytes. */
  readonly previous: Uint8Array
  readonly statement: string
}

/** An entry as read: lines 1 to 4 are the same in every version, so link and index can always be judged. */
export type ParsedEntry =
  | (Entry & { readonly known: true; readonly timeMs: number })
  | {
      readonly known: false
      /** Line 1. */
      readonly version: string
      readonly index: number
      readonly time: string
      readonly timeMs: number
      readonly previous: Uint8Array
    }

/** The bytes of an entry. Throws `entry-too-large`. */
export function encodeEntry(entry: Entry): Uint8Array<ArrayBuffer> {
  const bytes = utf8(
    `${entryVersion}\n${entry.index}\n${entry.time}\n${toBase64(entry.previous)}\n${entry.statement}\n`,
  )
  if (bytes.length > maxEntryBytes) {
    throw new EvidenceError('entry-too-large', `the entry would have ${bytes.length} bytes, more than ${maxEntryBytes}`)
  }
  return bytes
}

function malformed(why: string, where?: string): EvidenceError {
  return new EvidenceError('entry-malformed', `the entry ${why}`, where === undefined ? {} : { where })
}

/** The number of an entry version, from its first line; undefined where that names none. */
export function versionNumber(line: string): number | undefined {
  const digits = /^evidence-ledger\/entry\/v([1-9][0-9]{0,8})$/.exec(line)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

const statusLabel = utf8('evidence-ledger/status/v1\n')

/**
 * What shows that somebody has an entry without sending it: SHA-256 over `evidence-ledger/status/v1`, a line feed, and the
 * entry's bytes (docs/spec/15-status.md). No tile or proof holds it, as they hold leaf hashes. 32 bytes.
 */
export function statusHash(entryBytes: Uint8Array): Uint8Array {
  return sha256(concat(statusLabel, entryBytes))
}

/** Reads the bytes of an entry, strictly. Throws `entry-malformed`, `entry-too-large`, `utf8-malformed`. */
export function parseEntry(bytes: Uint8Array): ParsedEntry {
  if (bytes.length > maxEntryBytes) {
    throw new EvidenceError('entry-too-large', `the entry has ${bytes.length} bytes, more than ${maxEntryBytes}`)
  }
  const text = fromUtf8(bytes, 'entry')
  if (!text.endsWith('\n')) throw malformed('does not end in a line feed')
  const lines = text.split('\n', 6)
  const [version, indexText, time, link, statement] = lines as [string, string, string, string, string]
  if (lines.length < 5) throw malformed('has fewer than four lines')
  const known = version === entryVersion
  if (versionNumber(version) === undefined) throw malformed('has no version line', 'line 1')
  const index = parseDecimal(indexText)
  if (index === undefined) throw malformed('has no canonical index', 'line 2')
  const timeMs = tryTime(time)
  if (timeMs === undefined) throw malformed('has no canonical time', 'line 3')
  const previous = tryHash(link)
  if (previous === undefined) throw malformed('has no canonical link', 'line 4')
  if (!known) return { known, version, index, time, timeMs, previous }
  // Exactly five lines: after the fifth line feed nothing is left.
  if (lines.length !== 6 || lines[5] !== '' || text.length !== lengthOf(lines))
    throw malformed('has not exactly five lines')
  if (statement === '') throw malformed('has no statement', 'line 5')
  return { known, index, time, timeMs, previous, statement }
}

function lengthOf(lines: readonly string[]): number {
  let length = lines.length - 1
  for (const line of lines) length += line.length
  return length
}

const leafPrefixed = new Uint8Array(1 + maxEntryBytes)

/** RFC 6962 leaf hash, `SHA-256(0x00 || bytes)`: the chain's link and the tree's leaf at once. */
export function leafHash(bytes: Uint8Array): Uint8Array {
  if (bytes.length <= maxEntryBytes) {
    leafPrefixed.set(bytes, 1)
    return sha256(leafPrefixed.subarray(0, bytes.length + 1))
  }
  const prefixed = new Uint8Array(bytes.length + 1)
  prefixed.set(bytes, 1)
  return sha256(prefixed)
}
