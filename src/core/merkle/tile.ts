import { EvidenceError } from '../errors.ts'
import { nodeHash, pairHash } from './hashing.ts'
import { tileHeight, tileWidth } from './layout.ts'

const hashBytes = 32

/** Nodes of this height and above, the root left out, are stored beside a full tile. */
const upperFrom = 3
/** Bytes of these nodes, 62 hashes. */
export const upperBytes: number = (rowStart(tileHeight) - rowStart(upperFrom)) * hashBytes

/** What proofs ask of a tile. */
export interface TileNodes {
  /** Hash of the perfect subtree `index` of `height` (0 to 8) inside the tile, or undefined where it is not complete. */
  node(height: number, index: number): Uint8Array | undefined
}

/** Where the row of a height begins, in hashes: 256 leaves, then 128 nodes over them, and so on up to one root. */
function rowStart(height: number): number {
  return 2 * tileWidth - 2 ** (tileHeight + 1 - height)
}

/**
 * One tile with all the nodes inside it: 1 to 256 hashes of its level, and above them each perfect subtree of up to 256, in
 * one buffer of 16 KiB. Appending a hash computes exactly the nodes that it completes.
 */
export class Tile implements TileNodes {
  private readonly nodes = new Uint8Array((2 * tileWidth - 1) * hashBytes)
  private count = 0

  /** Reads 1 to 256 concatenated hashes. Throws `tile-malformed`. */
  static parse(bytes: Uint8Array): Tile {
    if (bytes.length === 0 || bytes.length % hashBytes !== 0 || bytes.length > tileWidth * hashBytes) {
      throw new EvidenceError('tile-malformed', `the tile has ${bytes.length} bytes, not 1 to 256 hashes`)
    }
    const tile = new Tile()
    for (let at = 0; at < bytes.length; at += hashBytes) tile.append(bytes.subarray(at, at + hashBytes))
    return tile
  }

  get width(): number {
    return this.count
  }

  append(hash: Uint8Array): void {
    if (this.count === tileWidth) throw new RangeError('the tile is full')
    let index = this.count++
    this.nodes.set(hash, index * hashBytes)
    for (let height = 1; index % 2 === 1 && height <= tileHeight; height++) {
      const left = this.at(height - 1, index - 1)
      const right = this.at(height - 1, index)
      index = (index - 1) / 2
      this.nodes.set(nodeHash(left, right), (rowStart(height) + index) * hashBytes)
    }
  }

  private at(height: number, index: number): Uint8Array {
    const start = (rowStart(height) + index) * hashBytes
    return this.nodes.subarray(start, start + hashBytes)
  }

  node(height: number, index: number): Uint8Array | undefined {
    return height <= tileHeight && (index + 1) * 2 ** height <= this.count ? this.at(height, index) : undefined
  }

  /** Hash of the full tile: a leaf of the level above. Undefined while partial. */
  get root(): Uint8Array | undefined {
    return this.node(tileHeight, 0)
  }

  /** The first `width` hashes, concatenated. */
  bytes(width: number = this.count): Uint8Array<ArrayBuffer> {
    return this.nodes.slice(0, width * hashBytes)
  }

  /** The 62 nodes of heights 3 to 7 of a full tile, row by row: what {@link TileView} shortens its way with. */
  upper(): Uint8Array<ArrayBuffer> {
    const start = rowStart(upperFrom) * hashBytes
    return this.nodes.slice(start, start + upperBytes)
  }
}

/**
 * A full tile over its stored bytes; each node is computed when it is asked for: at most 3 hashes with the upper nodes, where a
 * whole tile costs 255. Its hashes are not authenticated: the caller must verify every proof that it makes of them.
 */
export class TileView implements TileNodes {
  private readonly leaves: Uint8Array
  private readonly upper: Uint8Array | undefined

  /** @param leaves 256 hashes @param upper {@link Tile.upper}, where it was kept. Throws `tile-malformed`. */
  constructor(leaves: Uint8Array, upper?: Uint8Array) {
    if (leaves.length !== tileWidth * hashBytes || (upper !== undefined && upper.length !== upperBytes)) {
      throw new EvidenceError('tile-malformed', `the tile has ${leaves.length} bytes, not 256 hashes`)
    }
    this.leaves = leaves
    this.upper = upper
  }

  node(height: number, index: number): Uint8Array | undefined {
    if (height > tileHeight || index >= 2 ** (tileHeight - height)) return undefined
    if (height === 0) return this.leaves.subarray(index * hashBytes, (index + 1) * hashBytes)
    if (this.upper !== undefined && height >= upperFrom && height < tileHeight) {
      const start = (rowStart(height) - rowStart(upperFrom) + index) * hashBytes
      return this.upper.subarray(start, start + hashBytes)
    }
    return nodeHash(this.node(height - 1, 2 * index) as Uint8Array, this.node(height - 1, 2 * index + 1) as Uint8Array)
  }
}

/** Roots of full tiles that lie end to end, 8,192 bytes each: 32 bytes each. */
export function fullTileRoots(tiles: Uint8Array): Uint8Array<ArrayBuffer> {
  const tileBytes = tileWidth * hashBytes
  const roots = new Uint8Array((tiles.length / tileBytes) * hashBytes)
  for (let n = 0; n * tileBytes < tiles.length; n++) {
    const row = tiles.slice(n * tileBytes, (n + 1) * tileBytes)
    for (let length = tileBytes; length > hashBytes; length /= 2) {
      for (let at = 0; at < length; at += 2 * hashBytes) row.set(pairHash(row.subarray(at, at + 2 * hashBytes)), at / 2)
    }
    roots.set(row.subarray(0, hashBytes), n * hashBytes)
  }
  return roots
}
