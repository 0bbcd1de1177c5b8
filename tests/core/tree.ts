import { utf8 } from '../../src/core/bytes.ts'
import { tileWidth } from '../../src/core/merkle/layout.ts'
import { Tile } from '../../src/core/merkle/tile.ts'
import type { TileReader } from '../../src/core/merkle/tiles.ts'
import { leafHashOf } from '../reference/rfc6962.ts'

/** Leaves that differ in content and in length. */
export function someLeaves(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, i) => utf8(`leaf ${i} ${'.'.repeat(i % 7)}`))
}

/** Every tile over the leaves, level by level; a level's hashes are the roots of the full tiles below. */
export function tilesOver(leaves: readonly Uint8Array[]): TileReader {
  const levels: Tile[][] = []
  for (let hashes = leaves.map(leafHashOf); hashes.length > 0; ) {
    const tiles: Tile[] = []
    for (let at = 0; at < hashes.length; at += tileWidth) {
      const tile = new Tile()
      for (const hash of hashes.slice(at, at + tileWidth)) tile.append(hash)
      tiles.push(tile)
    }
    levels.push(tiles)
    hashes = tiles.map(({ root }) => root).filter((root) => root !== undefined)
  }
  return (level, n) => levels[level]?.[n]
}
