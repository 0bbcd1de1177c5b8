import { hashLines, tryHash } from '../core/base64.ts'
import { concat, latin1, parseDecimal, utf8 } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { maxRecordBytes, parseRecord, type TimeStampRecord } from './record.ts'

const version = 'evidence-ledger/time-proof/v1'
/** Largest time proof, in bytes: a record, and a path of 63 hashes before it. */
export const maxTimeProofBytes: number = maxRecordBytes + 4096

/**
 * The proof of the latest time by which an entry existed (`.time-proof`, docs/spec/13-time-stamps.md):
 *
 *     evidence-ledger/time-proof/v1
 *     index 5
 *     <inclusion proof in the stamped checkpoint, base64, a line each>
 *
 *     <the time-stamp record, verbatim>
 */
export interface TimeProof {
  readonly index: number
  /** 32 bytes each. */
  readonly hashes: readonly Uint8Array[]
  readonly record: TimeStampRecord
}

/** Reads a time proof; no token is looked into. Throws `time-proof-malformed`, `time-stamp-malformed`. */
export function parseTimeProof(bytes: Uint8Array): TimeProof {
  const bad = (why: string): EvidenceError => new EvidenceError('time-proof-malformed', `the time proof ${why}`)
  if (bytes.length > maxTimeProofBytes) throw bad(`is longer than ${maxTimeProofBytes} bytes`)
  // The head alone: its end is an empty line, which no record has.
  const head = latin1(bytes.subarray(0, 4096))
  const end = head.indexOf('\n\n')
  if (end < 0) throw bad('has no empty line before its record')
  const [first, indexLine = '', ...lines] = head.slice(0, end).split('\n')
  if (first !== version) throw bad(`does not begin with ${version}`)
  const index = indexLine.startsWith('index ') ? parseDecimal(indexLine.slice(6)) : undefined
  if (index === undefined) throw bad('has no canonical index line')
  if (lines.length > 63) throw bad('has more than 63 hashes')
  const hashes = lines.map((line) => {
    const hash = tryHash(line)
    if (hash === undefined) throw bad('has a line that is not a base64 hash')
    return hash
  })
  return { index, hashes, record: parseRecord(bytes.slice(end + 2)) }
}

/** Writes a time proof. */
export function encodeTimeProof({ index, hashes, record }: TimeProof): Uint8Array {
  return concat(utf8(`${version}\nindex ${index}\n${hashLines(hashes)}\n`), record.bytes)
}
