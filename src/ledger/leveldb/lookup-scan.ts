import { compareBytes } from '../../core/bytes.ts'
import { type AuditKey, auditHash } from '../audit-hash.ts'
import { bucketOf } from '../lookup-sums.ts'
import { addHash, keyHash, type LookupChecksum } from '../lookup-tally.ts'
import { readNumber8 } from './keys.ts'
import type { LoggedKeys } from './logged-keys.ts'
import type { Bounds, TableReader, TakenRecord } from './table-reader.ts'
import { type DatabaseSnapshot, userKeyOf } from './table-snapshot.ts'

/** First letters of the keys that are scanned: statement ids, and look-up keys (keys.ts). */
export const scannedLetters = 'jl'
/** Records of one step: some milliseconds, since a thread that scans answers nothing else. */
const stepRecords = 16_384
/** An id is 16 bytes, and in text 36 characters. */
const idBytes = 16
const leafHashBytes = 32

/** Parts of the scanned keys that may be scanned apart, as equal as the tables tell, in order. */
export function lookupRanges({ levels }: DatabaseSnapshot): Bounds[] {
  return Array.from(scannedLetters, (letter) => {
    const [from, to] = [Buffer.from(letter), Buffer.from([letter.charCodeAt(0) + 1])]
    const within = levels
      .flat()
      .map(({ largest }) => userKeyOf(largest))
      .filter((key) => compareBytes(key, from) > 0 && compareBytes(key, to) < 0)
      .sort(compareBytes)
    const bounds = [from, ...within, to].filter((key, i, all) => i === 0 || compareBytes(all[i - 1] as Buffer, key) < 0)
    return bounds.slice(1).map((end, i) => ({ from: bounds[i] as Uint8Array, to: end }))
  }).flat()
}

/** What a step found, and where the next begins; nothing where the range was read to its end. */
export interface ScanStep extends LookupChecksum {
  readonly next: Uint8Array | undefined
}

/** Where the sums of a scan go. */
export interface ScanInto {
  /** A place for every bucket. */
  readonly sums: Float64Array
  /** Entries of the ledger. */
  readonly size: number
  /** Key of the hashes of the look-up checksum. */
  readonly seed: number
  /** Key of the hashes of the buckets; undefined where no sums are wanted. */
  readonly key: AuditKey | undefined
}

/**
 * Takes the hashes of a range's look-up keys and statement ids, step by step, out of tables and logs (docs/design/table-reading.md).
 * Adds each to the sum of its bucket. Undefined where the keys cannot be told
 * with certainty, or one leads to no entry: then LevelDB decides.
 */
export function scanStep(
  tables: TableReader,
  { from, to }: Bounds,
  logged: LoggedKeys,
  { sums, size, seed, key }: ScanInto,
): ScanStep | undefined {
  let [count, sum] = [0, 0]
  let last: Uint8Array | undefined
  let isOurs = true
  const isRead = tables.keys({ from, to }, logged, (record) => {
    const isLookup = record.key[0] === 0x6c
    const index = isLookup ? indexOfLookup(record) : indexOfStatement(record)
    isOurs = index >= 0 && index < size
    if (!isOurs) return false
    const { bytes, from: begin, to: end } = isLookup ? listOf(record) : idOf(record)
    sum = addHash(sum, keyHash(bytes, index, seed, begin, end), 1)
    const bucket = bucketOf(index)
    if (key !== undefined) sums[bucket] = addHash(sums[bucket] as number, auditHash(bytes, index, key, begin, end), 1)
    if (++count < stepRecords) return true
    last = record.key.slice(0, record.keyLength)
    return false
  })
  if (!isRead || !isOurs) return undefined
  return { count, sum, next: last && Buffer.concat([last, Buffer.alloc(1)]) }
}

/** -1 for a key that is not ours. */
function indexOfLookup({ key, keyLength }: TakenRecord): number {
  return keyLength < 10 ? -1 : exact(readNumber8(key, keyLength - 8))
}

function indexOfStatement({ key, keyLength, value }: TakenRecord): number {
  const isId = keyLength > 1 + idBytes && key[keyLength - idBytes - 1] === 0
  return isId && value.length === 8 + leafHashBytes ? exact(readNumber8(value, 0)) : -1
}

function exact(index: number): number {
  return Number.isSafeInteger(index) ? index : -1
}

const hexDigits = Buffer.from('0123456789abcdef')
let scratch = Buffer.alloc(256)

/** Bytes of which some are hashed. */
interface Hashed {
  readonly bytes: Uint8Array
  readonly from: number
  readonly to: number
}

/** A list as encoded: without the letter, and the index. */
function listOf({ key, keyLength }: TakenRecord): Hashed {
  return { bytes: key, from: 1, to: keyLength - 8 }
}

/** An id as `idKey` writes it: in text, and with the leaf hash behind it. */
function idOf({ key, keyLength, value }: TakenRecord): Hashed {
  const issuerEnd = keyLength - idBytes - 1
  const length = issuerEnd + 1 + 36 + leafHashBytes
  if (scratch.length < length) scratch = Buffer.alloc(2 * length)
  let at = 0
  for (; at < issuerEnd; at++) scratch[at] = key[at] as number
  scratch[at++] = 0x20
  for (let i = 0; i < idBytes; i++) {
    if (i === 4 || i === 6 || i === 8 || i === 10) scratch[at++] = 0x2d
    const byte = key[issuerEnd + 1 + i] as number
    scratch[at++] = hexDigits[byte >> 4] as number
    scratch[at++] = hexDigits[byte & 15] as number
  }
  for (let i = 0; i < leafHashBytes; i++) scratch[at++] = value[8 + i] as number
  return { bytes: scratch, from: 0, to: length }
}
