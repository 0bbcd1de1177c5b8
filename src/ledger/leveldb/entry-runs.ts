import type { Level } from 'level'
import { append } from '../../core/arrays.ts'
import { valueOr } from '../../core/attempt.ts'
import { encodeBundle, type EntryRun, parseRun } from '../../core/bundle.ts'
import { readNumber8, runKey } from './keys.ts'

type Database = Level<Uint8Array, Uint8Array>

/** Most entries of a run. A run crosses no multiple of it, so the span in which an entry lies follows from its index. */
export const runWidth = 32
/** A span of {@link runWidth} that is full and lies in more runs than these is written anew as one. */
const maxRuns = 4
const highWaterMarkBytes = 4 * 1024 * 1024

/** What an entry's storage needs of a batch. */
export interface RunBatch {
  put(key: Uint8Array, value: Uint8Array): unknown
  del(key: Uint8Array): unknown
}

/** First index of the span in which an entry lies. */
export function spanOf(index: number): number {
  return index - (index % runWidth)
}

/**
 * Entries as they lie in the database: in runs, each the entries of one group between two multiples of 32, laid out as in a
 * bundle of C2SP tlog-tiles, under the index of its first (docs/design/storage.md).
 */
export class EntryRuns {
  private readonly db: Database
  /** Starts of the runs of the span that is being filled, and its entries. */
  private starts: number[] = []
  private span: Uint8Array[] = []

  constructor(db: Database) {
    this.db = db
  }

  /** Reads the span that the ledger of `size` goes on in. */
  async resume(size: number): Promise<void> {
    const begin = spanOf(size)
    if (begin === size) return
    const found = await this.range(begin, size)
    const entries = await this.get(begin, size)
    this.starts = found.map(([key]) => startOf(key))
    // With an entry missing the span stays as it lies: recovery says what is wrong with it.
    this.span = entries.every((bytes) => bytes !== undefined) ? (entries as Uint8Array[]) : []
  }

  /** Adds consecutive entries to a batch, of which the first has the index `begin`. */
  append(batch: RunBatch, begin: number, entries: readonly Uint8Array[]): void {
    for (let at = 0; at < entries.length; ) {
      const start = begin + at
      const run = entries.slice(at, at + runWidth - (start % runWidth))
      this.appendRun(batch, start, run)
      at += run.length
    }
  }

  private appendRun(batch: RunBatch, start: number, run: readonly Uint8Array[]): void {
    const base = spanOf(start)
    if (start === base) {
      this.starts = []
      this.span = []
    }
    append(this.span, run)
    if (this.span.length === runWidth && this.starts.length >= maxRuns) {
      for (const other of this.starts) if (other !== base) batch.del(runKey(other))
      batch.put(runKey(base), encodeBundle(this.span))
      return
    }
    this.starts.push(start)
    batch.put(runKey(start), encodeBundle(run))
  }

  /** Entries `begin` to `end` (excluded); undefined where one is missing or unreadable. */
  async get(begin: number, end: number): Promise<(Uint8Array | undefined)[]> {
    const out = new Array<Uint8Array | undefined>(end - begin).fill(undefined)
    const place = (start: number, value: Uint8Array): void => {
      entriesOf(value).forEach((bytes, i) => {
        const index = start + i
        if (index >= begin && index < end && spanOf(index) === spanOf(start)) out[index - begin] = bytes
      })
    }
    if (end <= begin) return out
    try {
      for (const [key, value] of await this.range(begin, end)) place(startOf(key), value)
    } catch {
      // A damaged table fails the whole read: ask one by one, so that only what is lost is missing.
      for (let start = spanOf(begin); start < end; start++) {
        const value = await this.db.get(runKey(start)).catch(() => undefined)
        if (value !== undefined) place(start, value)
      }
    }
    return out
  }

  /** The runs that hold the entries `begin` to `end` (excluded); none where one cannot be read, or crosses into the next span. */
  async runs(begin: number, end: number): Promise<EntryRun[]> {
    const found = await this.range(begin, end).catch(() => [])
    const runs = found.map(([key, bytes]) => ({ begin: startOf(key), bytes }))
    return isEachSpanBegun(begin, end, runs) ? runs : []
  }

  /** Indices at or above `from` under which something lies, ascending, at most `limit`; NaN for a key that is not ours. */
  async indices(from: number, limit: number): Promise<number[]> {
    const out: number[] = []
    const range = { gte: runKey(spanOf(from)), lt: Buffer.from('c') }
    for await (const [key, value] of this.db.iterator(range)) {
      if (key.length !== 9) out.push(Number.NaN)
      // What cannot be read lies there all the same.
      const count = Math.max(1, entriesOf(value).length)
      for (let i = 0; i < count; i++) if (startOf(key) + i >= from) out.push(startOf(key) + i)
      if (out.length >= limit) break
    }
    return out.slice(0, limit)
  }

  private range(begin: number, end: number): Promise<[Uint8Array, Uint8Array][]> {
    return this.db.iterator({ gte: runKey(spanOf(begin)), lt: runKey(end), highWaterMarkBytes }).all()
  }
}

/** Whether runs hold the first entry of every span of the entries `begin` to `end` (excluded). */
export function isEachSpanBegun(begin: number, end: number, runs: readonly EntryRun[]): boolean {
  const spans = runs.filter((run) => run.begin === spanOf(run.begin)).length
  return spans === Math.ceil(end / runWidth) - Math.floor(begin / runWidth)
}

function startOf(key: Uint8Array): number {
  return key.length === 9 ? readNumber8(key, 1) : Number.NaN
}

/** None for a value that is not a run: each of its entries is missing then. */
function entriesOf(value: Uint8Array): readonly Uint8Array[] {
  return valueOr(() => parseRun(value), [])
}
