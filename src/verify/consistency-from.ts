import {
  consistencyProof,
  consistencyRanges,
  EvidenceError,
  parseSignedCheckpoint,
  Tile,
  tilesNeeded,
  tileWidthAt,
} from '../core/index.ts'
import type { LogSource } from './source.ts'

/**
 * The consistency proof between two earlier sizes of a ledger, out of tiles alone. Nothing is verified here: check what comes
 * of it. Throws `tile-missing`, and `query-invalid` where the source does not reach that far.
 */
export async function consistencyFrom(source: LogSource, size1: number, size2: number): Promise<Uint8Array[]> {
  const { size } = parseSignedCheckpoint(await source.checkpoint()).checkpoint
  if (size1 < 1 || size1 > size2 || size2 > size) {
    throw new EvidenceError('query-invalid', `${source.name} has ${size} entries: no proof from ${size1} to ${size2}`)
  }
  const tiles = new Map<string, Tile>()
  // Tiles of the source's own size: static files have no other widths, and wider ones serve.
  for (const { level, n } of tilesNeeded(consistencyRanges(size1, size2))) {
    const bytes = await source.tile(level, n, tileWidthAt(level, n, size))
    if (bytes !== undefined) tiles.set(`${level}/${n}`, Tile.parse(bytes))
  }
  return consistencyProof(size1, size2, (level, n) => tiles.get(`${level}/${n}`))
}
