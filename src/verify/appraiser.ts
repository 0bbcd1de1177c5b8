import type { Registry } from '../statements/registry.ts'
import type { RuleContext } from '../statements/rules.ts'
import type { Appraisal } from './appraisal.ts'
import type { Chunk } from './chunks.ts'
import type { LogSnapshot } from '../log/log.ts'
import type { Packed } from './packed.ts'
import type { Rehashed } from './rehash.ts'

/** Other threads, for what needs no entry but the one in hand. Rejects only if a thread dies: nothing is accepted then. */
export interface Appraiser {
  /** Asked once, before anything else: false where a walk of so many entries is faster without. Absent: it always is worth it. */
  isWorth?(entries: number): boolean
  appraise(
    chunk: Chunk,
    registry: Registry,
    context: Pick<RuleContext, 'origin' | 'ledgerKeys'>,
  ): Promise<Appraisal | undefined>
  /**
   * Appraises the entries `begin` to `end` (excluded), which a thread reads for itself. Undefined where it cannot read them as the source would:
   * that says nothing about them.
   */
  appraiseRange?(
    snapshot: LogSnapshot,
    range: EntryRange,
    registry: Registry,
    context: Pick<RuleContext, 'origin' | 'ledgerKeys'>,
  ): Promise<Appraisal | undefined>
  /** Hashes entries again that a thread reads for itself; undefined as in {@link appraiseRange}. */
  rehashRange?(snapshot: LogSnapshot, range: EntryRange, newIds: ReadonlySet<string>): Promise<Rehashed | undefined>
  rehash(entries: Packed, newIds: ReadonlySet<string>): Promise<Rehashed>
  /** Roots of full tiles that lie end to end, 32 bytes each. */
  tileRoots(tiles: Uint8Array<ArrayBuffer>): Promise<Uint8Array>
}

/** Consecutive entries. */
export interface EntryRange {
  readonly begin: number
  /** The first that is no part of it. */
  readonly end: number
}
