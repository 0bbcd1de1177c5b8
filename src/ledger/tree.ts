import { equalBytes } from '../core/bytes.ts'
import { leafHash } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import { tileLevels, tileNumber, tileWidth, tileWidthAt } from '../core/merkle/layout.ts'
import { CompactRange } from '../core/merkle/range.ts'
import { Tile, type TileNodes, TileView } from '../core/merkle/tile.ts'
import type { TileReader } from '../core/merkle/tiles.ts'
import { requireLeaf } from './entry-facts.ts'
import type { LedgerStorage, StoredTile } from './storage.ts'

/** What a tree reads: entries and full tiles. */
type TreeStorage = Pick<LedgerStorage, 'entries' | 'tile' | 'tileView'>

/** A tile that a group completed. */
export interface CompletedTile {
  readonly level: number
  readonly n: number
  readonly tile: Tile
}

const tileBytes = tileWidth * 32

function missing(level: number, n: number): EvidenceError {
  return new EvidenceError('tile-missing', `the tile ${n} of level ${level} is missing from the database`)
}

/** Full tiles read before, with their nodes; the oldest go first. 17 KiB each. */
const cachedTiles = 512

/**
 * The ledger's tree as tiles: the right edge in memory, full tiles in storage. The sequencer appends; readers may ask for
 * any size up to what is published, since a tile only ever grows.
 */
export class LedgerTree {
  private readonly edge: Tile[] = []
  /** Completed by the group in hand, by level and number; they stay until it is stored and answered. */
  private readonly completed = new Map<number, CompletedTile>()
  private readonly cache = new Map<number, Tile>()
  private readonly storage: TreeStorage
  private count = 0

  constructor(storage: TreeStorage) {
    this.storage = storage
  }

  get size(): number {
    return this.count
  }

  append(leafHash: Uint8Array): void {
    let hash = leafHash
    this.count++
    for (let level = 0; ; level++) {
      let tile = this.edge[level]
      if (tile === undefined || tile.width === tileWidth) {
        tile = new Tile()
        this.edge[level] = tile
      }
      tile.append(hash)
      if (tile.root === undefined) return
      const n = Math.floor(this.count / tileWidth ** (level + 1)) - 1
      this.completed.set(tileNumber(level, n), { level, n, tile })
      hash = tile.root
    }
  }

  /** The tiles that the group in hand completed: to be stored with it. */
  completedTiles(): CompletedTile[] {
    return [...this.completed.values()]
  }

  /** The completed tiles of the group in hand as storage takes them: their bytes, and at level 0, where tiles are many, their upper nodes. */
  tilesToStore(): StoredTile[] {
    return this.completedTiles().map(({ level, n, tile }) => {
      const stored = { level, n, bytes: tile.bytes() }
      return level === 0 ? { ...stored, upper: tile.upper() } : stored
    })
  }

  /** Moves the completed tiles into the cache. To be called when the group is stored and answered. */
  releaseCompleted(): void {
    for (const { level, n, tile } of this.completed.values()) this.remember(level, n, tile)
    this.completed.clear()
  }

  private remember(level: number, n: number, tile: Tile): void {
    const number = tileNumber(level, n)
    this.cache.delete(number)
    this.cache.set(number, tile)
    if (this.cache.size > cachedTiles) this.cache.delete(this.cache.keys().next().value as number)
  }

  /** Reads from memory alone. */
  readonly read: TileReader<Tile> = (level, n) => {
    const edge = this.edge[level]
    const edgeN = Math.ceil(Math.floor(this.count / tileWidth ** level) / tileWidth) - 1
    if (edge !== undefined && n === edgeN) return edge
    // Past the edge there is no tile, and asking the level above would never end.
    if (edge === undefined) throw new EvidenceError('tile-missing', `the tree has no tile ${n} of level ${level}`)
    const number = tileNumber(level, n)
    return this.completed.get(number)?.tile ?? this.cache.get(number)
  }

  /**
   * The stored bytes of an entry, re-hashed against its tile: a database may return wrong bytes without an error.
   * Throws `storage-damaged`, `tile-missing`.
   */
  async entry(index: number): Promise<Uint8Array> {
    const n = Math.floor(index / tileWidth)
    const [[bytes], read] = await Promise.all([this.storage.entries(index, index + 1), this.load([{ level: 0, n }])])
    return requireLeaf(bytes, read(0, n)?.node(0, index % tileWidth), index)
  }

  /**
   * Brings tiles into memory and gives a reader that has them, whatever the cache does meanwhile. Each stored tile must have
   * the root that the tile above it holds, up to the right edge, whose root was the signed one on opening.
   * Throws `tile-missing`, `tile-malformed`, `storage-damaged`.
   */
  async load(tiles: readonly { readonly level: number; readonly n: number }[]): Promise<TileReader<Tile>> {
    const held = new Map<number, Tile>()
    await Promise.all(
      tiles.map(async ({ level, n }) => {
        held.set(tileNumber(level, n), await this.authentic(level, n))
      }),
    )
    return (level, n) => held.get(tileNumber(level, n)) ?? this.read(level, n)
  }

  /**
   * Brings tiles into memory and gives a reader that has them, for a proof that the caller verifies before it is given out: tiles of
   * level 0 that are not in memory are taken from storage unauthenticated, at a tenth of the hashes of {@link load}.
   * Throws `tile-missing`, `tile-malformed`, `storage-damaged`.
   */
  async loadViews(tiles: readonly { readonly level: number; readonly n: number }[]): Promise<TileReader> {
    const held = new Map<number, TileNodes>()
    await Promise.all(
      tiles.map(async ({ level, n }) => {
        // Above level 0 tiles are few and in every proof's way: they are worth the whole.
        const tile = this.use(level, n) ?? (await (level === 0 ? this.view(n) : this.authentic(level, n)))
        held.set(tileNumber(level, n), tile)
      }),
    )
    return (level, n) => held.get(tileNumber(level, n)) ?? this.read(level, n)
  }

  private async view(n: number): Promise<TileNodes> {
    const stored = await this.storage.tileView(0, n)
    if (stored?.bytes.length !== tileBytes) throw missing(0, n)
    return new TileView(stored.bytes, stored.upper)
  }

  /** Reads from memory alone, and keeps the tile for longer. */
  private use(level: number, n: number): Tile | undefined {
    const tile = this.read(level, n)
    const number = tileNumber(level, n)
    if (tile !== undefined && this.cache.delete(number)) this.cache.set(number, tile)
    return tile
  }

  private async authentic(level: number, n: number): Promise<Tile> {
    const inMemory = this.use(level, n)
    if (inMemory !== undefined) return inMemory
    const [bytes, above] = await Promise.all([
      this.storage.tile(level, n),
      this.authentic(level + 1, Math.floor(n / tileWidth)),
    ])
    if (bytes?.length !== tileBytes) throw missing(level, n)
    const tile = Tile.parse(bytes)
    const expected = above.node(0, n % tileWidth)
    if (expected === undefined || !equalBytes(tile.root as Uint8Array, expected)) {
      throw new EvidenceError(
        'storage-damaged',
        `the stored tile ${n} of level ${level} is not that of the signed tree`,
      )
    }
    this.remember(level, n, tile)
    return tile
  }

  /**
   * Rebuilds the right edge of a tree of `size`: entries after the last full tile, and above them the roots of full tiles.
   * Throws `entry-missing`, `tile-missing`.
   */
  static async rebuild(storage: TreeStorage, size: number): Promise<LedgerTree> {
    const tree = new LedgerTree(storage)
    tree.count = size
    const levels = tileLevels(size)
    for (let level = 0; level < levels; level++) {
      const width = Math.floor(size / tileWidth ** level)
      const n = Math.ceil(width / tileWidth) - 1
      const tile = new Tile()
      const hashes =
        level === 0
          ? await leavesFrom(storage, n * tileWidth, size)
          : await tileRoots(storage, level - 1, n * tileWidth, width)
      for (const hash of hashes) tile.append(hash)
      if (tile.width !== tileWidthAt(level, n, size)) throw new RangeError('the right edge has an impossible width')
      tree.edge[level] = tile
    }
    return tree
  }
}

async function leavesFrom(storage: TreeStorage, begin: number, end: number): Promise<Uint8Array[]> {
  const entries = await storage.entries(begin, end)
  return entries.map((bytes, i) => {
    if (bytes === undefined) {
      throw new EvidenceError('entry-missing', `entry ${begin + i} is missing from the database`, { index: begin + i })
    }
    return leafHash(bytes)
  })
}

/** Roots of the full tiles `begin` to `end` of a level. */
async function tileRoots(storage: TreeStorage, level: number, begin: number, end: number): Promise<Uint8Array[]> {
  const roots: Uint8Array[] = []
  for (let n = begin; n < end; n++) {
    const bytes = await storage.tile(level, n)
    if (bytes?.length !== tileBytes) throw missing(level, n)
    roots.push(rootOfTile(bytes))
  }
  return roots
}

/** The root over the hashes of a tile, folded in log memory. */
export function rootOfTile(bytes: Uint8Array): Uint8Array {
  const range = new CompactRange()
  for (let at = 0; at + 32 <= bytes.length; at += 32) range.append(bytes.subarray(at, at + 32))
  return range.root()
}
