import type { EntryRun } from '../core/bundle.ts'

/** Where a ledger is read from: a data folder, a URL, a folder of static tiles. Nothing that it gives is trusted. */
export interface LogSource {
  /** What is being verified, for the report. */
  readonly name: string
  /** The signed checkpoint. Throws `checkpoint-missing` and what reading throws. */
  checkpoint(): Promise<Uint8Array>
  /** Bytes of the hash tile, `width` hashes or more, or undefined where there is none. */
  tile(level: number, n: number, width: number): Promise<Uint8Array | undefined>
  /** The `width` entries of bundle `n`; undefined where one cannot be had. */
  entries(n: number, width: number): Promise<(Uint8Array | undefined)[]>
  /** The entries `begin` to `end` (excluded) as they lie, where a source has them so: fewer buffers than {@link entries}. */
  entryRuns?(begin: number, end: number): Promise<readonly EntryRun[]>
  /** Disclosures kept for the entries `begin` to `end` (excluded), by index; missing where the source keeps none. */
  disclosuresIn?(begin: number, end: number): Promise<Map<number, string[]>>
  /** Digests of erased disclosures, by index, where the source keeps all disclosures but those: then others that are not there are lost. */
  erased?(): Promise<ReadonlyMap<number, ReadonlySet<string>>>
  /** The stored disclosures of entries `begin` to `end` (excluded), ascending by index, unparsed: of each entry the ASCII of all, joined by tildes. Missing where the source has no such form. */
  disclosedBytes?(begin: number, end: number): Promise<readonly DisclosedBytes[]>
  /** What another thread needs to read entries and disclosures for itself, where the source has such a thing. */
  readonly snapshot?: LogSnapshot | undefined
}

/** Plain data of a source's own making, that can be copied to another thread; `kind` says which reader understands it. */
export interface LogSnapshot {
  readonly kind: string
}

export interface DisclosedBytes {
  readonly index: number
  readonly bytes: Uint8Array
}
