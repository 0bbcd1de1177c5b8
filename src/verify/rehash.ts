import { entryVersion, fromUtf8, isEvidenceError, leafHash, tryBase64url, utf8 } from '../core/index.ts'
import { readEnvelope, readStatement } from '../evidence/index.ts'

/*
 * Entries below a checkpoint that was verified before: hashed again, and not judged again. Only what the entries after them
 * depend on is looked for: who may sign what, and ids that are used again.
 */

export interface Rehashed {
  /** 32 bytes an entry. */
  readonly leafHashes: Uint8Array
  /** 1 where the walk must see the entry itself. */
  readonly marks: Uint8Array
}

const versionLine = utf8(`${entryVersion}\n`)
/** What a payload has that may change the registry, and the escape that could hide it. */
const telling = ['\\', '"ledger.', '"participant.'] as const
const idMember = '"jti":"'

/**
 * Hashes a chunk. An entry is marked where its payload may change the registry, where it has an id of `newIds`, and where
 * that cannot be told at a glance: a mark is never wrong to set.
 */
export function rehash(lengths: Uint32Array, bytes: Uint8Array, newIds: ReadonlySet<string>): Rehashed {
  const leafHashes = new Uint8Array(32 * lengths.length)
  const marks = new Uint8Array(lengths.length)
  for (let i = 0, at = 0; i < lengths.length; at += lengths[i++] as number) {
    const length = lengths[i] as number
    if (length === 0) {
      marks[i] = 1
      continue
    }
    const entry = bytes.subarray(at, at + length)
    leafHashes.set(leafHash(entry), 32 * i)
    if (mayMatter(entry, newIds)) marks[i] = 1
  }
  return { leafHashes, marks }
}

function mayMatter(entry: Uint8Array, newIds: ReadonlySet<string>): boolean {
  for (let i = 0; i < versionLine.length; i++) if (entry[i] !== versionLine[i]) return true
  // Lines 2 to 4 have no full stop but the one in the time: header and payload lie between the second and the third.
  const inTime = entry.indexOf(0x2e, versionLine.length)
  const first = entry.indexOf(0x2e, inTime + 1)
  const second = entry.indexOf(0x2e, first + 1)
  if (inTime < 0 || first < 0 || second < 0) return true
  const text = payloadText(entry.subarray(first + 1, second))
  // Without an escape a member's name stands as it is: one that is not found is not there.
  if (text === undefined || telling.some((part) => text.includes(part))) return true
  if (newIds.size === 0) return false
  const at = text.indexOf(idMember)
  return (
    at < 0 || newIds.has(text.slice(at + idMember.length, at + idMember.length + 36)) || text.includes(idMember, at + 1)
  )
}

function payloadText(encoded: Uint8Array): string | undefined {
  try {
    const payload = tryBase64url(fromUtf8(encoded))
    return payload === undefined ? undefined : fromUtf8(payload)
  } catch {
    return undefined
  }
}

/** The id of an entry, for {@link rehash} to look for; undefined where it cannot be read. */
export function statementIdOf(statement: string): string | undefined {
  try {
    return readStatement(readEnvelope(statement)).common.jti
  } catch (error) {
    if (isEvidenceError(error)) return undefined
    throw error
  }
}
