import { Level } from 'level'
import type { EntryRun } from '../../core/bundle.ts'
import { parseSignedCheckpoint } from '../../core/checkpoint.ts'
import { EvidenceError, isEvidenceError } from '../../core/errors.ts'
import { tileWidth } from '../../core/merkle/layout.ts'
import { upperBytes } from '../../core/merkle/tile.ts'
import type { DisclosedBytes } from '../../log/log.ts'
import type { LookupKey, LookupList } from '../lookup.ts'
import type { LookupCodec } from '../lookup-codec.ts'
import type { LookupChecksum } from '../lookup-tally.ts'
import type {
  ErasedClaims,
  LedgerStorage,
  LeftOut,
  RegistryChecksum,
  StatementId,
  StoredGroup,
  StoredTile,
} from '../storage.ts'
import { EntryRuns } from './entry-runs.ts'
import { GatheredReads } from './gathered-reads.ts'
import {
  checksumIn,
  databaseFormat,
  disclosuresKey,
  metaKey,
  number8,
  readNumber8,
  sealedKey,
  statementKey,
  tileKey,
} from './keys.ts'
import { LevelLookups } from './level-lookups.ts'
import { damaged, readable } from './readable.ts'
import { Changes, changeWithoutTrace, forgetNames } from './rewrite.ts'

type Database = Level<Uint8Array, Uint8Array>

/** Bytes that LevelDB gathers before it writes a table: its log holds about as much, and there are at most two logs. */
export const writeBufferSize: number = 32 * 1024 * 1024

/**
 * Sizes for a ledger of tens of millions (docs/performance.md): a large buffer and large tables halve the work of
 * compaction, larger blocks make the index that each open table keeps in memory a quarter, and the bound of open tables
 * bounds the sum of those.
 */
const sizes = { writeBufferSize, maxFileSize: 16 * 1024 * 1024, blockSize: 16 * 1024, maxOpenFiles: 500 } as const

const tileBytes = tileWidth * 32
/** Keys that are read in this thread. */
const fewKeys = 4
/** Most bytes that an iterator fetches in one go. */
const rangeBytes = 4 * 1024 * 1024
const options = { keyEncoding: 'buffer', valueEncoding: 'buffer' } as const

export interface LevelStorageOptions {
  /** Only `init` creates: opening a folder without a database is refused, never made good. */
  readonly create?: boolean
}

/** The storage interface on LevelDB: the one file that knows `level`. Writes are synced; LevelDB's default is not. */
export class LevelStorage implements LedgerStorage {
  private readonly db: Database
  private size: number
  private epoch: number
  private readonly tiles: GatheredReads
  private readonly runs: EntryRuns
  private readonly lookups: LevelLookups
  readonly codec: LookupCodec

  private constructor(db: Database, size: number, epoch: number, lookups: LevelLookups, codec: LookupCodec) {
    this.db = db
    this.lookups = lookups
    this.codec = codec
    this.runs = new EntryRuns(db)
    this.size = size
    this.epoch = epoch
    this.tiles = new GatheredReads(db)
  }

  /** Opens a database that has been checked (database-check.ts). Throws `ledger-in-use`, `database-missing`, `storage-damaged`, `format-version`. */
  static async open(
    location: string,
    codec: LookupCodec,
    { create = false }: LevelStorageOptions = {},
  ): Promise<LevelStorage> {
    const db: Database = new Level<Uint8Array, Uint8Array>(location, {
      ...options,
      createIfMissing: create,
      errorIfExists: create,
      ...sizes,
    })
    try {
      await db.open()
    } catch (error) {
      throw openError(location, error)
    }
    try {
      if (create) await db.put(metaKey('format'), Buffer.from(databaseFormat), { sync: true })
      const format = await db.get(metaKey('format'))
      const found = format === undefined ? 'none' : Buffer.from(format).toString('latin1')
      if (found !== databaseFormat) {
        throw new EvidenceError('format-version', `the database has the format ${found}, not ${databaseFormat}`, {
          where: location,
        })
      }
      const note = await db.get(metaKey('checkpoint'))
      const size = note === undefined ? 0 : parseSignedCheckpoint(note).checkpoint.size
      const epoch = await db.get(metaKey('epoch'))
      const lookups = await LevelLookups.open(db, codec)
      const storage = new LevelStorage(db, size, epoch === undefined ? 0 : readNumber8(epoch, 0), lookups, codec)
      await storage.runs.resume(size)
      return storage
    } catch (error) {
      await db.close()
      if (isEvidenceError(error)) throw error
      throw new EvidenceError(
        'storage-damaged',
        `the database at ${location} cannot be read`,
        { where: location },
        { cause: error },
      )
    }
  }

  async claimWriter(): Promise<number> {
    const epoch = this.epoch + 1
    await this.db.put(metaKey('epoch'), number8(epoch), { sync: true })
    this.epoch = epoch
    return epoch
  }

  async append(group: StoredGroup): Promise<void> {
    // LevelDB's lock keeps other processes out; within this one, size and epoch tell who may write.
    if (group.expectedSize !== this.size || group.epoch !== this.epoch) {
      throw new EvidenceError('storage-conflict', 'another writer has gone on in this ledger')
    }
    // A chained batch costs a fifth of an array of operations (docs/performance.md).
    const batch = this.db.batch()
    const put = (key: Uint8Array, value: Uint8Array): void => {
      batch.put(key, value)
    }
    this.runs.append(
      batch,
      group.expectedSize,
      group.entries.map(({ bytes }) => bytes),
    )
    for (const { index, disclosures, sealed = [] } of group.entries) {
      for (const digest of sealed) put(sealedKey(digest), number8(index))
      if (disclosures.length > 0) put(disclosuresKey(index), Buffer.from(disclosures.join('~'), 'latin1'))
    }
    const written = this.lookups.append(batch, group.entries)
    for (const { level, n, bytes, upper } of group.tiles) {
      put(tileKey(level, n), upper === undefined ? bytes : Buffer.concat([bytes, upper]))
    }
    if (group.registryChecksum !== undefined)
      put(metaKey('registry'), Buffer.from(JSON.stringify(group.registryChecksum)))
    put(metaKey('checkpoint'), Buffer.from(group.checkpoint))
    // Durable when this returns.
    await batch.write({ sync: true })
    written()
    this.size += group.entries.length
  }

  async checkpoint(): Promise<string | undefined> {
    const note = await this.db.get(metaKey('checkpoint'))
    return note === undefined ? undefined : Buffer.from(note).toString('utf8')
  }

  async registryChecksum(): Promise<RegistryChecksum | undefined> {
    return checksumIn<RegistryChecksum>(await this.db.get(metaKey('registry')))
  }

  entries(begin: number, end: number): Promise<(Uint8Array | undefined)[]> {
    return this.runs.get(begin, end)
  }

  entryRuns(begin: number, end: number): Promise<EntryRun[]> {
    return this.runs.runs(begin, end)
  }

  entryIndices(from: number, limit: number): Promise<number[]> {
    return readable(this.runs.indices(from, limit))
  }

  async tile(level: number, n: number): Promise<Uint8Array | undefined> {
    return (await this.tileView(level, n))?.bytes
  }

  async tileView(level: number, n: number): Promise<Pick<StoredTile, 'bytes' | 'upper'> | undefined> {
    const value = await this.tiles.get(tileKey(level, n))
    if (value === undefined) return undefined
    // Any other length was not written here: given as stored, so that parsing it reports the damage.
    if (value.length !== tileBytes + upperBytes) return { bytes: value }
    return { bytes: value.subarray(0, tileBytes), upper: value.subarray(tileBytes) }
  }

  async disclosures(index: number): Promise<string[]> {
    const value = await readable(this.db.get(disclosuresKey(index)))
    return value === undefined ? [] : splitDisclosures(value)
  }

  async disclosuresIn(begin: number, end: number): Promise<Map<number, string[]>> {
    const found = await this.disclosedBytes(begin, end)
    return new Map(found.map(({ index, bytes }) => [index, splitDisclosures(bytes)]))
  }

  async disclosedBytes(begin: number, end: number): Promise<DisclosedBytes[]> {
    const range = { gte: disclosuresKey(begin), lt: disclosuresKey(end), highWaterMarkBytes: rangeBytes }
    // All at once: item by item each costs a promise.
    const found = await readable(this.db.iterator(range).all())
    return found.map(([key, bytes]) => ({ index: readNumber8(key, 1), bytes }))
  }

  async eraseDisclosures(erased: readonly ErasedClaims[]): Promise<void> {
    const lists = new Changes()
    const { keys, written } = await this.lookups.remove(lists, erased)
    if (keys.length > 0) {
      await changeWithoutTrace(this.db, keys, () => this.db.batch(lists.operations, { sync: true }))
      written()
    }
    const claims = new Changes()
    for (const { index, keep } of erased) {
      if (keep.length === 0) claims.del(disclosuresKey(index))
      else claims.put(disclosuresKey(index), Buffer.from(keep.join('~'), 'latin1'))
    }
    const ofClaims = erased.map(({ index }) => disclosuresKey(index))
    await changeWithoutTrace(this.db, ofClaims, () => this.db.batch(claims.operations, { sync: true }))
    await forgetNames(this.db, () =>
      this.db.open({ ...options, ...sizes, createIfMissing: false, errorIfExists: false }),
    )
  }

  async executedOrders(): Promise<number> {
    const value = await readable(this.db.get(metaKey('orders')))
    return value?.length === 8 ? readNumber8(value, 0) : -1
  }

  async markExecuted(order: number): Promise<void> {
    await this.db.put(metaKey('orders'), number8(order), { sync: true })
  }

  async findSealed(digests: readonly string[]): Promise<(number | undefined)[]> {
    const keys = digests.map(sealedKey)
    const values = await readable(keys.length <= fewKeys ? this.getNow(keys) : this.db.getMany(keys))
    return values.map((value) => (value?.length === 8 ? readNumber8(value, 0) : undefined))
  }

  async findStatements(
    ids: readonly { readonly iss: string; readonly jti: string }[],
  ): Promise<(StatementId | undefined)[]> {
    const keys = ids.map(({ iss, jti }) => statementKey(iss, jti))
    const values = await readable(keys.length <= fewKeys ? this.getNow(keys) : this.db.getMany(keys))
    return values.map((value, i) => {
      const id = ids[i] as (typeof ids)[number]
      if (value === undefined) return undefined
      if (value.length !== 40) throw damaged(`the record of the statement id ${id.jti}`)
      return { ...id, index: readNumber8(value, 0), leafHash: value.slice(8) }
    })
  }

  /**
   * Reads here and now. A statement that is new, as nearly all are, is found missing by the tables' filters in memory: handing
   * that to another thread and back takes ten times as long.
   */
  private async getNow(keys: readonly Uint8Array[]): Promise<(Uint8Array | undefined)[]> {
    return keys.map((key) => this.db.getSync(key))
  }

  lookupList(list: LookupList, after: number, limit: number): Promise<number[]> {
    return readable(this.lookups.list(list, after, limit))
  }

  lookup(key: LookupKey, after: number, limit: number, out?: LeftOut): Promise<number[]> {
    return readable(this.lookups.all(key, after, limit, out))
  }

  hasLookups(keys: readonly { readonly key: Uint8Array; readonly index: number }[]): Promise<boolean[]> {
    return readable(this.lookups.has(keys))
  }

  lookupChecksum(): Promise<LookupChecksum | undefined> {
    return readable(this.lookups.storedChecksum())
  }

  scanLookups(): AsyncGenerator<{ key: Uint8Array; index: number }[]> {
    return this.lookups.scanLists()
  }

  scanStatements(): AsyncGenerator<StatementId[]> {
    return this.lookups.scanStatements()
  }

  async close(): Promise<void> {
    await this.db.close()
  }
}

function splitDisclosures(value: Uint8Array): string[] {
  return Buffer.from(value).toString('latin1').split('~')
}

function openError(location: string, error: unknown): EvidenceError {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause
  if (cause?.code === 'LEVEL_LOCKED') {
    return new EvidenceError(
      'ledger-in-use',
      `the database at ${location} is in use by another process`,
      { where: location },
      { cause: error },
    )
  }
  const why = cause?.message ?? String(error)
  const code = /does not exist/.test(why)
    ? 'database-missing'
    : /No space left/.test(why)
      ? 'disk-full'
      : 'storage-damaged'
  return new EvidenceError(
    code,
    `the database at ${location} does not open: ${why}`,
    { where: location },
    { cause: error },
  )
}
