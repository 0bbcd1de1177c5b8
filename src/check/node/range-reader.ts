import type { EntryRun } from '../../core/bundle.ts'
import { Arena } from '../../ledger/leveldb/arena.ts'
import { isEachSpanBegun, spanOf } from '../../ledger/leveldb/entry-runs.ts'
import type { LoggedKeys } from '../../ledger/leveldb/logged-keys.ts'
import { type ScanInto, scanStep, type ScanStep } from '../../ledger/leveldb/lookup-scan.ts'
import { type Bounds, TableReader } from '../../ledger/leveldb/table-reader.ts'
import type { DatabaseSnapshot } from '../../ledger/leveldb/table-snapshot.ts'
import type { DisclosedBytes } from '../../log/log.ts'
import type { EntryRange } from '../../verify/appraiser.ts'
import { type Chunk, packDisclosed } from '../../verify/chunks.ts'
import { type Join, type Packed, packedFrom, packRuns } from '../../verify/packed.ts'

/**
 * Reads entries and disclosures of a closed database on a thread of its own, as the source reads them on the thread of the walk. Undefined where
 * not every entry lies there as it should: then the source decides what is wrong.
 */
export class RangeReader {
  private readonly tables: TableReader
  private readonly arena = new Arena()
  private readonly join: Join = (parts) => {
    const out = this.arena.allocate(parts.reduce((sum, { length }) => sum + length, 0))
    let at = 0
    for (const part of parts) {
      out.set(part, at)
      at += part.length
    }
    return out
  }

  constructor(snapshot: DatabaseSnapshot) {
    this.tables = new TableReader(snapshot)
  }

  /** One step of a scan over look-up keys: see {@link scanStep}. */
  lookups(bounds: Bounds, logged: LoggedKeys, into: ScanInto): ScanStep | undefined {
    return scanStep(this.tables, bounds, logged, into)
  }

  /** A chunk, of use until the next call. */
  chunk(range: EntryRange): Chunk | undefined {
    const { begin, end } = range
    const entries = this.entries(range)
    if (entries === undefined) return undefined
    const disclosed: DisclosedBytes[] = []
    const isRead = this.tables.range('s', begin, end, (index, bytes) => disclosed.push({ index, bytes }))
    return isRead ? { begin, entries, disclosures: packDisclosed(begin, end, disclosed, this.join) } : undefined
  }

  /** Entries, of use until the next call. */
  entries({ begin, end }: EntryRange): Packed | undefined {
    this.arena.reset()
    const first = spanOf(begin)
    const runs: EntryRun[] = []
    const isRead = this.tables.range('b', first, end, (start, bytes) => runs.push({ begin: start, bytes }))
    if (!isRead || !isEachSpanBegun(first, end, runs)) return undefined
    const packed = packRuns(first, end, runs, this.join)
    return first === begin || packed === undefined ? packed : packedFrom(packed, begin - first, end - first)
  }
}
