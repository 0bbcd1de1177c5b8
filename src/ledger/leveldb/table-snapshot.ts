import { readdirSync, realpathSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { compareBytes } from '../../core/bytes.ts'
import { fileBounds, readBounded, readBoundedText } from '../../node/bounded-file.ts'
import type { LogSnapshot } from '../../log/log.ts'
import { readNumber8 } from './keys.ts'
import { levelCount, type LiveTable, readManifest } from './manifest.ts'
import { readRecords } from './record-file.ts'
import { tablePath } from './database-check.ts'
import { type BatchRecord, readBatch } from './write-batch.ts'

/** Letters of the keys that are read from a snapshot: runs of entries, and disclosures (keys.ts). */
export type SnapshotLetter = 'b' | 's'

/** A table as it was when the snapshot was made. Keys are internal. */
export interface SnapshotTable {
  readonly path: string
  readonly size: number
  readonly device: number
  readonly inode: number
  readonly changedMs: number
  readonly smallest: Uint8Array
  readonly largest: Uint8Array
}

/** What the logs say last of each key of a letter, ascending by the key's number. */
export interface LoggedRecords {
  readonly numbers: Float64Array
  readonly sequences: Float64Array
  /** 1 where the key was deleted. */
  readonly deletions: Uint8Array
  /** Where the value of each ends; it begins where the one before ends. */
  readonly ends: Float64Array
  readonly values: Uint8Array
}

/** What a thread needs to read entries and disclosures of a closed database by itself (docs/design/table-reading.md). Plain data. */
export interface DatabaseSnapshot extends LogSnapshot {
  readonly kind: 'leveldb'
  /** By level; those of a level above 0 ascend. */
  readonly levels: readonly (readonly SnapshotTable[])[]
  readonly lastSequence: number
  readonly logged: Readonly<Record<SnapshotLetter, LoggedRecords>>
  /** The logs themselves, in memory that all threads share: for the records of other keys. */
  readonly logs: readonly Uint8Array[]
}

/** Whether a source's snapshot is one of a database. */
export function isDatabaseSnapshot(snapshot: LogSnapshot): snapshot is DatabaseSnapshot {
  return snapshot.kind === 'leveldb'
}

const letters: readonly SnapshotLetter[] = ['b', 's']
/** Most bytes of records in logs that are kept: a ledger's logs hold some 64 MiB. */
const maxLoggedBytes = 512 * 1024 * 1024

/**
 * The snapshot of a closed database in which {@link checkDatabase} found no fault. Undefined where anything is not exactly as
 * LevelDB writes it, or cannot be read: then LevelDB alone reads.
 */
export function snapshotOf(folder: string): DatabaseSnapshot | undefined {
  try {
    const name = readBoundedText(join(folder, 'CURRENT'), fileBounds.small, 'latin1').trimEnd()
    const manifest = readManifest(readBounded(join(folder, name), fileBounds.large))
    if (manifest === undefined || !manifest.isRegular || manifest.comparator !== 'leveldb.BytewiseComparator')
      return undefined
    const { logNumber, previousLog, lastSequence } = manifest
    if (logNumber === undefined || lastSequence === undefined) return undefined
    const levels = levelsOf(folder, manifest.tables)
    const logs = readLogs(logPaths(folder, (number) => number >= logNumber || number === previousLog))
    if (levels === undefined || logs === undefined) return undefined
    const { logged } = logs
    const last = Math.max(lastSequence, logs.lastSequence)
    return { kind: 'leveldb', levels, lastSequence: last, logged, logs: logs.logs }
  } catch {
    // A file that is gone or cannot be read.
    return undefined
  }
}

function levelsOf(folder: string, tables: readonly LiveTable[]): SnapshotTable[][] | undefined {
  const levels: SnapshotTable[][] = Array.from({ length: levelCount }, () => [])
  for (const { number, size, level, smallest, largest } of tables) {
    const path = realpathSync(tablePath(folder, number))
    const { size: found, dev, ino, mtimeMs } = statSync(path)
    if (found !== size) return undefined
    const table = { path, size, device: dev, inode: ino, changedMs: mtimeMs, smallest, largest }
    const place = levels[level]
    if (place === undefined) return undefined
    place.push(table)
  }
  for (const level of levels.slice(1)) {
    level.sort((a, b) => compareBytes(userKeyOf(a.smallest), userKeyOf(b.smallest)))
    if (!level.every((table, i) => i === 0 || isBefore(level[i - 1] as SnapshotTable, table))) return undefined
  }
  return levels
}

/** Whether tables of a level follow on each other: one key may end one and begin the next. */
function isBefore({ largest }: SnapshotTable, { smallest }: SnapshotTable): boolean {
  return compareBytes(userKeyOf(largest), userKeyOf(smallest)) <= 0
}

/** An internal key without type and sequence number. */
export function userKeyOf(key: Uint8Array): Uint8Array {
  return key.subarray(0, Math.max(0, key.length - 8))
}

/** Paths of logs, in the order of their numbers. */
function logPaths(folder: string, counts: (number: number) => boolean): string[] {
  return readdirSync(folder)
    .flatMap((name) => {
      const number = /^([0-9]{6,})\.log$/.exec(name)?.[1]
      return number !== undefined && counts(Number(number)) ? [{ name, number: Number(number) }] : []
    })
    .sort((a, b) => a.number - b.number)
    .map(({ name }) => join(folder, name))
}

type LoggedRecord = Omit<BatchRecord, 'key'>
type Newest = Record<SnapshotLetter, Map<number, LoggedRecord>>

function readLogs(paths: readonly string[]): Pick<DatabaseSnapshot, 'logged' | 'logs' | 'lastSequence'> | undefined {
  const newest: Newest = { b: new Map(), s: new Map() }
  const logs: Uint8Array[] = []
  let lastSequence = 0
  for (const path of paths) {
    const read = readBounded(path, fileBounds.large)
    const bytes = new Uint8Array(new SharedArrayBuffer(read.length))
    bytes.set(read)
    logs.push(bytes)
    for (const batch of readRecords(bytes)) {
      const last = noteBatch(batch, newest)
      if (last === undefined) return undefined
      lastSequence = Math.max(lastSequence, last)
    }
  }
  const columns = letters.map((letter) => columnsOf(newest[letter]))
  const [b, s] = columns
  return b === undefined || s === undefined ? undefined : { logged: { b, s }, logs, lastSequence }
}

/** Takes of a batch what is read of logs. Gives its last sequence number; undefined for what LevelDB does not write, or a key that is not ours. */
function noteBatch(batch: Uint8Array, newest: Newest): number | undefined {
  return readBatch(batch, ({ key, ...record }) => {
    const letter = letters.find((one) => key[0] === one.charCodeAt(0))
    return letter === undefined || note(newest[letter], key, record)
  })
}

/** False for a key that is not ours, and for two records of one key and sequence number. */
function note(newest: Map<number, LoggedRecord>, key: Uint8Array, record: LoggedRecord): boolean {
  if (key.length !== 9) return false
  const number = readNumber8(key, 1)
  const before = newest.get(number)
  if (!Number.isSafeInteger(number) || before?.sequence === record.sequence) return false
  if (before === undefined || before.sequence < record.sequence) newest.set(number, record)
  return true
}

/** Columns in memory that all threads share: a snapshot is handed to each. */
function columnsOf(newest: ReadonlyMap<number, LoggedRecord>): LoggedRecords | undefined {
  const numbers = new Float64Array(new SharedArrayBuffer(8 * newest.size))
  numbers.set(Float64Array.from(newest.keys()).sort())
  const sequences = new Float64Array(new SharedArrayBuffer(8 * newest.size))
  const deletions = new Uint8Array(new SharedArrayBuffer(newest.size))
  const ends = new Float64Array(new SharedArrayBuffer(8 * newest.size))
  let bytes = 0
  numbers.forEach((number, i) => {
    const { sequence, value } = newest.get(number) as LoggedRecord
    sequences[i] = sequence
    deletions[i] = value === undefined ? 1 : 0
    ends[i] = bytes += value?.length ?? 0
  })
  if (bytes > maxLoggedBytes) return undefined
  const values = new Uint8Array(new SharedArrayBuffer(bytes))
  numbers.forEach((number, i) => {
    const { value } = newest.get(number) as LoggedRecord
    if (value !== undefined) values.set(value, (ends[i] as number) - value.length)
  })
  return { numbers, sequences, deletions, ends, values }
}
