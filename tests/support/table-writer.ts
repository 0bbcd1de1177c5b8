import { appendFileSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { maskedCrc32c } from '../../src/ledger/leveldb/crc32c.ts'
import { snapshotOf } from '../../src/ledger/leveldb/table-snapshot.ts'

/*
 * Writes a table of LevelDB, and the edit of the MANIFEST that adds it, as somebody does who wants a database to be read one way and another:
 * checksums are right, and what the index and the MANIFEST say of keys is as one likes.
 */

export interface RawRecord {
  readonly key: Buffer
  /** Undefined for a deletion. */
  readonly value: Buffer | undefined
  readonly sequence: number
}

/** What may be said otherwise than it is. */
export interface TableLies {
  readonly level?: number
  /** Of the last block, in the index. */
  readonly indexKey?: Buffer
  readonly smallest?: Buffer
  readonly largest?: Buffer
}

const magic = Buffer.from('57fb808b247547db', 'hex')

function varint(value: number): Buffer {
  const out: number[] = []
  for (let left = value; ; left = Math.floor(left / 128)) {
    if (left < 128) return Buffer.from([...out, left])
    out.push((left % 128) + 128)
  }
}

function internal(key: Buffer, sequence: number, type: 0 | 1): Buffer {
  const suffix = Buffer.alloc(8)
  suffix.writeBigUInt64LE((BigInt(sequence) << 8n) | BigInt(type))
  return Buffer.concat([key, suffix])
}

function blockOf(records: readonly (readonly [key: Buffer, value: Buffer])[]): Buffer {
  const parts: Buffer[] = []
  const restarts: number[] = []
  let at = 0
  for (const [key, value] of records) {
    restarts.push(at)
    const record = Buffer.concat([varint(0), varint(key.length), varint(value.length), key, value])
    parts.push(record)
    at += record.length
  }
  const tail = Buffer.alloc(4 * Math.max(1, restarts.length) + 4)
  restarts.forEach((restart, i) => tail.writeUInt32LE(restart, 4 * i))
  tail.writeUInt32LE(Math.max(1, restarts.length), tail.length - 4)
  return Buffer.concat([...parts, tail])
}

/** Adds a table of one block to a closed database. Records must ascend. */
export function addTable(folder: string, records: readonly RawRecord[], lies: TableLies = {}): void {
  const file: Buffer[] = []
  let length = 0
  const put = (block: Buffer): Buffer => {
    const typed = Buffer.concat([block, Buffer.from([0])])
    const checksum = Buffer.alloc(4)
    checksum.writeUInt32LE(maskedCrc32c(typed, 0, typed.length) >>> 0)
    const handle = Buffer.concat([varint(length), varint(block.length)])
    file.push(typed, checksum)
    length += typed.length + 4
    return handle
  }
  const keys = records.map(({ key, value, sequence }) => internal(key, sequence, value === undefined ? 0 : 1))
  const [first, last] = [keys[0] as Buffer, keys.at(-1) as Buffer]
  const data = put(blockOf(records.map(({ value = Buffer.alloc(0) }, i) => [keys[i] as Buffer, value])))
  const meta = put(blockOf([]))
  const index = put(blockOf([[lies.indexKey === undefined ? last : internal(lies.indexKey, 1, 1), data]]))
  const footer = Buffer.alloc(48)
  Buffer.concat([meta, index]).copy(footer)
  magic.copy(footer, 40)
  const bytes = Buffer.concat([...file, footer])
  const number = 5 + Math.max(...readdirSync(folder).map((name) => Number(/[0-9]+/.exec(name)?.[0] ?? 0)))
  writeFileSync(join(folder, `${String(number).padStart(6, '0')}.ldb`), bytes, { mode: 0o600 })
  const [smallest, largest] = [lies.smallest, lies.largest].map((key) => key && internal(key, 1, 1))
  const [from, to] = [smallest ?? first, largest ?? last]
  const sequence = Math.max(...records.map((one) => one.sequence))
  const edit = [3, number + 1, 4, sequence, 7, lies.level ?? 0, number, bytes.length].map(varint)
  const record = Buffer.concat([Buffer.from([1]), ...edit, varint(from.length), from, varint(to.length), to])
  const head = Buffer.alloc(6)
  head.writeUInt32LE(maskedCrc32c(record, 0, record.length) >>> 0)
  head.writeUInt16LE(record.length - 1, 4)
  const manifest = join(folder, readFileSync(join(folder, 'CURRENT'), 'latin1').trim())
  appendFileSync(manifest, Buffer.concat([head, record]))
}

/** A sequence number above all of a closed database. */
export function nextSequence(folder: string): number {
  const snapshot = snapshotOf(folder)
  if (snapshot === undefined) throw new Error(`no snapshot of ${folder}`)
  return snapshot.lastSequence + 1
}
