import type { EntryRun } from '../core/bundle.ts'
import type { DisclosedBytes } from '../log/log.ts'
import type { LookupKey, LookupList } from './lookup.ts'
import type { LookupCodec } from './lookup-codec.ts'
import type { LookupChecksum } from './lookup-tally.ts'

/** One entry of a group, with all that is stored beside it. */
export interface StoredEntry {
  readonly index: number
  readonly bytes: Uint8Array
  /** 32 bytes; kept beside `iss` + `jti`, so that a damaged entry after the last full tile can be named. */
  readonly leafHash: Uint8Array
  readonly iss: string
  readonly jti: string
  readonly disclosures: readonly string[]
  readonly lookups: readonly LookupList[]
  /** Digests of all claims that it seals. */
  readonly sealed?: readonly string[]
}

/** What goes of an entry when claims of it are erased. */
export interface ErasedClaims {
  readonly index: number
  /** Disclosures that stay. */
  readonly keep: readonly string[]
  /** Lists that only the erased ones gave. */
  readonly lists: readonly LookupList[]
}

/** A full tile: 256 hashes. */
export interface StoredTile {
  readonly level: number
  readonly n: number
  readonly bytes: Uint8Array
  /** Its 62 nodes of heights 3 to 7, where proofs are to be quick: kept beside the tile, and no part of it. */
  readonly upper?: Uint8Array
}

/** What one commit makes durable: all of it or nothing. */
export interface StoredGroup {
  /** Compare: the size that the writer thinks the ledger has. */
  readonly expectedSize: number
  /** Compare: the epoch that the writer was given. */
  readonly epoch: number
  readonly entries: readonly StoredEntry[]
  /** Full tiles alone; right-edge tiles are rebuilt on open. */
  readonly tiles: readonly StoredTile[]
  /** The signed checkpoint of the size after the group. */
  readonly checkpoint: string
  /** Digest of the chain of registry entries so far, where the group changed it ({@link RegistryChecksum}). */
  readonly registryChecksum?: RegistryChecksum
}

/** That an entry used up `iss` + `jti`. */
export interface StatementId {
  readonly iss: string
  readonly jti: string
  readonly index: number
  /** 32 bytes. */
  readonly leafHash: Uint8Array
}

/** Entries that the caller of a look-up may leave out of what it finds: which they are, and how many may stand in a list, by its name. */
export interface LeftOut {
  readonly indices: ReadonlySet<number>
  readonly lists: ReadonlyMap<string, number>
}

/** How many registry entries there are, and SHA-256 over their leaf hashes, chained: a missing one is noticed on open. */
export interface RegistryChecksum {
  readonly count: number
  /** Hex, 64 characters. */
  readonly hash: string
}

/**
 * What the ledger asks of a database (docs/design/storage.md): one compare-and-set, and reads. `append` is durable when it
 * returns; a failed one leaves nothing or everything, and the caller stops writing. Every implementation runs
 * tests/ledger/storage-conformance.ts.
 */
export interface LedgerStorage {
  /** Takes the writer's place: any writer with a lower epoch is refused from now on. */
  claimWriter(): Promise<number>
  /** Throws `storage-conflict` where size or epoch are not the expected ones; nothing is stored then. */
  append(group: StoredGroup): Promise<void>
  /** The checkpoint of the last group, or undefined in an empty database. */
  checkpoint(): Promise<string | undefined>
  registryChecksum(): Promise<RegistryChecksum | undefined>
  /** Entries `begin` to `end` (excluded); undefined where one is missing or unreadable. */
  entries(begin: number, end: number): Promise<(Uint8Array | undefined)[]>
  /** Stored runs that cover entries `begin` to `end` (excluded), ascending, as raw bytes of a C2SP tlog-tiles bundle under the index of the first. Gaps are omitted. */
  entryRuns(begin: number, end: number): Promise<readonly EntryRun[]>
  /** Indices at or above `from` that hold an entry, ascending, at most `limit`: what should not be there is found so. */
  entryIndices(from: number, limit: number): Promise<number[]>
  /** Bytes of a full tile. */
  tile(level: number, n: number): Promise<Uint8Array | undefined>
  /** Bytes of a full tile, with its upper nodes where they were stored; undefined where there is no such tile. The caller must verify each proof that it makes of them. */
  tileView(level: number, n: number): Promise<Pick<StoredTile, 'bytes' | 'upper'> | undefined>
  disclosures(index: number): Promise<string[]>
  /** The disclosures of entries `begin` to `end` (excluded), by index; entries without any are left out. */
  disclosuresIn(begin: number, end: number): Promise<Map<number, string[]>>
  /** The stored disclosures of entries `begin` to `end` (excluded), ascending by index, unparsed: of each entry the ASCII of all, joined by tildes. Entries without any are omitted. */
  disclosedBytes(begin: number, end: number): Promise<readonly DisclosedBytes[]>
  /**
   * Removes disclosures for good, and entries from lists that only they gave; the rest of each entry stands. No trace is left in any file. The
   * lists go first: while one is left, so are the disclosures that name it, so that a call that was cut off can be repeated. Nothing else may
   * use the storage meanwhile.
   */
  eraseDisclosures(erased: readonly ErasedClaims[]): Promise<void>
  /** Index of the last order to erase that was executed, and all before it; -1 where none was. */
  executedOrders(): Promise<number>
  /** Notes that all orders up to this index are executed: durable when this returns. */
  markExecuted(order: number): Promise<void>
  /** Index of an entry that seals each of these digests, base64url; undefined where none does. */
  findSealed(digests: readonly string[]): Promise<(number | undefined)[]>
  /** Who holds `iss` + `jti`, for each asked. */
  findStatements(ids: readonly { readonly iss: string; readonly jti: string }[]): Promise<(StatementId | undefined)[]>
  /** Indices of one list of a look-up key, ascending, above `after` (-1 for all), at most `limit`: one read, whatever other lists hold. */
  lookupList(list: LookupList, after: number, limit: number): Promise<number[]>
  /**
   * Indices in all lists of a key together, ascending, after `after`, at most `limit`; and so many more that the caller may leave out what `out`
   * names, or part of it, and has `limit` of the rest where there are so many. How often is read does not depend on which of them are there.
   */
  lookup(key: LookupKey, after: number, limit: number, out?: LeftOut): Promise<number[]>
  /** For each list, as encoded, whether it has the index. */
  hasLookups(keys: readonly { readonly key: Uint8Array; readonly index: number }[]): Promise<boolean[]>
  /** The checksum over look-up keys and statement ids that stands beside them; undefined where there is none that can be read. */
  lookupChecksum(): Promise<LookupChecksum | undefined>
  /** How look-up keys are encoded here. */
  readonly codec: LookupCodec
  /** Every list as encoded, with each of its indices, in any order, a page at a time: as of the call, whatever is appended meanwhile. */
  scanLookups(): AsyncIterable<readonly { readonly key: Uint8Array; readonly index: number }[]>
  /** Every `iss` + `jti` with its index and leaf hash, a page at a time, as of the call. */
  scanStatements(): AsyncIterable<readonly StatementId[]>
  close(): Promise<void>
}
