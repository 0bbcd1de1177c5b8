import { attempt, valueOr } from '../core/attempt.ts'
import { toHex } from '../core/base64.ts'
import { equalBytes, utf8 } from '../core/bytes.ts'
import { leafHash } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import { sha256 } from '../core/hash.ts'
import { readBody } from '../statements/body.ts'
import { type OpenedEntry, openEntry } from '../statements/open.ts'
import type { TargetFacts } from '../statements/rules.ts'
import { referencesOf, targetFactsOf } from '../statements/said.ts'
import type { Statement } from '../statements/statement.ts'
import type { RegistryChecksum } from './storage.ts'

/** A stored entry of ours, taken apart. */
export type StoredStatement = Pick<OpenedEntry, 'entry' | 'statement'>

/** Takes apart an entry that this server sequenced. Throws `storage-damaged` where it is not one. */
export function readStored(bytes: Uint8Array, index: number): StoredStatement {
  const opened = attempt(() => openEntry(bytes))
  if (!(opened instanceof EvidenceError) && opened.entry.index === index) return opened
  throw damagedEntry(index)
}

/** The stored bytes of an entry, re-hashed against the leaf that its tile holds. Throws `storage-damaged`. */
export function requireLeaf(bytes: Uint8Array | undefined, leaf: Uint8Array | undefined, index: number): Uint8Array {
  if (bytes !== undefined && leaf !== undefined && equalBytes(leafHash(bytes), leaf)) return bytes
  throw damagedEntry(index)
}

function damagedEntry(index: number): EvidenceError {
  const message = `the stored bytes of entry ${index} are not those that were sequenced`
  return new EvidenceError('storage-damaged', message, { index })
}

/** What references ask of a stored entry. */
export function targetFacts(bytes: Uint8Array, index: number): TargetFacts {
  const { statement } = readStored(bytes, index)
  return targetFactsOf(statement, leafHash(bytes))
}

/** Indices of the entries that a statement refers to: what to fetch for the rulebook. Empty where its members cannot be read. */
export function referencedIndices(statement: Statement): number[] {
  return referencesOf(valueOr(() => readBody(statement), undefined)).map(({ index }) => index)
}

/** The checksum after one more registry entry. */
export function extendChecksum(checksum: RegistryChecksum, hash: Uint8Array): RegistryChecksum {
  return { count: checksum.count + 1, hash: toHex(sha256(utf8(`${checksum.hash} ${toHex(hash)}`))) }
}

export const emptyRegistryChecksum: RegistryChecksum = { count: 0, hash: '' }
