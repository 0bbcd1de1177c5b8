import { EvidenceError } from '../errors.ts'
import { nodeHash } from './hashing.ts'
import { tileHeight, tileWidth } from './layout.ts'

/**
 * One tile with all the nodes inside it: 1 to 256 hashes of its level, and above them each perfect subtree of up to 256.
 * Appending a hash computes exactly the nodes that it completes.
 */
export class Tile {
  /** `nodes[h]` holds the hashes of the perfect subtrees of height h within the tile, in order. */
  private readonly nodes: Uint8Array[][] = Array.from({ length: tileHeight + 1 }, () => [])

  /** Reads 1 to 256 concatenated hashes. Throws `tile-malformed`. */
  static parse(bytes: Uint8Array): Tile {
    if (bytes.length === 0 || bytes.length % 32 !== 0 || bytes.length > tileWidth * 32) {
      throw new EvidenceError('tile-malformed', `the tile has ${bytes.length} bytes, not 1 to 256 hashes`)
    }
    const tile = new Tile()
    for (let at = 0; at < bytes.length; at += 32) tile.append(bytes.slice(at, at + 32))
    return tile
  }

  get width(): number {
    return (this.nodes[0] as Uint8Array[]).length
  }

  append(hash: Uint8Array): void {
    if (this.width === tileWidth) throw new RangeError('the tile is full')
    let node = hash
    for (let height = 0; ; height++) {
      const row = this.nodes[height] as Uint8Array[]
      row.push(node)
      if (row.length % 2 === 1 || height === tileHeight) return
      node = nodeHash(row[row.length - 2] as Uint8Array, node)
    }
  }

  /** Hash of the perfect subtree `index` of `height` (0 to 8) inside the tile, or undefined where it is not complete. */
  node(height: number, index: number): Uint8Array | undefined {
    return this.nodes[height]?.[index]
  }

  /** Hash of the full tile: a leaf of the level above. Undefined while partial. */
  get root(): Uint8Array | undefined {
    return this.node(tileHeight, 0)
  }

  /** The first `width` hashes, concatenated. */
  bytes(width: number = this.width): Uint8Array<ArrayBuffer> {
    const out = new Uint8Array(width * 32)
    const row = this.nodes[0] as Uint8Array[]
    for (let i = 0; i < width; i++) out.set(row[i] as Uint8Array, i * 32)
    return out
  }
}
