import { attempt, valueOr } from '../core/attempt.ts'
import { toHex } from '../core/base64.ts'
import { equalBytes, utf8 } from '../core/bytes.ts'
import { disclosureDigest, parseDisclosure } from '../core/disclosure.ts'
import { leafHash, statusHash } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import { sha256 } from '../core/hash.ts'
import { readBody } from '../statements/body.ts'
import { kindNamed } from '../statements/kinds.ts'
import { type OpenedEntry, openEntry } from '../statements/open.ts'
import type { TargetFacts } from '../statements/rules.ts'
import { accessTermsOf, referencesOf, targetFactsOf } from '../statements/said.ts'
import type { Statement } from '../statements/statement.ts'
import { aboutOf } from './access/subjects.ts'
import type { RegistryChecksum } from './storage.ts'

/** A stored entry of ours, taken apart. */
export type StoredStatement = Pick<OpenedEntry, 'entry' | 'statement'>

/** Takes apart an entry that this server sequenced. Throws `storage-damaged` where it is not one. */
export function readStored(bytes: Uint8Array, index: number): OpenedEntry {
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

/**
 * A stored entry that statements of a group refer to or repeat. What they ask of it is found out once, however many of them ask and
 * however often: parsing and hashing one anew for each reference would be the costliest thing that a statement can ask for.
 */
export class EarlierEntry {
  private readonly bytes: Uint8Array
  private readonly index: number
  private opened: OpenedEntry | undefined
  private target: TargetFacts | undefined
  private status: Uint8Array | undefined
  private aboutRead: readonly number[] | undefined

  constructor(bytes: Uint8Array, index: number) {
    this.bytes = bytes
    this.index = index
  }

  /** The entry, taken apart. Throws `storage-damaged`. */
  get stored(): OpenedEntry {
    return (this.opened ??= readStored(this.bytes, this.index))
  }
  /** What shows that somebody has the entry ({@link statusHash}). */
  get statusHash(): Uint8Array {
    return (this.status ??= statusHash(this.bytes))
  }
  /** What it itself says something of. Throws `storage-damaged`. */
  get about(): readonly number[] {
    return (this.aboutRead ??= aboutOf(this.stored.statement))
  }
  /** What references ask of it. Throws `storage-damaged`. */
  get facts(): TargetFacts {
    return (this.target ??= targetFactsOf(this.stored.statement, this.stored.hash))
  }
}

/** Indices of the entries that a statement refers to, each once: what to fetch for the rulebook. Empty where its members cannot be read. */
export function referencedIndices(statement: Statement): number[] {
  return [...new Set(referencesOf(valueOr(() => readBody(statement), undefined)).map(({ index }) => index))]
}

/**
 * Indices of the entries that a statement's sealed terms are about: what to fetch for judging them. Empty of a statement that states none;
 * what cannot be read is refused elsewhere.
 */
export function sealedReferences(statement: Statement, disclosures: readonly string[]): number[] {
  if (disclosures.length === 0 || kindNamed(statement.common.kind)?.accessTerms === undefined) return []
  const terms = valueOr(() => accessTermsOf(readBody(statement), disclosures.map(parseDisclosure)), undefined)
  return (terms?.of ?? []).map(({ index }) => index)
}

/** Disclosures as they are kept for an entry, each of which must be one that it seals. Throws `storage-damaged`. */
export function requireSealedHere(kept: readonly string[], sealed: readonly string[], index: number): void {
  if (kept.every((text) => sealed.includes(disclosureDigest(text)))) return
  const message = `a stored disclosure of entry ${index} is not the one that was sealed`
  throw new EvidenceError('storage-damaged', message, { index })
}

/** The checksum after one more registry entry. */
export function extendChecksum(checksum: RegistryChecksum, hash: Uint8Array): RegistryChecksum {
  return { count: checksum.count + 1, hash: toHex(sha256(utf8(`${checksum.hash} ${toHex(hash)}`))) }
}

export const emptyRegistryChecksum: RegistryChecksum = { count: 0, hash: '' }
