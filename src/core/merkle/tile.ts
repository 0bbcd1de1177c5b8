import { EvidenceError } from '../errors.ts'
import { nodeHash } from './hashing.ts'
import { tileHeight, tileWidth } from './layout.ts'

const hashBytes = 32

/** Where the row of a height begins, in hashes: 256 leaves, then 128 nodes over them, and so on up to one root. */
function rowStart(height: number): number {
  return 2 * tileWidth - 2 ** (tileHeight + 1 - height)
}

/**
 * One tile with all the nodes inside it: 1 to 256 hashes of its level, and above them each perfect subtree of up to 256, in
 * one buffer of 16 KiB. Appending a hash computes exactly the nodes that it completes.
 */
export class Tile {
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

  /** Hash of the perfect subtree `index` of `height` (0 to 8) inside the tile, or undefined where it is not complete. */
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
}
