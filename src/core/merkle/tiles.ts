import { EvidenceError } from '../errors.ts'
import { emptyRoot } from './hashing.ts'
import { type LeafRange, perfectSubtrees, type Subtree, tileHeight, tileNumber, tileWidth } from './layout.ts'
import { consistencyRanges, inclusionRanges, rangeHash } from './prove.ts'
import type { TileNodes } from './tile.ts'

/** Tiles as somebody keeps them; undefined where there is none. The tile may be wider than asked. */
export type TileReader<T extends TileNodes = TileNodes> = (level: number, n: number) => T | undefined

/** Which tile holds a subtree, and where inside: heights 0 to 7 in level 0, 8 to 15 in level 1, and so on. */
function locate({ height, index }: Subtree): { level: number; n: number; inner: number; offset: number } {
  const inner = height % tileHeight
  const perTile = tileWidth / 2 ** inner
  return { level: Math.floor(height / tileHeight), n: Math.floor(index / perTile), inner, offset: index % perTile }
}

/** The tiles that hold the hashes of some ranges, each once: what to fetch before computing. */
export function tilesNeeded(ranges: readonly LeafRange[]): { level: number; n: number }[] {
  const needed = new Map<number, { level: number; n: number }>()
  for (const range of ranges) {
    for (const subtree of perfectSubtrees(range)) {
      const { level, n } = locate(subtree)
      const number = tileNumber(level, n)
      if (!needed.has(number)) needed.set(number, { level, n })
    }
  }
  return [...needed.values()]
}

/** Hashes of perfect subtrees, out of tiles. Throws `tile-missing`. */
export function subtreeHashFrom(read: TileReader): (subtree: Subtree) => Uint8Array {
  return (subtree) => {
    const { level, n, inner, offset } = locate(subtree)
    const hash = read(level, n)?.node(inner, offset)
    if (hash === undefined) {
      throw new EvidenceError('tile-missing', `the tile ${n} of level ${level} lacks a hash that the tree needs`)
    }
    return hash
  }
}

/** Root of the tree of `size`, from tiles. Throws `tile-missing`. */
export function rootFromTiles(size: number, read: TileReader): Uint8Array {
  return size === 0 ? emptyRoot() : rangeHash({ begin: 0, end: size }, subtreeHashFrom(read))
}

/** Inclusion proof of `index` in the tree of `size`, from tiles. Throws `tile-missing`. */
export function inclusionProof(index: number, size: number, read: TileReader): Uint8Array[] {
  const hash = subtreeHashFrom(read)
  return inclusionRanges(index, size).map((range) => rangeHash(range, hash))
}

/** Consistency proof from `size1` to `size2` (0 < size1 <= size2), from tiles. Throws `tile-missing`. */
export function consistencyProof(size1: number, size2: number, read: TileReader): Uint8Array[] {
  const hash = subtreeHashFrom(read)
  return consistencyRanges(size1, size2).map((range) => rangeHash(range, hash))
}
