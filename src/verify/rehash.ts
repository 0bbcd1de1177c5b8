import { valueOr } from '../core/attempt.ts'
import { toBase64url, tryBase64url } from '../core/base64.ts'
import { holdsBytes, latin1, utf8 } from '../core/bytes.ts'
import { entryVersion, leafHash } from '../core/entry.ts'
import { replayedPrefixes } from '../statements/kinds.ts'
import { openStatement } from '../statements/open.ts'
import { absent, type Packed } from './packed.ts'

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
const idMember = '"jti":"'

/**
 * How a payload begins a kind that may change the registry. A canonical payload (RFC 8785) has this one spelling, without an
 * escape, and one that is not canonical changes nothing: what is not found is not there.
 */
const telling = replayedPrefixes()
  .flatMap((begin) => encodedSpellings(`"kind":"${begin}`))
  .map(utf8)

/** What a text inside a longer one looks like in base64url: a spelling for each remainder of its place by three. */
export function encodedSpellings(text: string): string[] {
  return [0, 1, 2].map((before) => {
    const bytes = utf8('\0'.repeat(before) + text)
    const encoded = toBase64url(bytes)
    // Only characters all of whose six bits are the text's own.
    return encoded.slice(Math.ceil((8 * before) / 6), Math.floor((8 * bytes.length) / 6))
  })
}

/**
 * Hashes a chunk. An entry is marked where its payload may change the registry, where it has an id of `newIds`, and where
 * that cannot be told at a glance: a mark is never wrong to set.
 */
export function rehash({ lengths, bytes, gap }: Packed, newIds: ReadonlySet<string>): Rehashed {
  const leafHashes = new Uint8Array(32 * lengths.length)
  const marks = new Uint8Array(lengths.length)
  // Nearly every chunk has nothing that matters, and is found so at a glance.
  const isPlain = newIds.size === 0 && !telling.some((spelling) => holdsBytes(bytes, spelling))
  for (let i = 0, at = 0; i < lengths.length; i++) {
    const length = lengths[i] as number
    if (length === absent) {
      marks[i] = 1
      continue
    }
    const start = at + gap
    at = start + length
    const entry = bytes.subarray(start, at)
    leafHashes.set(leafHash(entry), 32 * i)
    if (!hasVersion(entry) || (!isPlain && matters(entry, newIds))) marks[i] = 1
  }
  return { leafHashes, marks }
}

function hasVersion(entry: Uint8Array): boolean {
  for (let i = 0; i < versionLine.length; i++) if (entry[i] !== versionLine[i]) return false
  return true
}

/** True where an entry may say something that the walk must see. */
function matters(bytes: Uint8Array, newIds: ReadonlySet<string>): boolean {
  if (telling.some((spelling) => holdsBytes(bytes, spelling))) return true
  if (newIds.size === 0) return false
  const entry = latin1(bytes)
  // Lines 2 to 4 have no full stop but the one in the time: header and payload lie between the second and the third.
  const inTime = entry.indexOf('.', versionLine.length)
  const first = entry.indexOf('.', inTime + 1)
  const second = entry.indexOf('.', first + 1)
  if (inTime < 0 || first < 0 || second < 0) return true
  const payload = tryBase64url(entry.slice(first + 1, second))
  if (payload === undefined) return true
  const text = latin1(payload)
  const at = text.indexOf(idMember)
  if (at < 0 || text.includes(idMember, at + 1)) return true
  return newIds.has(text.slice(at + idMember.length, at + idMember.length + 36))
}

/** The id of an entry, for {@link rehash} to look for; undefined where it cannot be read. */
export function statementIdOf(statement: string): string | undefined {
  return valueOr(() => openStatement(statement).common.jti, undefined)
}
