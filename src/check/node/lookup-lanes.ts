import type { LoggedKeys } from '../../ledger/leveldb/logged-keys.ts'
import { lookupRanges, type ScanInto, type ScanStep } from '../../ledger/leveldb/lookup-scan.ts'
import type { Bounds } from '../../ledger/leveldb/table-reader.ts'
import type { DatabaseSnapshot } from '../../ledger/leveldb/table-snapshot.ts'
import { addBuckets, bucketsOf, type StoredSums } from '../../ledger/lookup-sums.ts'
import { addChecksums, emptyLookupChecksum } from '../../ledger/lookup-tally.ts'

/** What threads do of a scan. */
export interface LookupThreads {
  readonly threads: number
  readonly logged: (logs: readonly Uint8Array[]) => Promise<LoggedKeys | undefined>
  readonly step: (bounds: Bounds, logged: LoggedKeys, into: ScanInto) => Promise<ScanStep | undefined>
}

/**
 * Sums of all look-up keys and statement ids of a database, for `size` entries and under the keys `by`; undefined where threads cannot tell
 * them with certainty. One step a thread at a time, so that threads take turns with what else they do.
 */
export async function scanLookups(
  { threads, logged, step }: LookupThreads,
  snapshot: DatabaseSnapshot,
  size: number,
  by: Pick<ScanInto, 'seed' | 'key'>,
): Promise<StoredSums | undefined> {
  const keys = await logged(snapshot.logs)
  if (keys === undefined) return undefined
  const left = lookupRanges(snapshot)
  let checksum = emptyLookupChecksum
  let isTold = true
  /** Where one step adds at a time: no other lane writes there. */
  const lane = async (): Promise<Float64Array> => {
    const sums = new Float64Array(new SharedArrayBuffer(8 * bucketsOf(size)))
    for (let bounds = left.shift(); bounds !== undefined && isTold; ) {
      const done: ScanStep | undefined = await step(bounds, keys, { sums, size, ...by })
      isTold &&= done !== undefined
      if (done !== undefined) checksum = addChecksums(checksum, done)
      bounds = done?.next === undefined ? left.shift() : { from: done.next, to: bounds.to }
    }
    return sums
  }
  const [buckets, ...others] = await Promise.all(Array.from({ length: Math.max(1, threads) }, lane))
  if (!isTold || buckets === undefined) return undefined
  for (const other of others) addBuckets(buckets, other)
  return { checksum, buckets }
}
