import { attempt } from '../core/attempt.ts'
import { leafHash, type ParsedEntry, parseEntry } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import { readBody } from './body.ts'
import type { StatementBody } from './kinds.ts'
import { readEnvelope, readStatement, type Statement } from './statement.ts'

/** An entry whose version can be judged, taken apart. */
export interface OpenedEntry {
  readonly bytes: Uint8Array
  /** RFC 6962 leaf hash, 32 bytes. */
  readonly hash: Uint8Array
  readonly entry: Extract<ParsedEntry, { readonly known: true }>
  readonly statement: Statement
}

/** An entry taken apart as far as it can be. */
export interface EntryParts {
  readonly hash: Uint8Array
  readonly entry: ParsedEntry | EvidenceError
  /** Undefined where the entry cannot be read, or is of a later version. */
  readonly statement: Statement | EvidenceError | undefined
}

/** Takes apart a statement's JWS. Throws the codes of readEnvelope and readStatement. */
export function openStatement(jws: string): Statement {
  return readStatement(readEnvelope(jws))
}

/** Takes an entry apart, each refusal as a value. */
export function partsOfEntry(bytes: Uint8Array): EntryParts {
  const hash = leafHash(bytes)
  const entry = attempt(() => parseEntry(bytes))
  if (entry instanceof EvidenceError || !entry.known) return { hash, entry, statement: undefined }
  return { hash, entry, statement: attempt(() => openStatement(entry.statement)) }
}

/**
 * Takes an entry apart. Throws `not-judged` for one of a later version, and the codes of entry and statement.
 */
export function openEntry(bytes: Uint8Array): OpenedEntry {
  const entry = parseEntry(bytes)
  if (!entry.known) {
    const { index, version } = entry
    throw new EvidenceError('not-judged', `entry ${index} has the version ${version}: it needs a newer version`, {
      index,
    })
  }
  return { bytes, hash: leafHash(bytes), entry, statement: openStatement(entry.statement) }
}

/** What an entry says; undefined where it, or a part of it, cannot be read by this version. */
export function bodyOfEntry(bytes: Uint8Array): StatementBody | undefined {
  const body = attempt(() => readBody(openEntry(bytes).statement))
  return body instanceof EvidenceError ? undefined : body
}
