import type { Disclosure } from '../core/index.ts'
import type { Statement, StatementBody } from '../evidence/index.ts'
import { encodeLookup, lookupsOfDisclosures, lookupsOfEntry } from './lookup.ts'

/** What of an entry its look-up keys follow from. */
export interface TalliedEntry {
  readonly index: number
  readonly leafHash: Uint8Array
  readonly statement: Statement
  readonly body: StatementBody | undefined
  readonly disclosures: readonly Disclosure[]
}

/** Sums of hashes are kept below it: so they stay exact in a double. */
export const tallyModulus: number = 2 ** 52

/** A keyed hash of a look-up key and the index that it leads to, below 2^53. */
export function keyHash(bytes: Uint8Array, index: number, seed: number): number {
  let a = seed ^ index
  let b = seed ^ bytes.length
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i] as number
    a = Math.imul(a ^ byte, 0x9e3779b1)
    b = Math.imul(b ^ byte, 0x5f356495)
    a ^= a >>> 15
  }
  return ((b ^ (b >>> 13)) >>> 0) * 0x20_0000 + ((a ^ (a >>> 16)) >>> 11)
}

/** Sum of the hashes of all keys of an entry. */
export function tallyOf(entry: TalliedEntry, seed: number): number {
  let sum = 0
  for (const key of expectedKeys(entry)) sum = (sum + (keyHash(key, entry.index, seed) % tallyModulus)) % tallyModulus
  return sum
}

/** All keys that lead to an entry: its look-ups, those of its disclosures, and its statement id. */
export function expectedKeys(entry: TalliedEntry): Uint8Array[] {
  const { statement, leafHash } = entry
  const keys = expectedLookups(entry)
  keys.push(idKey(statement.common.iss, statement.common.jti, leafHash))
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

/** The same without the statement id: look-up keys as encoded. */
export function expectedLookups({ statement, body, disclosures }: TalliedEntry): Uint8Array[] {
  return [...lookupsOfEntry(statement, body), ...lookupsOfDisclosures(disclosures)].map(encodeLookup)
}
