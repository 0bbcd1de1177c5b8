import type { Level } from 'level'
import type { LookupList } from '../lookup.ts'
import type { LookupCodec } from '../lookup-codec.ts'
import { depositList, mergeIndices } from '../lookup-scope.ts'
import { changeChecksum, emptyLookupChecksum, idKey, keyHash, type LookupChecksum } from '../lookup-tally.ts'
import type { ErasedClaims, LeftOut, StatementId, StoredEntry } from '../storage.ts'
import type { RunBatch } from './entry-runs.ts'
import { checksumIn, lookupKey, lookupStart, metaKey, number8, readNumber8, statementKey } from './keys.ts'
import { readable } from './readable.ts'

type Database = Level<Uint8Array, Uint8Array>

const none = Buffer.alloc(0)
const nothingOut: LeftOut = { indices: new Set(), lists: new Map() }
/** Keys by which lists are sought where a page does not begin at their beginning. */
const probeKeys = 16
/** Entries that may be left out of which one read may have none or some, and reads as many keys: what it costs each where something is sealed. */
const hiddenAtOnce = 256
/** Most keys, and most of their bytes, of one page of a scan: some 2 ms of work in this thread. */
const pageKeys = 4000
const pageBytes = 1024 * 1024

/** Look-up keys and statement ids as they lie in the database, and the checksum over them (docs/design/storage.md). */
export class LevelLookups {
  private readonly db: Database
  private readonly codec: LookupCodec
  /** The checksum that the last write left. */
  private checksum: LookupChecksum

  private constructor(db: Database, codec: LookupCodec, checksum: LookupChecksum) {
    this.db = db
    this.codec = codec
    this.checksum = checksum
  }

  /** Opens the look-up keys of a database. A missing look-up checksum is read as that of no keys, so that an audit finds the difference. */
  static async open(db: Database, codec: LookupCodec): Promise<LevelLookups> {
    return new LevelLookups(db, codec, (await readChecksum(db)) ?? emptyLookupChecksum)
  }

  storedChecksum(): Promise<LookupChecksum | undefined> {
    return readChecksum(this.db)
  }

  /** Adds the keys of new entries to a batch; what is given is to be called when the batch is written. */
  append(batch: RunBatch, entries: readonly StoredEntry[]): () => void {
    let { checksum } = this
    const { seed } = this.codec
    for (const { index, leafHash, iss, jti, lookups } of entries) {
      batch.put(statementKey(iss, jti), Buffer.concat([number8(index), leafHash]))
      checksum = changeChecksum(checksum, keyHash(idKey(iss, jti, leafHash), index, seed), 1)
      for (const lookup of lookups) {
        const list = this.codec.list(lookup)
        batch.put(lookupKey(list, index), none)
        checksum = changeChecksum(checksum, keyHash(list, index, seed), 1)
      }
    }
    return this.write(batch, checksum)
  }

  /** Takes entries out of lists; gives their keys in the database, and what is to be called when the batch is written. */
  async remove(
    batch: RunBatch,
    erased: readonly ErasedClaims[],
  ): Promise<{ readonly keys: readonly Uint8Array[]; readonly written: () => void }> {
    const lists = erased.flatMap(({ index, lists: named }) =>
      named.map((lookup) => ({ index, key: this.codec.list(lookup) })),
    )
    // One that was taken out before, by a run that was cut off, is counted no more.
    const there = await this.has(lists)
    const checksum = lists
      .filter((_, i) => there[i])
      .reduce((left, { key, index }) => changeChecksum(left, keyHash(key, index, this.codec.seed), -1), this.checksum)
    const keys = lists.map(({ key, index }) => lookupKey(key, index))
    for (const key of keys) batch.del(key)
    return { keys, written: this.write(batch, checksum) }
  }

  private write(batch: RunBatch, checksum: LookupChecksum): () => void {
    batch.put(metaKey('lookups'), Buffer.from(JSON.stringify(checksum)))
    return () => {
      this.checksum = checksum
    }
  }

  /** Indices of one list above `after`, ascending, at most `limit`: one read. */
  list(list: LookupList, after: number, limit: number): Promise<number[]> {
    return this.read(this.codec.list(list), after, limit)
  }

  /**
   * Indices in all lists of a key together, ascending. The lists lie one behind the other: short ones are read together, and past a long one
   * the next is sought. What decides is what is left where all that may be left out is, so that the reads do not tell of it.
   */
  async all(key: LookupList['key'], after: number, limit: number, out: LeftOut = nothingOut): Promise<number[]> {
    const begin = lookupStart(this.codec.key(key))
    // Names of lists are ASCII.
    const end = Buffer.concat([begin, Buffer.from([0xff])])
    // Of a later page the beginning of a long list is nothing: a few keys tell which list it is.
    const width = after < 0 ? limit : Math.min(limit, probeKeys)
    const most = limit + out.indices.size
    let merged: number[] = []
    for (let from = begin; ; ) {
      const page = await this.evenly({ gte: from, lt: end }, width, out.indices.size, out)
      const indices = page.map(indexOf)
      merged = mergeIndices([merged, indices.filter((index) => index > after)], most)
      const shown = page.filter((_, i) => !out.indices.has(indices[i] as number))
      const [first, last] = [shown[0], shown[width - 1]]
      if (first === undefined || last === undefined) return merged
      const list = last.subarray(1, -8)
      // Of one list, from its beginning: what was read is all that is wanted of it.
      const isRead = after < 0 && isSameList(first, last)
      if (!isRead) {
        const more = out.lists.get(list.subarray(begin.length - 1, -1).toString()) ?? 0
        merged = mergeIndices([merged, (await this.evenly(within(list, after), limit, more, out)).map(indexOf)], most)
      }
      // Past the zero that ends the list's name.
      from = lookupStart(list)
      from[from.length - 1] = 1
    }
  }

  private async read(list: Uint8Array, after: number, limit: number): Promise<number[]> {
    const keys = await this.db.keys({ ...within(list, after), limit }).all()
    return keys.map(indexOf)
  }

  /**
   * The first keys of a range: `limit`, and as many more as may be left out. Where fewer of those are there, as many keys of another list are read instead, so that what
   * is read does not tell how many there are, up to {@link hiddenAtOnce}.
   */
  private async evenly(range: Range, limit: number, more: number, out: LeftOut): Promise<Uint8Array[]> {
    const keys = await this.db.keys({ ...range, limit: limit + more }).all()
    if (more === 0) return keys
    const left = keys.filter((key) => !out.indices.has(indexOf(key))).length
    const even = Math.min(limit + more, left + Math.min(more, hiddenAtOnce))
    await this.read(this.codec.list(depositList), -1, Math.max(0, even - keys.length))
    return keys
  }

  /** For each list, as encoded, whether it has the index. */
  async has(keys: readonly { readonly key: Uint8Array; readonly index: number }[]): Promise<boolean[]> {
    const values = await this.db.getMany(keys.map(({ key, index }) => lookupKey(key, index)))
    return values.map((value) => value !== undefined)
  }

  /** Every list as encoded, with each of its indices, as of the call. */
  scanLists(): AsyncGenerator<{ key: Uint8Array; index: number }[]> {
    const range = { gte: Buffer.from('l'), lt: Buffer.from('m'), highWaterMarkBytes: pageBytes }
    // A key too short to be ours leads to no entry.
    return pages(this.db.keys(range), (key) => ({
      key: key.subarray(1, -8),
      index: key.length < 10 ? -1 : indexOf(key),
    }))
  }

  /** Every statement id, as of the call. */
  scanStatements(): AsyncGenerator<StatementId[]> {
    const range = { gte: Buffer.from('j'), lt: Buffer.from('k'), highWaterMarkBytes: pageBytes }
    return pages(this.db.iterator(range), statementIdOf)
  }
}

/** What an iterator, made before, gives, a page at a time: one by one each costs a promise. */
async function* pages<T, U>(
  iterator: { nextv(size: number): Promise<T[]>; close(): Promise<void> },
  read: (item: T) => U,
): AsyncGenerator<U[]> {
  try {
    for (;;) {
      const page = await readable(iterator.nextv(pageKeys))
      if (page.length === 0) return
      yield page.map(read)
    }
  } finally {
    await iterator.close()
  }
}

function statementIdOf([key, value]: [Uint8Array, Uint8Array]): StatementId {
  const bytes = Buffer.from(key.buffer, key.byteOffset, key.byteLength)
  const hex = bytes.toString('hex', bytes.length - 16)
  const jti = `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
  const index = value.length === 40 ? readNumber8(value, 0) : -1
  return { iss: bytes.toString('latin1', 1, bytes.length - 17), jti, index, leafHash: value.subarray(8) }
}

/** Where keys lie. */
type Range = Readonly<Record<'gte', Uint8Array> & Partial<Record<'lt' | 'lte', Uint8Array>>>

/** The keys of a list with an index above `after`. */
function within(list: Uint8Array, after: number): Range {
  return { gte: lookupKey(list, after + 1), lte: lookupKey(list, Number.MAX_SAFE_INTEGER) }
}

function isSameList(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.from(a.subarray(0, -8)).equals(b.subarray(0, -8))
}

async function readChecksum(db: Database): Promise<LookupChecksum | undefined> {
  return checksumIn<LookupChecksum>(await db.get(metaKey('lookups')))
}

function indexOf(key: Uint8Array): number {
  return readNumber8(key, key.length - 8)
}
