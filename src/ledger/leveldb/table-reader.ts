import { closeSync, fstatSync, readSync } from 'node:fs'
import { compareBytes } from '../../core/bytes.ts'
import { Recent } from '../../core/recent.ts'
import { openUnread } from '../../node/bounded-file.ts'
import { type Allocate, allocate, Arena } from './arena.ts'
import { BlockReader, expectThat, openBlock, unexpected } from './block-reader.ts'
import { numberedKey, readNumber8, writeNumber8 } from './keys.ts'
import type { LoggedKeys } from './logged-keys.ts'
import { type Block, footerBytes, readBlock, readFooter, trailerBytes } from './table-file.ts'
import {
  type DatabaseSnapshot,
  type LoggedRecords,
  type SnapshotLetter,
  type SnapshotTable,
  userKeyOf,
} from './table-snapshot.ts'
import { VarintReader } from './varint.ts'

/** Most bytes of blocks that are read at once. */
const spanBytes = 1024 * 1024
/** Most bytes of values in a range. */
const maxRangeBytes = 64 * 1024 * 1024
/** Tables whose index is kept. */
const maxIndexes = 64

/** What is kept of a table: of each block where it lies, and a key that none of its keys is above. */
interface TableIndex {
  readonly userKeys: readonly Uint8Array[]
  readonly blocks: readonly Block[]
}

/** A record as it is taken. */
export interface TakenRecord {
  /** The key, in its first {@link keyLength} bytes: overwritten by the next. */
  readonly key: Uint8Array
  readonly keyLength: number
  readonly value: Uint8Array
}

/** A record of one key; where two have the same key, the one with the higher sequence number holds. */
interface Cursor extends TakenRecord {
  readonly sequence: number
  readonly isDeletion: boolean
  readonly valueLength: number
  /** Goes on to the next record of the range, ascending; false after the last. */
  advance(): boolean
  close(): void
}

/**
 * Reads entries and disclosures of a closed database as LevelDB's iterator would, out of tables and logs alone. Whatever is not exactly
 * as LevelDB writes it ends in `false`, and says nothing about the database: LevelDB decides then.
 */
export class TableReader {
  private readonly snapshot: DatabaseSnapshot
  private readonly indexes = new Recent<TableIndex>(maxIndexes)
  private readonly arena = new Arena()

  constructor(snapshot: DatabaseSnapshot) {
    this.snapshot = snapshot
  }

  /**
   * Takes the records whose keys are a letter and a number from `begin` to `end` (excluded), ascending. The values
   * are of use until the next call, and must not be written to. False where they cannot be told with certainty; what was taken until then is worth nothing.
   */
  range(
    letter: SnapshotLetter,
    begin: number,
    end: number,
    take: (number: number, value: Uint8Array) => void,
  ): boolean {
    const bounds = { from: numberedKey(letter, begin), to: numberedKey(letter, end) }
    return this.records(bounds, new NumberedLogCursor(letter, this.snapshot.logged[letter], begin, end), (record) => {
      expectThat(record.keyLength === bounds.from.length)
      take(readNumber8(record.key, 1), record.value)
      return true
    })
  }

  /**
   * Takes the records of some keys, ascending, until `take` gives false. `logged` is what the logs say of letters of which the keys are. False where they cannot be told with
   * certainty; what was taken until then is worth nothing.
   */
  keys(bounds: Bounds, logged: LoggedKeys, take: (record: TakenRecord) => boolean): boolean {
    return this.records(bounds, new LoggedKeyCursor(logged, bounds), take)
  }

  private records(bounds: Bounds, log: Cursor, take: (record: TakenRecord) => boolean): boolean {
    const cursors: Cursor[] = []
    this.arena.reset()
    try {
      const [first, ...others] = this.snapshot.levels
      for (const table of first ?? []) cursors.push(new TableCursor([table], bounds, this.indexOf, this.arena.allocate))
      for (const level of others) {
        const tables = level.slice(firstAtOrAbove(level, bounds.from))
        if (tables.length > 0) cursors.push(new TableCursor(tables, bounds, this.indexOf, this.arena.allocate))
      }
      cursors.push(log)
      merge(cursors, this.snapshot.lastSequence, take)
      return true
    } catch {
      // Not as LevelDB writes it, or a file that is gone or cannot be read.
      return false
    } finally {
      for (const cursor of cursors) cursor.close()
    }
  }

  private readonly indexOf = (table: SnapshotTable, fd: number): TableIndex => {
    const kept = this.indexes.get(table.path)
    if (kept !== undefined) return kept
    const index = readIndex(table, fd)
    this.indexes.set(table.path, index)
    return index
  }
}

/** The first table of a level whose last key is not below a user key. */
function firstAtOrAbove(level: readonly SnapshotTable[], userKey: Uint8Array): number {
  const found = level.findIndex(({ largest }) => compareBytes(userKeyOf(largest), userKey) >= 0)
  return found < 0 ? level.length : found
}

/** Gives of each key the newest record, unless that is a deletion. */
function merge(all: readonly Cursor[], lastSequence: number, take: (record: TakenRecord) => boolean): void {
  // Ascending by key, the newest of one key first: the next record is the first one's, and most often the one after it too.
  const cursors: Cursor[] = []
  for (const cursor of all) if (cursor.advance()) place(cursors, cursor)
  const last = new LastKey()
  let bytes = 0
  let sequence = 0
  while (cursors.length > 0) {
    const next = cursors[0] as Cursor
    expectThat(next.sequence <= lastSequence)
    if (last.is(next)) expectThat(next.sequence < sequence)
    else {
      last.take(next)
      if (!next.isDeletion) {
        bytes += next.valueLength
        expectThat(bytes <= maxRangeBytes)
        if (!take(next)) return
      }
    }
    sequence = next.sequence
    if (!next.advance()) cursors.shift()
    else if (cursors.length > 1 && compareCursors(next, cursors[1] as Cursor) > 0) {
      cursors.shift()
      place(cursors, next)
    }
  }
}

/** Puts a cursor in its place among others. */
function place(cursors: Cursor[], cursor: Cursor): void {
  const at = cursors.findIndex((other) => compareCursors(cursor, other) < 0)
  cursors.splice(at < 0 ? cursors.length : at, 0, cursor)
}

function compareCursors(a: Cursor, b: Cursor): number {
  return compareStart(a.key, a.keyLength, b.key, b.keyLength) || b.sequence - a.sequence
}

/** The key that was taken last. */
class LastKey {
  private bytes = new Uint8Array(64)
  private length = -1

  is({ key, keyLength }: TakenRecord): boolean {
    if (keyLength !== this.length) return false
    // From the end: keys that follow on each other begin alike.
    for (let i = keyLength - 1; i >= 0; i--) if (key[i] !== this.bytes[i]) return false
    return true
  }

  take({ key, keyLength }: TakenRecord): void {
    if (keyLength > this.bytes.length) this.bytes = new Uint8Array(2 * keyLength)
    for (let i = 0; i < keyLength; i++) this.bytes[i] = key[i] as number
    this.length = keyLength
  }
}

/** The column of a place, whose values end where the next begins. */
function slice(bytes: Uint8Array, ends: Float64Array, at: number): Uint8Array {
  return bytes.subarray(at === 0 ? 0 : ends[at - 1], ends[at])
}

/** What logs say of records, by place, ascending; the value of each ends where that of the next begins. */
type LoggedColumns = Pick<LoggedRecords, 'sequences' | 'deletions' | 'ends' | 'values'>

/** Goes through records of logs. */
abstract class LoggedCursor implements Cursor {
  abstract readonly key: Uint8Array
  abstract readonly keyLength: number
  private readonly columns: LoggedColumns
  protected at: number

  /** @param first the place of the first record of the range. */
  constructor(columns: LoggedColumns, first: number) {
    this.columns = columns
    this.at = first - 1
  }

  get sequence(): number {
    return this.columns.sequences[this.at] as number
  }

  get isDeletion(): boolean {
    return this.columns.deletions[this.at] === 1
  }

  get value(): Uint8Array {
    return slice(this.columns.values, this.columns.ends, this.at)
  }

  get valueLength(): number {
    return this.value.length
  }

  abstract advance(): boolean

  close(): void {}
}

class NumberedLogCursor extends LoggedCursor {
  readonly key: Buffer
  readonly keyLength = 9
  private readonly numbers: Float64Array
  private readonly end: number

  constructor(letter: SnapshotLetter, logged: LoggedRecords, begin: number, end: number) {
    const { numbers } = logged
    super(
      logged,
      firstFrom(numbers.length, (i) => (numbers[i] as number) >= begin),
    )
    this.numbers = numbers
    this.end = end
    this.key = numberedKey(letter, 0)
  }

  advance(): boolean {
    const number = this.numbers[++this.at]
    if (number === undefined || number >= this.end) return false
    writeNumber8(this.key, 1, number)
    return true
  }
}

class LoggedKeyCursor extends LoggedCursor {
  key: Uint8Array = new Uint8Array(0)
  private readonly logged: LoggedKeys
  private readonly to: Uint8Array

  constructor(logged: LoggedKeys, { from, to }: Bounds) {
    const { keys, keyEnds } = logged
    super(
      logged,
      firstFrom(keyEnds.length, (i) => compareBytes(slice(keys, keyEnds, i), from) >= 0),
    )
    this.logged = logged
    this.to = to
  }

  get keyLength(): number {
    return this.key.length
  }

  advance(): boolean {
    const { keys, keyEnds } = this.logged
    if (++this.at >= keyEnds.length) return false
    this.key = slice(keys, keyEnds, this.at)
    return compareBytes(this.key, this.to) < 0
  }
}

/** The first of `count` places for which something holds, that holds for all places after it too. */
function firstFrom(count: number, holds: (i: number) => boolean): number {
  let [low, high] = [0, count]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}

/** Keys from one on, and below another. */
export interface Bounds {
  readonly from: Uint8Array
  readonly to: Uint8Array
}

/** Goes through a range of tables whose keys ascend from one to the next. */
class TableCursor implements Cursor {
  key: Uint8Array = new Uint8Array(0)
  keyLength = 0
  sequence = 0
  isDeletion = false
  private readonly tables: readonly SnapshotTable[]
  private readonly bounds: Bounds
  private readonly indexOf: (table: SnapshotTable, fd: number) => TableIndex
  private readonly take: Allocate
  /** One for all blocks: it compares each key with the one before. */
  private readonly block = new BlockReader()
  private nextTable = 0
  private fd: number | undefined
  private index: TableIndex | undefined
  private nextBlock = 0
  private span = new Uint8Array(0)
  private spanBegin = 0
  private isWithin = false
  /** What the index says of the block before: nothing in the block at hand is below it. */
  private floor: Uint8Array | undefined

  constructor(
    tables: readonly SnapshotTable[],
    bounds: Bounds,
    indexOf: (table: SnapshotTable, fd: number) => TableIndex,
    take: Allocate,
  ) {
    this.tables = tables
    this.bounds = bounds
    this.indexOf = indexOf
    this.take = take
  }

  get value(): Uint8Array {
    return this.block.contents.subarray(this.block.valueBegin, this.block.valueEnd)
  }

  get valueLength(): number {
    return this.block.valueEnd - this.block.valueBegin
  }

  advance(): boolean {
    const { block, bounds } = this
    for (;;) {
      if (!this.isWithin && !this.beginBlock()) return false
      while (block.advance()) {
        const { key, userLength } = block
        if (this.floor !== undefined) {
          expectThat(compareStart(key, userLength, this.floor) >= 0)
          this.floor = undefined
        }
        if (compareStart(key, userLength, bounds.from) < 0) continue
        if (compareStart(key, userLength, bounds.to) >= 0) return this.finish()
        this.key = key
        this.keyLength = userLength
        this.sequence = block.sequence
        this.isDeletion = block.isDeletion
        return true
      }
      this.endBlock()
    }
  }

  /** By its key in the index LevelDB passes over a block: it is not below the block's last, nor above the next one's first. */
  private endBlock(): void {
    const { index, block, nextBlock } = this
    expectThat(compareStart(block.key, block.userLength, index?.userKeys[nextBlock - 1] as Uint8Array) <= 0)
    this.isWithin = false
  }

  /** LevelDB looks for a key by the restarts of the whole block: those behind the range must be in order too. */
  private finish(): false {
    while (this.block.advance());
    this.endBlock()
    return false
  }

  private beginBlock(): boolean {
    while (this.index === undefined || this.nextBlock === this.index.blocks.length) if (!this.beginTable()) return false
    const { offset, size } = this.index.blocks[this.nextBlock] as Block
    const length = size + trailerBytes
    if (offset < this.spanBegin || offset + length > this.spanBegin + this.span.length) this.readSpan(this.index)
    const begin = offset - this.spanBegin
    this.block.begin(openBlock(this.span.subarray(begin, begin + length), this.take))
    this.floor = this.index.userKeys[this.nextBlock - 1]
    this.nextBlock++
    this.isWithin = true
    return true
  }

  private beginTable(): boolean {
    this.close()
    const table = this.tables[this.nextTable++]
    if (table === undefined) return false
    this.fd = openTable(table)
    const index = this.indexOf(table, this.fd)
    // That its first key is the one that is named has been checked with the index.
    if (compareBytes(userKeyOf(table.smallest), this.bounds.to) >= 0) return false
    this.index = index
    this.nextBlock = firstFrom(
      index.userKeys.length,
      (i) => compareBytes(index.userKeys[i] as Uint8Array, this.bounds.from) >= 0,
    )
    this.span = new Uint8Array(0)
    return true
  }

  /** Reads the blocks from the next one on that the range may reach to, as many as are read at once. */
  private readSpan({ blocks, userKeys }: TableIndex): void {
    const { offset } = blocks[this.nextBlock] as Block
    let end = offset
    for (let i = this.nextBlock; i < blocks.length; i++) {
      const block = blocks[i] as Block
      const blockEnd = block.offset + block.size + trailerBytes
      if (i > this.nextBlock && blockEnd - offset > spanBytes) break
      end = blockEnd
      if (compareBytes(userKeys[i] as Uint8Array, this.bounds.to) >= 0) break
    }
    this.span = readAt(this.fd as number, offset, end - offset, this.take)
    this.spanBegin = offset
  }

  close(): void {
    if (this.fd !== undefined) closeSync(this.fd)
    this.fd = undefined
    this.index = undefined
  }
}

/** Compares the first `aLength` bytes of `a` with the first `bLength` of `b`, all unless given. */
function compareStart(a: Uint8Array, aLength: number, b: Uint8Array, bLength: number = b.length): number {
  const common = Math.min(aLength, bLength)
  for (let i = 0; i < common; i++) {
    const difference = (a[i] as number) - (b[i] as number)
    if (difference !== 0) return difference
  }
  return aLength - bLength
}

/** Opens a table that is the file it was when the snapshot was made. */
function openTable({ path, size, device, inode, changedMs }: SnapshotTable): number {
  const fd = openUnread(path)
  const found = fstatSync(fd)
  if (found.size === size && found.dev === device && found.ino === inode && found.mtimeMs === changedMs) return fd
  closeSync(fd)
  throw unexpected
}

function readAt(fd: number, offset: number, length: number, take: Allocate = allocate): Uint8Array<ArrayBuffer> {
  expectThat(length <= maxRangeBytes)
  const out = take(length)
  for (let at = 0; at < length; ) {
    const count = readSync(fd, out, at, length - at, offset + at)
    expectThat(count > 0)
    at += count
  }
  return out
}

/** Throws {@link unexpected} where the table does not begin and end with the keys that the MANIFEST names: by these LevelDB passes over tables. */
function readIndex({ size, smallest, largest }: SnapshotTable, fd: number): TableIndex {
  const dataEnd = size - footerBytes
  expectThat(dataEnd > 0)
  const footer = readFooter(readAt(fd, dataEnd, footerBytes))
  expectThat(typeof footer !== 'string')
  const blockAt = ({ offset, size: length }: Block): Uint8Array => {
    expectThat(offset + length + trailerBytes <= dataEnd)
    return openBlock(readAt(fd, offset, length + trailerBytes), allocate)
  }
  const reader = new BlockReader()
  reader.begin(blockAt(footer.index))
  const userKeys: Uint8Array[] = []
  const blocks: Block[] = []
  let next = 0
  while (reader.advance()) {
    const { contents, valueBegin, valueEnd } = reader
    const handle = new VarintReader(contents, valueBegin, valueEnd)
    const block = readBlock(handle)
    expectThat(block !== undefined && handle.isAtEnd && block.offset === next)
    next = block.offset + block.size + trailerBytes
    userKeys.push(reader.key.slice(0, reader.userLength))
    blocks.push(block)
  }
  expectThat(next <= dataEnd)
  const first = new BlockReader()
  first.begin(blockAt(blocks[0] as Block))
  expectThat(first.advance() && compareStart(first.key, first.keyLength, smallest) === 0)
  const last = new BlockReader()
  last.begin(blockAt(blocks[blocks.length - 1] as Block))
  while (last.advance());
  expectThat(compareStart(last.key, last.keyLength, largest) === 0)
  expectThat(compareStart(last.key, last.userLength, userKeys[userKeys.length - 1] as Uint8Array) <= 0)
  return { userKeys, blocks }
}
