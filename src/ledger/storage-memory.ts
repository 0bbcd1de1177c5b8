import { toHex } from '../core/base64.ts'
import { encodeBundle, type EntryRun } from '../core/bundle.ts'
import { compareBytes, utf8 } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import type { DisclosedBytes } from '../log/log.ts'
import type { LookupKey, LookupList } from './lookup.ts'
import type { LookupCodec } from './lookup-codec.ts'
import { mergeIndices } from './lookup-scope.ts'
import { changeChecksum, emptyLookupChecksum, idKey, keyHash, type LookupChecksum } from './lookup-tally.ts'
import type {
  ErasedClaims,
  LedgerStorage,
  LeftOut,
  RegistryChecksum,
  StatementId,
  StoredGroup,
  StoredTile,
} from './storage.ts'

/** The storage interface on memory: for tests, and the plainest statement of what an implementation must do. */
export class MemoryStorage implements LedgerStorage {
  private readonly entryBytes: Uint8Array[] = []
  private readonly tiles = new Map<string, Pick<StoredTile, 'bytes' | 'upper'>>()
  private readonly disclosed = new Map<number, readonly string[]>()
  private readonly sealed = new Map<string, number>()
  private executed = -1
  private readonly statements = new Map<string, StatementId>()
  private readonly lookups = new Map<string, { key: Uint8Array; indices: Set<number> }>()
  private note: string | undefined
  private checksum: RegistryChecksum | undefined
  private epoch = 0
  readonly codec: LookupCodec
  private tally: LookupChecksum | undefined

  constructor(codec: LookupCodec) {
    this.codec = codec
  }

  claimWriter(): Promise<number> {
    this.epoch++
    return Promise.resolve(this.epoch)
  }

  append(group: StoredGroup): Promise<void> {
    if (group.expectedSize !== this.entryBytes.length || group.epoch !== this.epoch) {
      return Promise.reject(new EvidenceError('storage-conflict', 'another writer has gone on in this ledger'))
    }
    for (const { index, bytes, leafHash, iss, jti, disclosures, lookups, sealed = [] } of group.entries) {
      this.entryBytes[index] = bytes.slice()
      for (const digest of sealed) this.sealed.set(digest, index)
      this.statements.set(`${iss}\0${jti}`, { iss, jti, index, leafHash })
      if (disclosures.length > 0) this.disclosed.set(index, disclosures)
      this.count(idKey(iss, jti, leafHash), index, 1)
      for (const lookup of lookups) {
        const list = this.codec.list(lookup)
        this.indicesOf(list).add(index)
        this.count(list, index, 1)
      }
    }
    for (const { level, n, bytes, upper } of group.tiles) {
      this.tiles.set(`${level}/${n}`, {
        bytes: bytes.slice(),
        ...(upper === undefined ? {} : { upper: upper.slice() }),
      })
    }
    this.note = group.checkpoint
    this.checksum = group.registryChecksum ?? this.checksum
    return Promise.resolve()
  }

  private count(bytes: Uint8Array, index: number, sign: 1 | -1): void {
    this.tally = changeChecksum(this.tally ?? emptyLookupChecksum, keyHash(bytes, index, this.codec.seed), sign)
  }

  private indicesOf(key: Uint8Array): Set<number> {
    const name = toHex(key)
    let found = this.lookups.get(name)
    if (found === undefined) {
      found = { key, indices: new Set() }
      this.lookups.set(name, found)
    }
    return found.indices
  }

  checkpoint(): Promise<string | undefined> {
    return Promise.resolve(this.note)
  }
  registryChecksum(): Promise<RegistryChecksum | undefined> {
    return Promise.resolve(this.checksum)
  }
  entries(begin: number, end: number): Promise<(Uint8Array | undefined)[]> {
    return Promise.resolve(Array.from({ length: end - begin }, (_, i) => this.entryBytes[begin + i]))
  }
  entryRuns(begin: number, end: number): Promise<EntryRun[]> {
    const bytes = this.entryBytes.slice(begin, end)
    return Promise.resolve(bytes.length === 0 ? [] : [{ begin, bytes: encodeBundle(bytes) }])
  }
  entryIndices(from: number, limit: number): Promise<number[]> {
    const indices = [...this.entryBytes.keys()].filter((index) => index >= from && this.entryBytes[index] !== undefined)
    return Promise.resolve(indices.slice(0, limit))
  }
  tile(level: number, n: number): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.tiles.get(`${level}/${n}`)?.bytes)
  }
  tileView(level: number, n: number): Promise<Pick<StoredTile, 'bytes' | 'upper'> | undefined> {
    return Promise.resolve(this.tiles.get(`${level}/${n}`))
  }
  disclosures(index: number): Promise<string[]> {
    return Promise.resolve([...(this.disclosed.get(index) ?? [])])
  }
  disclosuresIn(begin: number, end: number): Promise<Map<number, string[]>> {
    const found = [...this.disclosed].filter(([index]) => index >= begin && index < end)
    return Promise.resolve(new Map(found.map(([index, texts]) => [index, [...texts]])))
  }
  async disclosedBytes(begin: number, end: number): Promise<DisclosedBytes[]> {
    const found = [...(await this.disclosuresIn(begin, end))].sort(([a], [b]) => a - b)
    return found.map(([index, texts]) => ({ index, bytes: utf8(texts.join('~')) }))
  }
  eraseDisclosures(erased: readonly ErasedClaims[]): Promise<void> {
    for (const { index, keep, lists } of erased) {
      if (keep.length === 0) this.disclosed.delete(index)
      else this.disclosed.set(index, keep)
      for (const lookup of lists) {
        const list = this.codec.list(lookup)
        if (this.indicesOf(list).delete(index)) this.count(list, index, -1)
      }
    }
    return Promise.resolve()
  }
  executedOrders(): Promise<number> {
    return Promise.resolve(this.executed)
  }
  markExecuted(order: number): Promise<void> {
    this.executed = order
    return Promise.resolve()
  }
  findSealed(digests: readonly string[]): Promise<(number | undefined)[]> {
    return Promise.resolve(digests.map((digest) => this.sealed.get(digest)))
  }
  findStatements(ids: readonly { readonly iss: string; readonly jti: string }[]): Promise<(StatementId | undefined)[]> {
    return Promise.resolve(ids.map(({ iss, jti }) => this.statements.get(`${iss}\0${jti}`)))
  }
  lookupList(list: LookupList, after: number, limit: number): Promise<number[]> {
    const indices = [...this.indicesOf(this.codec.list(list))].filter((index) => index > after)
    return Promise.resolve(mergeIndices([indices], limit))
  }
  lookup(key: LookupKey, after: number, limit: number, out?: LeftOut): Promise<number[]> {
    const start = toHex(this.codec.key(key))
    const lists = [...this.lookups].filter(([name]) => name.startsWith(start)).map(([, { indices }]) => [...indices])
    return Promise.resolve(
      mergeIndices([lists.flat().filter((index) => index > after)], limit + (out?.indices.size ?? 0)),
    )
  }
  lookupChecksum(): Promise<LookupChecksum | undefined> {
    return Promise.resolve(this.tally)
  }
  hasLookups(keys: readonly { readonly key: Uint8Array; readonly index: number }[]): Promise<boolean[]> {
    return Promise.resolve(keys.map(({ key, index }) => this.lookups.get(toHex(key))?.indices.has(index) === true))
  }
  async *scanLookups(): AsyncGenerator<{ key: Uint8Array; index: number }[]> {
    const sorted = [...this.lookups.values()].sort((a, b) => compareBytes(a.key, b.key))
    for (const { key, indices } of sorted) yield [...indices].map((index) => ({ key, index }))
  }
  async *scanStatements(): AsyncGenerator<StatementId[]> {
    yield [...this.statements.values()]
  }
  close(): Promise<void> {
    return Promise.resolve()
  }
}
