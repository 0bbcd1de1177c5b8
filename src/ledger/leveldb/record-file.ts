import { concatAll } from '../../core/bytes.ts'
import { maskedCrc32c } from './crc32c.ts'

/*
 * LevelDB's record format (its doc/log_format.md), of the log and of the MANIFEST: blocks of 32 KiB; a record is a masked
 * CRC-32C (4 bytes), a length (2), a type (1: whole, 2: first, 3: middle, 4: last), and the payload. LevelDB itself passes
 * over damaged records in silence and then deletes the file, so we look before it does.
 */
const blockSize = 32 * 1024
const headerSize = 7

export interface RecordFileReport {
  /** Whole records. */
  readonly records: number
  /** True where the file ends within a record: what a crash leaves of a write that nobody was told of, or a cut. */
  readonly torn: boolean
  /** The first place that no crash explains. */
  readonly damage?: { readonly offset: number; readonly why: string }
}

function allZero(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < bytes.length; at++) if (bytes[at] !== 0) return false
  return true
}

/** Judges every record of a log or MANIFEST file. */
export function checkRecordFile(bytes: Uint8Array): RecordFileReport {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  let records = 0
  let within = false
  const damaged = (why: string): RecordFileReport => ({ records, torn: false, damage: { offset: at, why } })
  while (at < bytes.length) {
    const blockEnd = at - (at % blockSize) + blockSize
    if (blockEnd - at < headerSize) {
      // The trailer of a block is too short for a header, and zero.
      const end = Math.min(blockEnd, bytes.length)
      if (!allZero(bytes.subarray(at, end), 0)) return damaged('bytes in the trailer of a block')
      at = end
      continue
    }
    if (bytes.length - at < headerSize) return { records, torn: true }
    const length = view.getUint16(at + 4, true)
    const type = bytes[at + 6] as number
    if (type === 0 && length === 0 && view.getUint32(at, true) === 0) {
      // A file system may have extended the file before the bytes came: zeros to the end, or else damage.
      return allZero(bytes, at) ? { records, torn: true } : damaged('zeros within the records')
    }
    const end = at + headerSize + length
    if (end > blockEnd) return damaged('a record that is longer than its block')
    if (end > bytes.length) return { records, torn: true }
    if (maskedCrc32c(bytes, at + 6, end) !== view.getUint32(at, true)) return damaged('a record with a wrong checksum')
    if (type < 1 || type > 4) return damaged(`a record of the unknown type ${type}`)
    if (within !== (type === 3 || type === 4)) return damaged('a fragment out of order')
    within = type === 2 || type === 3
    if (!within) records++
    at = end
  }
  return { records, torn: within }
}

/**
 * The payloads that LevelDB reads out of a file in which {@link checkRecordFile} found damage, in their order: it passes over what is left of a
 * block at its first damaged record, and goes on with the next block.
 */
export function* readDamagedRecords(bytes: Uint8Array): Generator<PlacedRecord> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let fragments: Uint8Array[] | undefined
  for (let at = 0; at + headerSize <= bytes.length; ) {
    const blockEnd = at - (at % blockSize) + blockSize
    const end = at + headerSize + view.getUint16(at + 4, true)
    const isBad =
      end > Math.min(blockEnd, bytes.length) || maskedCrc32c(bytes, at + 6, end) !== view.getUint32(at, true)
    if (isBad) {
      fragments = undefined
      at = blockEnd
      continue
    }
    const type = bytes[at + 6] as number
    // One without its beginning is passed over alone.
    if (type === 1 || type === 2) fragments = []
    fragments?.push(bytes.subarray(at + headerSize, end))
    if (fragments !== undefined && (type === 1 || type === 4)) yield { at, payload: concatAll(fragments) }
    if (type !== 2 && type !== 3) fragments = undefined
    at = blockEnd - end < headerSize ? blockEnd : end
  }
}

/** A record's payload, and the byte at which its last fragment begins. */
export interface PlacedRecord {
  readonly at: number
  readonly payload: Uint8Array
}

/** The payload of each whole record of a file that {@link checkRecordFile} found no damage in. */
export function* readRecords(bytes: Uint8Array): Generator<Uint8Array> {
  for (const { payload } of readPlacedRecords(bytes)) yield payload
}

/** As {@link readRecords}, each with the byte at which its last fragment begins. */
export function* readPlacedRecords(bytes: Uint8Array): Generator<PlacedRecord> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let fragments: Uint8Array[] = []
  for (let at = 0; at + headerSize <= bytes.length; ) {
    const blockEnd = at - (at % blockSize) + blockSize
    if (blockEnd - at < headerSize) {
      at = blockEnd
      continue
    }
    const end = at + headerSize + view.getUint16(at + 4, true)
    const type = bytes[at + 6] as number
    if (type === 0 || end > bytes.length) return
    fragments.push(bytes.subarray(at + headerSize, end))
    if (type === 1 || type === 4) {
      yield { at, payload: concatAll(fragments) }
      fragments = []
    }
    at = end
  }
}
