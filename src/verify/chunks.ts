import { tileWidth } from '../core/index.ts'
import type { Registry, RuleContext } from '../evidence/index.ts'
import type { Appraisal } from './appraise.ts'
import type { Rehashed } from './rehash.ts'
import type { LogSource } from './source.ts'

/** Consecutive entries and their disclosures, as a source gave them. */
export interface ChunkRead {
  readonly begin: number
  readonly entries: readonly (Uint8Array | undefined)[]
  readonly disclosures: ReadonlyMap<number, readonly string[]>
}

/** Other threads, for what needs no entry but the one in hand. Rejects only if a thread dies: nothing is accepted then. */
export interface Appraiser {
  appraise(
    chunk: ChunkRead,
    registry: Registry,
    context: Pick<RuleContext, 'origin' | 'ledgerKeys'>,
  ): Promise<Appraisal | undefined>
  rehash(entries: readonly (Uint8Array | undefined)[], newIds: ReadonlySet<string>): Promise<Rehashed>
  /** Roots of full tiles that lie end to end, 32 bytes each. */
  tileRoots(tiles: Uint8Array<ArrayBuffer>): Promise<Uint8Array>
}

/** Reads the entries `begin` to `end` (excluded), with or without their disclosures. */
export async function readChunk(source: LogSource, begin: number, end: number): Promise<ChunkRead> {
  const [entries, disclosures] = await Promise.all([
    readEntries(source, begin, end),
    source.disclosuresIn?.(begin, end) ?? new Map<number, string[]>(),
  ])
  return { begin, entries, disclosures }
}

/** The entries `begin` to `end`: whole bundles, cut to what was asked. */
export async function readEntries(source: LogSource, begin: number, end: number): Promise<(Uint8Array | undefined)[]> {
  const bundles: Promise<(Uint8Array | undefined)[]>[] = []
  const from = begin - (begin % tileWidth)
  for (let at = from; at < end; at += tileWidth) {
    bundles.push(source.entries(at / tileWidth, Math.min(tileWidth, end - at)))
  }
  return (await Promise.all(bundles)).flat().slice(begin - from)
}

/** Entries end to end, as a thread is handed them: a missing one has the length 0. */
export function packEntries(entries: readonly (Uint8Array | undefined)[]): {
  lengths: Uint32Array<ArrayBuffer>
  bytes: Uint8Array<ArrayBuffer>
} {
  const lengths = Uint32Array.from(entries, (entry) => entry?.length ?? 0)
  const bytes = new Uint8Array(lengths.reduce((sum, length) => sum + length, 0))
  let at = 0
  for (const entry of entries) {
    if (entry === undefined) continue
    bytes.set(entry, at)
    at += entry.length
  }
  return { lengths, bytes }
}
