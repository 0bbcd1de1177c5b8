import { VarintReader } from './varint.ts'

const headerBytes = 12
const deletion = 0
const put = 1

/** A record of a batch. */
export interface BatchRecord {
  readonly sequence: number
  readonly key: Uint8Array
  /** Undefined where the key was deleted. */
  readonly value: Uint8Array | undefined
}

/** The first sequence number of a batch of 8 bytes or more. */
export function firstSequence(batch: Uint8Array): number {
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
  return view.getUint32(0, true) + view.getUint32(4, true) * 0x1_0000_0000
}

/**
 * Reads a batch as LevelDB keeps it in its log (its db/write_batch.cc): the first sequence number (8 bytes), a count (4), and as many records of a type (1),
 * a key and, where it is put, a value. Gives the last sequence number; undefined for what LevelDB does not write, and where `take` gives false.
 */
export function readBatch(batch: Uint8Array, take: (record: BatchRecord) => boolean): number | undefined {
  if (batch.length < headerBytes) return undefined
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length)
  const first = firstSequence(batch)
  const count = view.getUint32(8, true)
  if (!Number.isSafeInteger(first + count)) return undefined
  const reader = new VarintReader(batch, headerBytes)
  let sequence = first
  for (; !reader.isAtEnd; sequence++) {
    const type = reader.number()
    const key = reader.slice()
    const value = type === put ? reader.slice() : undefined
    if (key === undefined || (type === put ? value === undefined : type !== deletion)) return undefined
    if (!take({ sequence, key, value })) return undefined
  }
  return sequence - first === count ? first + count - 1 : undefined
}
