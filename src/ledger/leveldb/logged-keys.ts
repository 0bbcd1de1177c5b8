import { compareBytes } from '../../core/bytes.ts'
import { readRecords } from './record-file.ts'
import { readBatch } from './write-batch.ts'

/**
 * What logs say of the keys of some letters: every record, ascending by key, and of one key the newest first. Columns in memory that
 * all threads share.
 */
export interface LoggedKeys {
  readonly keys: Uint8Array
  /** Where the key of each record ends; it begins where the one before ends. */
  readonly keyEnds: Float64Array
  readonly values: Uint8Array
  /** Where the value of each ends. */
  readonly ends: Float64Array
  readonly sequences: Float64Array
  /** 1 where the key was deleted. */
  readonly deletions: Uint8Array
}

/** Records of some letters out of the bytes of logs; undefined where a log is not as LevelDB writes it. */
export function loggedKeysOf(logs: readonly Uint8Array[], letters: string): LoggedKeys | undefined {
  const bytes = new Set(Array.from(letters, (letter) => letter.charCodeAt(0)))
  const found: { key: Uint8Array; value: Uint8Array | undefined; sequence: number }[] = []
  for (const log of logs) {
    for (const batch of readRecords(log)) {
      const last = readBatch(batch, (record) => {
        if (bytes.has(record.key[0] as number)) found.push(record)
        return true
      })
      if (last === undefined) return undefined
    }
  }
  found.sort((a, b) => compareBytes(a.key, b.key) || b.sequence - a.sequence)
  const shared = (length: number): SharedArrayBuffer => new SharedArrayBuffer(length)
  const keyEnds = new Float64Array(shared(8 * found.length))
  const ends = new Float64Array(shared(8 * found.length))
  const sequences = new Float64Array(shared(8 * found.length))
  const deletions = new Uint8Array(shared(found.length))
  const keys = new Uint8Array(shared(found.reduce((sum, { key }) => sum + key.length, 0)))
  const values = new Uint8Array(shared(found.reduce((sum, { value }) => sum + (value?.length ?? 0), 0)))
  let [keyAt, valueAt] = [0, 0]
  found.forEach(({ key, value, sequence }, i) => {
    keys.set(key, keyAt)
    keyEnds[i] = keyAt += key.length
    if (value !== undefined) values.set(value, valueAt)
    ends[i] = valueAt += value?.length ?? 0
    sequences[i] = sequence
    deletions[i] = value === undefined ? 1 : 0
  })
  return { keys, keyEnds, values, ends, sequences, deletions }
}
