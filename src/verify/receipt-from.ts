import {
  encodeReceipt,
  EvidenceError,
  fromUtf8,
  inclusionProof,
  inclusionRanges,
  type Jwk,
  parseEntry,
  parseSignedCheckpoint,
  thumbprint,
  Tile,
  tilesNeeded,
  tileWidth,
  tileWidthAt,
} from '../core/index.ts'
import { bodyOfEntry, keysBroughtBy, readEnvelope } from '../evidence/index.ts'
import { readEach } from './chunks.ts'
import type { LogSource } from './source.ts'

/**
 * The receipt of an entry, out of tiles alone, at the source's checkpoint. Nothing is verified here: check what comes of it.
 * Throws `entry-not-found`, `entry-missing`, `tile-missing`, `key-unknown` where no entry brought the signer's key.
 */
export async function receiptFrom(source: LogSource, index: number): Promise<string> {
  const noteBytes = await source.checkpoint()
  const { size } = parseSignedCheckpoint(noteBytes).checkpoint
  if (index >= size) {
    throw new EvidenceError('entry-not-found', `there is no entry ${index}; ${source.name} has ${size}`, { index })
  }
  const entryBytes = await entryAt(source, index, size)
  const entry = parseEntry(entryBytes)
  if (!entry.known) throw new EvidenceError('not-judged', `entry ${index} has the version ${entry.version}`, { index })
  const { kid } = readEnvelope(entry.statement).header
  const signer = await keyNamed(source, kid, index, size)
  const tiles = new Map<string, Tile>()
  for (const { level, n } of tilesNeeded(inclusionRanges(index, size))) {
    const bytes = await source.tile(level, n, tileWidthAt(level, n, size))
    if (bytes !== undefined) tiles.set(`${level}/${n}`, Tile.parse(bytes))
  }
  const proof = inclusionProof(index, size, (level, n) => tiles.get(`${level}/${n}`))
  return encodeReceipt({ entryBytes, signer, disclosures: [] }, index, proof, fromUtf8(noteBytes))
}

/** Bundles are asked for with the width that follows from the size: static files have no other (docs/spec/12-tiles.md). */
async function entryAt(source: LogSource, index: number, size: number): Promise<Uint8Array> {
  const n = Math.floor(index / tileWidth)
  const bundle = await source.entries(n, tileWidthAt(0, n, size))
  const bytes = bundle[index % tileWidth]
  if (bytes !== undefined) return bytes
  throw new EvidenceError('entry-missing', `${source.name} does not give entry ${index}`, { index })
}

/** A key was brought by an entry at or before the first that it signed. */
async function keyNamed(source: LogSource, kid: string, until: number, size: number): Promise<Jwk> {
  for (let begin = 0; begin <= until; begin += tileWidth) {
    for (const bytes of await readEach(source, begin, Math.min(size, begin + tileWidth))) {
      const found =
        bytes === undefined ? undefined : keysBroughtBy(bodyOfEntry(bytes)).find((jwk) => thumbprint(jwk) === kid)
      if (found !== undefined) return found
    }
  }
  throw new EvidenceError('key-unknown', `no entry up to ${until} brings the key ${kid}`, { where: source.name })
}
