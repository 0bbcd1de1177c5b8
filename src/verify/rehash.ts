import { valueOr } from '../core/attempt.ts'
import { latin1, utf8 } from '../core/bytes.ts'
import { entryVersion, leafHash } from '../core/entry.ts'
import { replayedPrefixes } from '../statements/kinds.ts'
import { openStatement } from '../statements/open.ts'
import { decodeInto, urlValues } from '../statements/plain/base64.ts'
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
const lineFeed = 0x0a
const dot = 0x2e
/** How kinds begin that may change the registry. */
const telling = replayedPrefixes()
/** As much of a payload as is looked at, in characters of base64url; the common members are shorter. */
const maxHead = 1024
const decoded = new Uint8Array(maxHead)

/**
 * Hashes a chunk. An entry is marked where its payload may change the registry, where it has an id of `newIds`, and where
 * that cannot be told at a glance: a mark is never wrong to set.
 */
export function rehash({ lengths, bytes, gap }: Packed, newIds: ReadonlySet<string>): Rehashed {
  const leafHashes = new Uint8Array(32 * lengths.length)
  const marks = new Uint8Array(lengths.length)
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
    if (!hasVersion(entry) || matters(entry, newIds)) marks[i] = 1
  }
  return { leafHashes, marks }
}

function hasVersion(entry: Uint8Array): boolean {
  for (let i = 0; i < versionLine.length; i++) if (entry[i] !== versionLine[i]) return false
  return true
}

/** True where an entry may say something that the walk must see. */
function matters(entry: Uint8Array, newIds: ReadonlySet<string>): boolean {
  const head = headOf(entry)
  return head === undefined || newIds.has(head.jti) || telling.some((begin) => head.kind.startsWith(begin))
}

interface Head {
  readonly jti: string
  readonly kind: string
}

/** Kind and id of an entry where they are spelt plainly at the beginning of its payload; undefined says nothing. */
function headOf(entry: Uint8Array): Head | undefined {
  let at = 0
  // Version, index, time and link.
  for (let line = 0; line < 4; line++) {
    at = entry.indexOf(lineFeed, at) + 1
    if (at === 0) return undefined
  }
  const first = entry.indexOf(dot, at)
  const second = entry.indexOf(dot, first + 1)
  if (first < 0 || second < 0) return undefined
  const to = Math.min(second, first + 1 + maxHead)
  const length = decodeInto(decoded, entry, first + 1, to, urlValues)
  return length < 0 ? undefined : commonIn(latin1(decoded.subarray(0, length)))
}

/**
 * Reads members of a payload up to both that are wanted: members of the payload itself, since no value before them is an array or an object, and
 * the only ones of these names, since no statement repeats a member in any spelling (docs/spec/01-primitives.md). Undefined where one of them
 * has an escape, or white space stands between: JSON has many spellings, and a statement may have any of them.
 */
function commonIn(text: string): Head | undefined {
  const found: { jti?: string; kind?: string } = {}
  for (let at = 0; text[at] === (at === 0 ? '{' : ',') && text[at + 1] === '"'; ) {
    const nameEnd = text.indexOf('"', at + 2)
    if (nameEnd < 0 || text[nameEnd + 1] !== ':') return undefined
    const begin = nameEnd + 2
    const isText = text[begin] === '"'
    const end = isText ? text.indexOf('"', begin + 1) + 1 : text.indexOf(',', begin)
    if (end <= 0) return undefined
    const value = text.slice(begin, end)
    const name = text.slice(at + 2, nameEnd)
    if (name.includes('\\') || value.includes('\\') || !(isText || /^[0-9]{1,16}$/.test(value))) return undefined
    if (name === 'jti') found.jti = value.slice(1, -1)
    if (name === 'kind') found.kind = value.slice(1, -1)
    const { jti, kind } = found
    if (jti !== undefined && kind !== undefined) return { jti, kind }
    at = end
  }
  return undefined
}

/** The id of an entry, for {@link rehash} to look for; undefined where it cannot be read. */
export function statementIdOf(statement: string): string | undefined {
  return valueOr(() => openStatement(statement).common.jti, undefined)
}
