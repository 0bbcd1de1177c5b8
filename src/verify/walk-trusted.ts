import { attempt } from '../core/attempt.ts'
import { toBase64 } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import { parseEntry } from '../core/entry.ts'
import { tileWidth } from '../core/merkle/layout.ts'
import type { Appraiser, EntryRange } from './appraiser.ts'
import { readEach, readPacked } from './chunks.ts'
import { type Packed, unpack } from './packed.ts'
import { type Rehashed, rehash, statementIdOf } from './rehash.ts'
import type { FindingList } from './report.ts'
import type { LogSource } from '../log/log.ts'
import type { EntryWalk } from './walk-entries.ts'
import type { WalkHistory } from './walk-history.ts'

export interface TrustedPart {
  readonly source: LogSource
  readonly history: WalkHistory
  readonly faults: FindingList
  readonly appraiser?: Appraiser
  readonly trustedSize: number
  readonly size: number
  readonly onProgress?: (done: number, total: number) => void
}

const chunkSize = 4 * tileWidth
const lookahead = 6

/**
 * The entries below a checkpoint that was verified before (docs/design/verification.md): each hashed and compared with its
 * leaf, which the tree has shown to be the checkpoint's. Those that say who may sign what are handed to the walk, and so
 * is the last, whose time and hash the next one goes on from.
 */
export async function walkTrusted(part: TrustedPart, walk: EntryWalk): Promise<void> {
  const { source, history, faults, appraiser, trustedSize, size, onProgress } = part
  const newIds = await idsAfter(source, trustedSize, size)
  const pending: (EntryRange & { readonly found: Promise<Rehashed & { readonly packed?: Packed }> })[] = []
  const readHere = async ({ begin, end }: EntryRange) => {
    const packed = await readPacked(source, begin, end)
    return { packed, ...(await (appraiser?.rehash(packed, newIds) ?? rehash(packed, newIds))) }
  }
  const { snapshot } = source
  const take = async (range: EntryRange) =>
    (snapshot && (await appraiser?.rehashRange?.(snapshot, range, newIds))) ?? readHere(range)
  const isPlain = ({ begin, end }: EntryRange, { leafHashes, marks }: Rehashed): boolean =>
    end < trustedSize && !marks.includes(1) && equalBytes(leafHashes, history.leaves(begin, end - begin))
  const judgeEach = async (begin: number, { packed, leafHashes, marks }: Awaited<ReturnType<typeof readHere>>) => {
    for (const [i, bytes] of unpack(packed).entries()) {
      const index = begin + i
      const leaf = history.leaf(index)
      const found = leafHashes.subarray(32 * i, 32 * i + 32)
      if (bytes !== undefined && !equalBytes(found, leaf)) {
        const message = `The stored bytes of entry ${index} are not those that were sequenced.`
        faults.add({ code: 'entry-altered', index, message, expected: toBase64(leaf), found: toBase64(found) })
        walk.judge.doubt(index)
      } else if (marks[i] === 1 || index === trustedSize - 1) await walk.judgeTrusted(index, bytes)
    }
  }
  for (let next = 0; next < trustedSize || pending.length > 0; ) {
    while (pending.length < lookahead && next < trustedSize) {
      const range = { begin: next, end: Math.min(trustedSize, next + chunkSize) }
      const found = take(range)
      found.catch(() => {})
      pending.push({ ...range, found })
      next = range.end
    }
    const { found, ...range } = pending.shift() as (typeof pending)[number]
    const rehashed = await found
    // Whatever must be looked at, or is not sound, is read here: what a thread read decides nothing.
    if (!isPlain(range, rehashed)) {
      const { packed } = rehashed
      await judgeEach(range.begin, packed === undefined ? await readHere(range) : { ...rehashed, packed })
    }
    onProgress?.(range.end, size)
  }
}

/** Ids of the statements that are new: one that an entry below has used is a fault. */
async function idsAfter(source: LogSource, from: number, size: number): Promise<Set<string>> {
  const ids = new Set<string>()
  for (let begin = from; begin < size; begin += chunkSize) {
    for (const bytes of await readEach(source, begin, Math.min(size, begin + chunkSize))) {
      const entry = bytes === undefined ? undefined : attempt(() => parseEntry(bytes))
      if (entry === undefined || entry instanceof Error || !entry.known) continue
      const id = statementIdOf(entry.statement)
      if (id !== undefined) ids.add(id)
    }
  }
  return ids
}
