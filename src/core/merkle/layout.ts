/*
 * Where a tree's hashes lie: perfect subtrees, tiles of C2SP tlog-tiles, and the ranges of leaves that proofs consist of.
 * Everything about tiles imports this, and it imports nothing. Sizes are within 2^53-1.
 */

/** Height of a tile: 256 hashes wide. */
export const tileHeight = 8
export const tileWidth = 256

/** Largest power of two smaller than `n` (n ≥ 2): where RFC 6962 splits a tree. */
export function splitPoint(n: number): number {
  let k = 1
  while (k * 2 < n) k *= 2
  return k
}

/** Leaves `begin` to `end` (excluded). */
export interface LeafRange {
  readonly begin: number
  readonly end: number
}

/** A perfect subtree: leaves `index * 2^height` to `(index + 1) * 2^height`. */
export interface Subtree {
  readonly height: number
  readonly index: number
}

/** The perfect subtrees that make up a range, left to right; `begin` is a multiple of the range's first subtree. */
export function perfectSubtrees({ begin, end }: LeafRange): Subtree[] {
  const out: Subtree[] = []
  let at = begin
  while (at < end) {
    let height = 0
    let width = 1
    while (at % (width * 2) === 0 && at + width * 2 <= end) {
      width *= 2
      height++
    }
    out.push({ height, index: at / width })
    at += width
  }
  return out
}

/** Number of hashes of the tile `n` at `level` in a tree of `size`: 0 to 256. */
export function tileWidthAt(level: number, n: number, size: number): number {
  const hashes = Math.floor(size / tileWidth ** level)
  return Math.max(0, Math.min(tileWidth, hashes - n * tileWidth))
}

/** Number of tiles at a level, a partial one included. */
export function tilesAt(level: number, size: number): number {
  return Math.ceil(Math.floor(size / tileWidth ** level) / tileWidth)
}

/** Levels that a tree of `size` has tiles at. */
export function tileLevels(size: number): number {
  let levels = 0
  while (Math.floor(size / tileWidth ** levels) > 0) levels++
  return levels
}

/** One number for a tile's place, to keep tiles by: at most 7 levels of at most 2^45 tiles. */
export function tileNumber(level: number, n: number): number {
  return 8 * n + level
}

/** `1234067` as `x001/x234/067`. */
export function tileIndexPath(n: number): string {
  let path = String(n % 1000).padStart(3, '0')
  for (let rest = Math.floor(n / 1000); rest > 0; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, '0')}/${path}`
  }
  return path
}

/** `tile/<L>/<N>[.p/<W>]`, or `tile/entries/<N>[.p/<W>]`. */
export function tilePath(level: number | 'entries', n: number, width: number): string {
  const suffix = width === tileWidth ? '' : `.p/${width}`
  return `tile/${level}/${tileIndexPath(n)}${suffix}`
}

/** A tile's address as {@link tilePath} writes it. */
export interface TileAddress {
  readonly level: number | 'entries'
  readonly n: number
  /** 1 to 256. */
  readonly width: number
}

const addressShape = /^(entries|0|[1-9]|[1-5][0-9]|6[0-3])\/((?:x[0-9]{3}\/){0,5}[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/

/** Reads what follows `tile/`; undefined for any other spelling of the same tile. */
export function parseTilePath(path: string): TileAddress | undefined {
  const match = addressShape.exec(path)
  if (match === null) return undefined
  const n = Number((match[2] as string).replace(/[x/]/g, ''))
  const width = match[3] === undefined ? tileWidth : Number(match[3])
  if (!Number.isSafeInteger(n) || tileIndexPath(n) !== match[2]) return undefined
  if (match[3] !== undefined && width >= tileWidth) return undefined
  return { level: match[1] === 'entries' ? 'entries' : Number(match[1]), n, width }
}
