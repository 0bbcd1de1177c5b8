import { addHash, type LookupChecksum } from './lookup-tally.ts'

/** Entries of one bucket. */
export const bucketWidth = 256

export function bucketOf(index: number): number {
  return Math.floor(index / bucketWidth)
}

/** Buckets of so many entries. */
export function bucketsOf(size: number): number {
  return Math.ceil(size / bucketWidth)
}

/**
 * What a database holds: the checksum of all its keys, and of each bucket the sum of the audit's hashes (audit-hash.ts) of the keys that lead
 * to its entries. The checksum's hashes have a key that lies beside the database: who may write there can make sums come out as they
 * like.
 */
export interface StoredSums {
  readonly checksum: LookupChecksum
  readonly buckets: Float64Array
}

/** Adds the sums of parts that were taken apart. */
export function addBuckets(into: Float64Array, part: Float64Array): void {
  part.forEach((value, i) => {
    into[i] = addHash(into[i] as number, value, 1)
  })
}
