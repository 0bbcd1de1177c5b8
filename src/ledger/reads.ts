import { append } from '../core/arrays.ts'
import { attempt, settled } from '../core/attempt.ts'
import { encodeBundle } from '../core/bundle.ts'
import { EvidenceError } from '../core/errors.ts'
import { type LeafRange, type TileAddress, tileWidth, tileWidthAt } from '../core/merkle/layout.ts'
import { consistencyRanges, inclusionRanges, rangeHash } from '../core/merkle/prove.ts'
import type { Tile } from '../core/merkle/tile.ts'
import { consistencyProof, rootFromTiles, subtreeHashFrom, type TileReader, tilesNeeded } from '../core/merkle/tiles.ts'
import { verifyConsistency, verifyInclusion } from '../core/merkle/verify.ts'
import { Recent } from '../core/recent.ts'
import { readBody } from '../statements/body.ts'
import type { DepositName } from '../statements/kind.ts'
import type { KeyRecord } from '../statements/registry.ts'
import { sealedDigestsOf } from '../statements/said.ts'
import { aboutOf, followSubjects, type Subjects } from './access/subjects.ts'
import type { ChainState } from './chain-state.ts'
import { readStored, requireLeaf, requireSealedHere, type StoredStatement } from './entry-facts.ts'
import { isSealedKey, type LookupKey } from './lookup.ts'
import { kindLists, listsWithDeposit, listsWithin, mergeIndices, type SearchScope } from './lookup-scope.ts'
import { type ReceiptText, receiptText } from './receipt-writer.ts'
import { type ClaimFacts, claimFacts } from './rights.ts'
import type { LedgerStorage } from './storage.ts'
import type { LedgerTree } from './tree.ts'

/** An entry as it is served: re-hashed against its tile. */
export interface ServedEntry extends StoredStatement {
  readonly index: number
  readonly bytes: Uint8Array
  /** 32 bytes. */
  readonly leafHash: Uint8Array
}

/** An inclusion proof with what it leads from and to; 32 bytes each. */
export interface Inclusion {
  readonly leafHash: Uint8Array
  readonly root: Uint8Array
  readonly proof: Uint8Array[]
}

/** A checkpoint of an earlier size that a receipt is to lead to. */
interface Under {
  readonly size: number
  readonly note: string
}

/** What readers may see: size and registry, and the signed checkpoint of that size. */
export interface ReadState {
  readonly state: Pick<ChainState, 'size' | 'registry'> & Partial<Pick<ChainState, 'access'>>
  readonly note: string
}

/** Deposits of which one read asks whether a list has them. */
const depositsAtOnce = 256
/** What of a ledger is not to be read. */
export interface ReadLimits {
  /** Resolves when look-up keys may be relied on, and rejects where they may not: without it no search is answered. */
  readonly lookups?: () => Promise<void>
  /** Whether no sealed claim is shown (claims-shut.ts). */
  readonly areClaimsShut?: () => boolean
}

function unverified(): Promise<void> {
  return Promise.reject(
    new EvidenceError('lookups-unverified', 'the look-up keys have not been compared with their checksum'),
  )
}

/** Undefined where the proof that these tiles make does not lead to the root. */
function prove(
  index: number,
  size: number,
  ranges: readonly LeafRange[],
  read: TileReader,
  root: Uint8Array,
): Inclusion | undefined {
  const subtreeHash = subtreeHashFrom(read)
  const proof = ranges.map((range) => rangeHash(range, subtreeHash))
  const leaf = subtreeHash({ height: 0, index })
  return verifyInclusion({ index, size, leafHash: leaf, proof, root }) ? { leafHash: leaf, root, proof } : undefined
}

/**
 * Reads of what is published, and never of more. Each entry is re-hashed against its tile and each proof is verified before
 * it is given out: a damaged disk yields `storage-damaged`, not a wrong answer.
 */
export class LedgerReads {
  private readonly storage: LedgerStorage
  private readonly tree: LedgerTree
  private readonly current: () => ReadState
  private readonly requireLookups: () => Promise<void>
  private readonly areClaimsShut: () => boolean
  /** What entries that were read lately say something of, by index. */
  private readonly about = new Recent<readonly number[]>(10_000)
  /** The last root that was asked for: nearly always that of the published size. */
  private root: { readonly size: number; readonly hash: Uint8Array } | undefined

  constructor(storage: LedgerStorage, tree: LedgerTree, current: () => ReadState, limits: ReadLimits = {}) {
    const { lookups = unverified, areClaimsShut = () => false } = limits
    this.requireLookups = lookups
    this.areClaimsShut = areClaimsShut
    this.storage = storage
    this.tree = tree
    this.current = current
  }

  get size(): number {
    return this.current().state.size
  }
  /** The signed checkpoint. */
  get checkpoint(): string {
    return this.current().note
  }

  private requireIndex(index: number): void {
    if (index >= this.size) {
      throw new EvidenceError('entry-not-found', `there is no entry ${index}; the ledger has ${this.size}`, {
        where: 'index',
      })
    }
  }

  private requireSize(size: number, where: string): void {
    if (size < 1) throw new EvidenceError('query-invalid', `${where} is not at least 1`, { where })
    if (size > this.size)
      throw new EvidenceError('size-unknown', `there is no tree of ${size} entries; the ledger has ${this.size}`, {
        where,
      })
  }

  /** Throws `entry-not-found`, `storage-damaged`. */
  async entry(index: number): Promise<ServedEntry> {
    this.requireIndex(index)
    const bytes = await this.tree.entry(index)
    const { entry, statement, hash } = readStored(bytes, index)
    return { index, bytes, leafHash: hash, entry, statement }
  }

  /** What the right to an entry's claims depends on, for a reader who may read the entry. */
  async claimFacts(entry: ServedEntry): Promise<ClaimFacts> {
    const { access } = this.current().state
    // Whatever stands, and on which deposit: what is read tells of nothing that is sealed.
    const isRuled = access !== undefined && access.rules.size > 0
    return claimFacts(entry, isRuled ? await this.subjects(entry) : undefined)
  }

  /** What an entry is about. What cannot be read is left open, and spoils nothing else. */
  subjects({ index, statement }: Pick<StoredStatement, 'statement'> & { readonly index: number }): Promise<Subjects> {
    const first = aboutOf(statement)
    this.about.set(String(index), first)
    return followSubjects(first, (indices) => Promise.all(indices.map((at) => this.aboutAt(at))))
  }

  private async aboutAt(index: number): Promise<readonly number[] | undefined> {
    const known = this.about.get(String(index))
    if (known !== undefined) return known
    const bytes = await settled(this.tree.entry(index))
    const about = bytes instanceof EvidenceError ? bytes : attempt(() => aboutOf(readStored(bytes, index).statement))
    if (about instanceof EvidenceError) return undefined
    this.about.set(String(index), about)
    return about
  }

  /** The key that signed an entry, and its record now. */
  signer({ statement }: StoredStatement): KeyRecord {
    const key = this.current().state.registry.keys.get(statement.header.kid)
    if (key === undefined)
      throw new EvidenceError('storage-damaged', 'the signer of a stored entry is not in the registry')
    return key
  }

  /** Disclosures kept for an entry, each compared with its digest; none where claims are shut. Throws `storage-damaged`. */
  async disclosures(entry: ServedEntry): Promise<string[]> {
    if (this.areClaimsShut()) return []
    const stored = await this.storage.disclosures(entry.index)
    if (stored.length === 0) return []
    const body = readBody(entry.statement)
    const digests = body === undefined ? [] : sealedDigestsOf(body)
    requireSealedHere(stored, digests, entry.index)
    return stored
  }

  /** How many claims an entry seals. */
  sealedCount(entry: ServedEntry): number {
    const body = readBody(entry.statement)
    return body === undefined ? 0 : sealedDigestsOf(body).length
  }

  /**
   * A receipt with the disclosures that the reader may see: at the published size, or under a checkpoint of an earlier size that
   * holds the entry.
   */
  async receipt(entry: ServedEntry, disclosures: readonly string[], under?: Under): Promise<string> {
    return (await this.receiptText(entry, disclosures, under)).text
  }

  /** A receipt as {@link receipt} gives it, in parts: for an answer that has many, since it holds the entry's bytes and no text. */
  async receiptText(entry: ServedEntry, disclosures: readonly string[], under?: Under): Promise<ReceiptText> {
    const { state } = this.current()
    const { size, note } = under ?? { size: state.size, note: this.current().note }
    const hashes = await this.inclusion(entry.index, size)
    const parts = { entryBytes: entry.bytes, signer: this.signer(entry).jwk, disclosures }
    return receiptText(parts, entry.index, hashes, note)
  }

  /** The hashes of {@link included}. */
  async inclusion(index: number, size: number): Promise<Uint8Array[]> {
    return (await this.included(index, size)).proof
  }

  /** Inclusion proof with leaf hash and root, verified. Throws `entry-not-found`, `size-unknown`, `query-invalid`, `storage-damaged`. */
  async included(index: number, size: number): Promise<Inclusion> {
    this.requireSize(size, 'size')
    if (index >= size) {
      throw new EvidenceError('entry-not-found', `there is no entry ${index} in a tree of ${size}`, { where: 'index' })
    }
    const ranges = inclusionRanges(index, size)
    const tiles = tilesNeeded([...ranges, { begin: index, end: index + 1 }])
    const root = this.root?.size === size ? this.root.hash : await this.rootAt(size)
    this.root = { size, hash: root }
    const found = prove(index, size, ranges, await this.tree.loadViews(tiles), root)
    if (found !== undefined) return found
    // What was taken as it lay does not fit: say what is damaged, or do without the nodes beside a tile.
    const authentic = prove(index, size, ranges, await this.tree.load(tiles), root)
    if (authentic !== undefined) return authentic
    throw new EvidenceError('storage-damaged', 'the stored tiles do not agree with one another', { index })
  }

  /** Root of the tree at an earlier size. */
  async rootAt(size: number): Promise<Uint8Array> {
    this.requireSize(size, 'size')
    return rootFromTiles(size, await this.load([{ begin: 0, end: size }]))
  }

  /** Consistency proof. Throws `size-unknown`, `query-invalid`. */
  async consistency(size1: number, size2: number): Promise<Uint8Array[]> {
    this.requireSize(size1, 'from')
    this.requireSize(size2, 'to')
    if (size1 > size2)
      throw new EvidenceError('size-unknown', `no tree of ${size2} entries goes on from one of ${size1}`, {
        where: 'from',
      })
    const all = [{ begin: 0, end: size1 }, { begin: 0, end: size2 }, ...consistencyRanges(size1, size2)]
    const read = await this.load(all)
    const proof = consistencyProof(size1, size2, read)
    const [root1, root2] = [rootFromTiles(size1, read), rootFromTiles(size2, read)]
    if (!verifyConsistency({ size1, size2, root1, root2, proof })) {
      throw new EvidenceError('storage-damaged', 'the stored tiles do not agree with one another')
    }
    return proof
  }

  private load(ranges: readonly LeafRange[]): Promise<TileReader<Tile>> {
    return this.tree.load(tilesNeeded(ranges))
  }

  /** Bytes of a hash tile, or undefined where the published tree does not require it. */
  async tile(address: TileAddress): Promise<Uint8Array | undefined> {
    const { level, n, width } = address
    if (level === 'entries') return this.bundle(n, width)
    if (tileWidthAt(level, n, this.size) < width) return undefined
    return (await this.tree.load([{ level, n }]))(level, n)?.bytes(width)
  }

  private async bundle(n: number, width: number): Promise<Uint8Array | undefined> {
    if (tileWidthAt(0, n, this.size) < width) return undefined
    const begin = n * tileWidth
    const [entries, read] = await Promise.all([
      this.storage.entries(begin, begin + width),
      this.tree.load([{ level: 0, n }]),
    ])
    const tile = read(0, n)
    return encodeBundle(entries.map((bytes, i) => requireLeaf(bytes, tile?.node(0, i), begin + i)))
  }

  /** Index of the published entry that has this id of this issuer; undefined where there is none. Throws `lookups-unverified`, `lookups-damaged`. */
  async indexOf(iss: string, jti: string): Promise<number | undefined> {
    await this.requireLookups()
    const [found] = await this.storage.findStatements([{ iss, jti }])
    return found !== undefined && found.index < this.size ? found.index : undefined
  }

  /**
   * Indices of entries with a look-up key, or of all, within a scope: above `after`, ascending, at most `limit`, published ones
   * alone. What is read follows from the question and from what the scope has. Throws `lookups-unverified`, `lookups-damaged`.
   */
  async search(key: LookupKey | undefined, scope: SearchScope, after: number, limit: number): Promise<number[]> {
    await this.requireLookups()
    if (isSealedKey(key) && this.areClaimsShut()) return []
    const { size, storage } = this
    if (scope.of === 'issuers') {
      const lists = listsWithin(key, scope.issuers).map((list) => storage.lookupList(list, after, limit))
      const others = this.among(scope, key, after, limit)
      return mergeIndices(await Promise.all([...lists, others]), limit).filter((index) => index < size)
    }
    if (key !== undefined) return (await this.found(key, scope, after, limit)).filter((index) => index < size)
    const begin = after + 1
    return Array.from({ length: Math.max(0, Math.min(limit, size - begin)) }, (_, i) => begin + i)
  }

  /** Indices of all entries with a look-up key, but for those that are hidden: as many, after as many reads, as if these were not there. */
  private async found(
    key: LookupKey,
    { hides, out }: Extract<SearchScope, { readonly of: 'all' }>,
    after: number,
    limit: number,
  ): Promise<number[]> {
    if (key.by === 'kind') {
      const lists = kindLists(key.kind).map((list) => this.storage.lookupList(list, after, limit))
      return mergeIndices(await Promise.all(lists), limit)
    }
    const found = await this.storage.lookup(key, after, limit, out)
    return (hides === undefined ? found : found.filter((index) => !hides(index))).slice(0, limit)
  }

  /** Indices of those of the other deposits of a scope that have a look-up key: what is read for each follows from it and the key alone. */
  private async among(
    { others, mayRead }: Extract<SearchScope, { readonly of: 'issuers' }>,
    key: LookupKey | undefined,
    after: number,
    limit: number,
  ): Promise<number[]> {
    const left = others.filter(({ index }) => index > after)
    const found: number[] = []
    for (let at = 0; at < left.length && found.length < limit; at += depositsAtOnce) {
      const some = left.slice(at, at + depositsAtOnce)
      const indices = key === undefined ? some.map(({ index }) => index) : await this.having(some, key)
      append(found, indices.filter(mayRead))
    }
    return found.slice(0, limit)
  }

  private async having(deposits: readonly DepositName[], key: LookupKey): Promise<number[]> {
    const asked = deposits.flatMap(({ index, iss }) =>
      listsWithDeposit(key, iss).map((list) => ({ key: this.storage.codec.list(list), index })),
    )
    const has = await this.storage.hasLookups(asked)
    return asked.filter((_, i) => has[i]).map(({ index }) => index)
  }
}
