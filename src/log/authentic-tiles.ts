import { toBase64 } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import type { Checkpoint } from '../core/checkpoint-text.ts'
import { EvidenceError } from '../core/errors.ts'
import { tileWidth, tileWidthAt } from '../core/merkle/layout.ts'
import { fullTileRoots, Tile } from '../core/merkle/tile.ts'
import { rootFromTiles, tilesNeeded } from '../core/merkle/tiles.ts'

/** Reads the hashes of a tile as wide as the checkpoint makes it, 32 bytes each. Throws `tile-missing`, `tile-malformed`. */
export type TileBytes = (level: number, n: number) => Promise<Uint8Array>

/**
 * Tiles that are shown to belong to a signed root before they are given out, from the root down: those at the right edge make it, and of any other the root
 * stands in the tile above. Who claims a larger tree than there is shows it within a few tiles. Asked in order it holds one tile of each level.
 */
export class AuthenticTiles {
  private readonly name: string
  private readonly checkpoint: Pick<Checkpoint, 'size' | 'root'>
  private readonly read: TileBytes
  /** Tiles at the right edge, by level. */
  private edge: ReadonlyMap<number, Tile> | undefined
  /** The last of each level that was given. */
  private readonly last = new Map<number, { readonly n: number; readonly bytes: Uint8Array }>()

  /** @param name what is read, for messages. */
  constructor(name: string, checkpoint: Pick<Checkpoint, 'size' | 'root'>, read: TileBytes) {
    this.name = name
    this.checkpoint = checkpoint
    this.read = read
  }

  /** Throws `root-mismatch` where the right edge does not make the root, and what reading throws. */
  async requireRoot(): Promise<void> {
    if (this.edge !== undefined) return
    const { size, root } = this.checkpoint
    const edge = new Map<number, Tile>()
    for (const { level, n } of tilesNeeded([{ begin: 0, end: size }]))
      edge.set(level, Tile.parse(await this.read(level, n)))
    if (
      !equalBytes(
        rootFromTiles(size, (level) => edge.get(level)),
        root,
      )
    )
      throw this.mismatch('the right edge')
    this.edge = edge
  }

  /** The hashes of a tile. Throws `root-mismatch`, and what reading throws. */
  async tile(level: number, n: number): Promise<Uint8Array> {
    const last = this.last.get(level)
    if (last?.n === n) return last.bytes
    const bytes = await this.fresh(level, n)
    this.last.set(level, { n, bytes })
    return bytes
  }

  private async fresh(level: number, n: number): Promise<Uint8Array> {
    await this.requireRoot()
    const width = tileWidthAt(level, n, this.checkpoint.size)
    if (width < tileWidth) return this.edge?.get(level)?.bytes(width) ?? new Uint8Array()
    // From above: what is not of the root is found before anything below it is read.
    const root = await this.rootOf(level, n)
    const bytes = await this.read(level, n)
    if (equalBytes(fullTileRoots(bytes), root)) return bytes
    throw this.mismatch(`tile ${n} of level ${level}`)
  }

  /** The root that a full tile must have. Throws as {@link tile}. */
  async rootOf(level: number, n: number): Promise<Uint8Array> {
    const at = (n % tileWidth) * 32
    return (await this.tile(level + 1, Math.floor(n / tileWidth))).subarray(at, at + 32)
  }

  private mismatch(where: string): EvidenceError {
    const message = `the tiles of ${this.name} are not those that its checkpoint signs, at ${where}`
    return new EvidenceError('root-mismatch', message, { where, expected: toBase64(this.checkpoint.root) })
  }
}
