import { utf8 } from '../core/bytes.ts'
import { tileWidth } from '../core/merkle/layout.ts'
import { type Join, pack, type Packed, packedFrom, packRuns, unpack } from './packed.ts'
import type { DisclosedBytes, LogSource } from '../log/log.ts'

/** Consecutive entries and what is disclosed of them, as a source gave them. */
export interface Chunk {
  readonly begin: number
  readonly entries: Packed
  /** Disclosures of each entry, ASCII, joined by tildes; undefined where none has any. */
  readonly disclosures: Packed | undefined
}

/** Reads the entries `begin` to `end` (excluded), with their disclosures. */
export async function readChunk(source: LogSource, begin: number, end: number): Promise<Chunk> {
  const [entries, disclosures] = await Promise.all([readPacked(source, begin, end), readDisclosed(source, begin, end)])
  return { begin, entries, disclosures }
}

/** A chunk without its entries before `from`, nor those from `end` on. */
export function chunkBetween({ begin, entries, disclosures }: Chunk, from: number, end: number): Chunk {
  const cut = (packed: Packed): Packed => packedFrom(packed, from - begin, end - begin)
  return { begin: from, entries: cut(entries), disclosures: disclosures === undefined ? undefined : cut(disclosures) }
}

/** The entries `begin` to `end` (excluded), packed: as they lie where the source has them so. */
export async function readPacked(source: LogSource, begin: number, end: number): Promise<Packed> {
  const runs = await source.entryRuns?.(begin, end)
  const asTheyLie = runs && packRuns(begin, end, runs)
  return asTheyLie ?? pack(await readEntries(source, begin, end))
}

/** The entries `begin` to `end` (excluded), one by one. */
export async function readEach(source: LogSource, begin: number, end: number): Promise<(Uint8Array | undefined)[]> {
  return unpack(await readPacked(source, begin, end))
}

/** Whole bundles, cut to what was asked. */
async function readEntries(source: LogSource, begin: number, end: number): Promise<(Uint8Array | undefined)[]> {
  const bundles: Promise<(Uint8Array | undefined)[]>[] = []
  const from = begin - (begin % tileWidth)
  for (let at = from; at < end; at += tileWidth) {
    bundles.push(source.entries(at / tileWidth, Math.min(tileWidth, end - at)))
  }
  return (await Promise.all(bundles)).flat().slice(begin - from)
}

async function readDisclosed(source: LogSource, begin: number, end: number): Promise<Packed | undefined> {
  if (source.disclosedBytes !== undefined) return packDisclosed(begin, end, await source.disclosedBytes(begin, end))
  const texts = (await source.disclosuresIn?.(begin, end)) ?? []
  const disclosed = Array.from(texts, ([index, parts]) => ({ index, bytes: utf8(parts.join('~')) }))
  return packDisclosed(begin, end, disclosed)
}

/** The disclosures of the entries `begin` to `end` (excluded), packed; undefined where none has any. */
export function packDisclosed(
  begin: number,
  end: number,
  disclosed: readonly DisclosedBytes[],
  join?: Join,
): Packed | undefined {
  if (disclosed.length === 0) return undefined
  const parts = new Array<Uint8Array | undefined>(end - begin).fill(undefined)
  for (const { index, bytes } of disclosed) parts[index - begin] = bytes
  return pack(parts, join)
}
