import type { Disclosure } from '../core/disclosure.ts'
import type { SearchFacts } from '../statements/said.ts'
import { type LookupList, lookupsOfDisclosures, lookupsOfEntry } from './lookup.ts'
import { type AuditKey, auditHash } from './audit-hash.ts'
import type { LookupCodec } from './lookup-codec.ts'

/** What of an entry its look-up keys follow from. */
export interface TalliedEntry {
  readonly index: number
  readonly leafHash: Uint8Array
  readonly facts: SearchFacts
  readonly disclosures: readonly Disclosure[]
}

/**
 * The look-up checksum: how many look-up keys and statement ids a database has, and the sum of their hashes. Counting again finds one
 * that is missing, added or altered. Written with them, in the same batch.
 */
export interface LookupChecksum {
  readonly count: number
  /** Modulo {@link tallyModulus}. */
  readonly sum: number
}

export const emptyLookupChecksum: LookupChecksum = { count: 0, sum: 0 }

/** Sums of hashes are kept below it: so they stay exact in a double. */
const tallyModulus: number = 2 ** 52

/** The checksum with one key more (`sign` 1) or less (-1). */
export function changeChecksum({ count, sum }: LookupChecksum, hash: number, sign: 1 | -1): LookupChecksum {
  return { count: count + sign, sum: addHash(sum, hash, sign) }
}

/** The checksum of what two have together. */
export function addChecksums(a: LookupChecksum, b: LookupChecksum): LookupChecksum {
  return { count: a.count + b.count, sum: addHash(a.sum, b.sum, 1) }
}

/** A sum with a hash added or taken off, modulo {@link tallyModulus}; the hash is below twice that. */
export function addHash(sum: number, hash: number, sign: 1 | -1): number {
  const reduced = hash >= tallyModulus ? hash - tallyModulus : hash
  const next = sign === 1 ? sum + reduced : sum - reduced
  if (next >= tallyModulus) return next - tallyModulus
  return next < 0 ? next + tallyModulus : next
}

/** A keyed hash of a look-up key, the bytes `begin` to `end` (excluded) of some, and the index that it leads to, below 2^53. */
export function keyHash(bytes: Uint8Array, index: number, seed: number, begin = 0, end: number = bytes.length): number {
  let a = seed ^ index
  let b = Math.imul(seed ^ index, 0x27d4eb2f) ^ (end - begin)
  for (let i = begin; i < end; i++) {
    const byte = bytes[i] as number
    a = Math.imul(a ^ byte, 0x9e3779b1)
    b = Math.imul(b ^ byte, 0x5f356495)
    a ^= a >>> 15
  }
  return ((b ^ (b >>> 13)) >>> 0) * 0x20_0000 + ((a ^ (a >>> 16)) >>> 11)
}

/** Sum of an audit's hashes of all keys of an entry ({@link expectedKeys}), none of which is made for it. */
export function tallyOf(entry: TalliedEntry, codec: LookupCodec, key: AuditKey): number {
  const { index, facts, leafHash } = entry
  const id = idKey(facts.iss, facts.jti, leafHash)
  let sum = addHash(0, auditHash(id, index, key), 1)
  for (const list of listsOf(entry)) sum = addHash(sum, auditHash(codec.written(list), index, key), 1)
  return sum
}

/** All keys that lead to an entry: its look-ups, those of its disclosures, and its statement id. */
export function expectedKeys(entry: TalliedEntry, codec: LookupCodec): Uint8Array[] {
  const { facts, leafHash } = entry
  const keys = expectedLookups(entry, codec)
  keys.push(idKey(facts.iss, facts.jti, leafHash))
  return keys
}

/** `j`, the id, and the leaf hash, as bytes; ASCII throughout. */
export function idKey(iss: string, jti: string, leafHash: Uint8Array): Uint8Array {
  const text = `j${iss} ${jti}`
  const out = new Uint8Array(text.length + leafHash.length)
  for (let i = 0; i < text.length; i++) out[i] = text.charCodeAt(i)
  out.set(leafHash, text.length)
  return out
}

/** An entry's look-up keys with their lists, as encoded, without its statement id. */
export function expectedLookups(entry: TalliedEntry, codec: LookupCodec): Uint8Array[] {
  return listsOf(entry).map((list) => codec.list(list))
}

function listsOf({ facts, disclosures }: TalliedEntry): LookupList[] {
  const lists = lookupsOfEntry(facts)
  return disclosures.length === 0 ? lists : [...lists, ...lookupsOfDisclosures(facts, disclosures)]
}
