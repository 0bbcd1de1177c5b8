import { compareBytes, latin1 } from '../../core/bytes.ts'
import { readRecords } from './record-file.ts'
import { VarintReader } from './varint.ts'

/** A table that the database consists of. Keys are internal: the user's key, then type and sequence number in 8 bytes. */
export interface LiveTable {
  readonly number: number
  /** Bytes. */
  readonly size: number
  readonly level: number
  readonly smallest: Uint8Array
  readonly largest: Uint8Array
}

/** What a MANIFEST says. */
export interface Manifest {
  /** Live tables, in the order of their numbers. */
  readonly tables: readonly LiveTable[]
  /** Logs below this number hold nothing that the tables do not; undefined where none is named. */
  readonly logNumber: number | undefined
  /** A log below {@link logNumber} that counts too; 0 for none. */
  readonly previousLog: number
  readonly lastSequence: number | undefined
  readonly comparator: string | undefined
  /** False where a table was added twice, or deleted where it was not: LevelDB writes no such edit. */
  readonly isRegular: boolean
}

/** Levels of a database. Tables of level 0 may overlap. */
export const levelCount = 7

/** Compares internal keys as LevelDB does: by the user's key, and of one the newest first. */
function compareInternal(a: Uint8Array, b: Uint8Array): number {
  const order = compareBytes(a.subarray(0, -8), b.subarray(0, -8))
  if (order !== 0) return order
  // Type and sequence number are one number of 8 bytes, little-endian.
  const [newer, older] = [a.subarray(-8).slice().reverse(), b.subarray(-8).slice().reverse()]
  return compareBytes(older, newer)
}

/**
 * What of live tables LevelDB never writes, and ends the process at when it meets it: a level that there is not, a key too short to be one, a
 * table whose last key is below its first, or tables of a level above 0 that overlap. Undefined where all is in order.
 */
export function levelFault(tables: readonly LiveTable[]): string | undefined {
  for (const { number, level, smallest, largest } of tables) {
    if (level >= levelCount) return `table ${number} is of level ${level}, which there is not`
    if (smallest.length < 8 || largest.length < 8) return `a key of table ${number} is too short`
    if (compareInternal(smallest, largest) > 0) return `the last key of table ${number} is below its first`
  }
  for (let level = 1; level < levelCount; level++) {
    const own = tables.filter((table) => table.level === level)
    own.sort((a, b) => compareInternal(a.smallest, b.smallest))
    for (const [i, { number, smallest }] of own.entries()) {
      const before = own[i - 1]
      if (before !== undefined && compareInternal(before.largest, smallest) >= 0)
        return `tables ${before.number} and ${number} of level ${level} overlap`
    }
  }
  return undefined
}

const comparatorField = 1
const logNumberField = 2
const nextFileField = 3
const lastSequenceField = 4
const compactPointer = 5
const deletedFile = 6
const newFile = 7
const previousLogField = 9

/**
 * The tables that a MANIFEST leaves live, in the order of their numbers; undefined where it cannot be read. Its records must have
 * been checked ({@link checkRecordFile}).
 */
export function liveTables(manifest: Uint8Array): readonly LiveTable[] | undefined {
  return readManifest(manifest)?.tables
}

/** Reads a MANIFEST whose records have been checked ({@link checkRecordFile}); undefined where an edit cannot be read. */
export function readManifest(manifest: Uint8Array): Manifest | undefined {
  const live = new Map<number, LiveTable>()
  const said: Said = { numbers: new Map(), comparator: undefined, isRegular: true }
  for (const edit of readRecords(manifest)) if (!applyEdit(edit, live, said)) return undefined
  return {
    tables: Array.from(live.values()).sort((a, b) => a.number - b.number),
    logNumber: said.numbers.get(logNumberField),
    previousLog: said.numbers.get(previousLogField) ?? 0,
    lastSequence: said.numbers.get(lastSequenceField),
    comparator: said.comparator,
    isRegular: said.isRegular,
  }
}

/** What edits say beside tables, the newest of each. */
interface Said {
  readonly numbers: Map<number, number>
  comparator: string | undefined
  isRegular: boolean
}

/** Fields of an edit (LevelDB's db/version_edit.cc) that are a number. */
const numberFields = new Set([logNumberField, nextFileField, lastSequenceField, previousLogField])

/** False where the edit has a field that is unknown, or ends within one. */
function applyEdit(edit: Uint8Array, live: Map<number, LiveTable>, said: Said): boolean {
  const reader = new VarintReader(edit)
  const added: LiveTable[] = []
  while (!reader.isAtEnd) {
    const tag = reader.number()
    if (tag === comparatorField) {
      const name = reader.slice()
      if (name === undefined) return false
      said.comparator = latin1(name)
    } else if (tag !== undefined && numberFields.has(tag)) {
      const value = reader.number()
      if (value === undefined) return false
      said.numbers.set(tag, value)
    } else if (tag === compactPointer) {
      if (reader.number() === undefined || reader.slice() === undefined) return false
    } else if (tag === deletedFile) {
      const [level, number] = [reader.number(), reader.number()]
      if (level === undefined || number === undefined) return false
      if (live.get(number)?.level !== level) said.isRegular = false
      live.delete(number)
    } else if (tag === newFile) {
      const [level, number, size] = [reader.number(), reader.number(), reader.number()]
      const [smallest, largest] = [reader.slice(), reader.slice()]
      if (level === undefined || number === undefined || size === undefined) return false
      if (smallest === undefined || largest === undefined) return false
      added.push({ number, size, level, smallest: smallest.slice(), largest: largest.slice() })
    } else return false
  }
  // A table that moves to another level is deleted and new in one edit.
  for (const table of added) {
    if (live.has(table.number)) said.isRegular = false
    live.set(table.number, table)
  }
  return true
}
