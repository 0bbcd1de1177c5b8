import { readRecords } from './record-file.ts'
import { VarintReader } from './varint.ts'

/** A table that the database consists of. */
export interface LiveTable {
  readonly number: number
  /** Bytes. */
  readonly size: number
}

/** Fields of an edit (LevelDB's db/version_edit.cc) that are a number, or a level and a key. */
const numbers = new Set([2, 3, 4, 9])
const comparator = 1
const compactPointer = 5
const deletedFile = 6
const newFile = 7

/**
 * The tables that a MANIFEST leaves live, in the order of their numbers; undefined where it cannot be read. Its records must have
 * been checked ({@link checkRecordFile}).
 */
export function liveTables(manifest: Uint8Array): LiveTable[] | undefined {
  const live = new Map<number, number>()
  for (const edit of readRecords(manifest)) if (!applyEdit(edit, live)) return undefined
  return [...live].map(([number, size]) => ({ number, size })).sort((a, b) => a.number - b.number)
}

/** False where the edit has a field that is unknown, or ends within one. */
function applyEdit(edit: Uint8Array, live: Map<number, number>): boolean {
  const reader = new VarintReader(edit)
  const added: [number, number][] = []
  while (!reader.isAtEnd) {
    const tag = reader.number()
    if (tag === comparator) {
      if (reader.slice() === undefined) return false
    } else if (tag !== undefined && numbers.has(tag)) {
      if (reader.number() === undefined) return false
    } else if (tag === compactPointer) {
      if (reader.number() === undefined || reader.slice() === undefined) return false
    } else if (tag === deletedFile) {
      const [level, number] = [reader.number(), reader.number()]
      if (level === undefined || number === undefined) return false
      live.delete(number)
    } else if (tag === newFile) {
      const [level, number, size] = [reader.number(), reader.number(), reader.number()]
      const [smallest, largest] = [reader.slice(), reader.slice()]
      if (level === undefined || number === undefined || size === undefined) return false
      if (smallest === undefined || largest === undefined) return false
      added.push([number, size])
    } else return false
  }
  // A table that moves to another level is deleted and new in one edit.
  for (const [number, size] of added) live.set(number, size)
  return true
}
