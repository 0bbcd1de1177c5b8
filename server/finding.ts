import type { z } from 'zod'
import type { ServerContext } from './context.ts'
import { type ClaimFacts, entryFacts, type Reader, renewed } from '../src/ledger/rights.ts'
import { recordShown, type Shown } from './readings.ts'
import type { ServedEntry } from '../src/ledger/reads.ts'
import {
  isClosedBySeals,
  isSealedKey,
  type LookupKey,
  lookupsOfDisclosures,
  lookupsOfEntry,
} from '../src/ledger/lookup.ts'
import { reachOf } from '../src/ledger/lookup-scope.ts'
import { parseDigestName } from '../src/core/hash.ts'
import { EvidenceError } from '../src/core/errors.ts'
import type { entriesQuery } from '../src/api/queries.ts'
import type { EntriesAnswer, EntrySummary } from '../src/api/answers.ts'
import { toBase64 } from '../src/core/base64.ts'
import { parseDisclosure } from '../src/core/disclosure.ts'
import { valueOr } from '../src/core/attempt.ts'
import { readBody } from '../src/statements/body.ts'
import { listedBy, searchFactsOf } from '../src/statements/said.ts'
import { lookupForm } from '../src/statements/disclosures.ts'

/* What readers find, within their rights: entries by look-up, by id, and one by its index. */

/** An entry that the reader may read. Throws `not-authenticated`, `not-permitted`, `not-found`. */
export async function readEntry({ ledger }: ServerContext, reader: Reader, index: number): Promise<ServedEntry> {
  const { rights, reads } = ledger
  if (!rights.mayReadUnnamed(reader)) throw rights.denied(reader, `entry ${index}`)
  const entry = await reads.entry(index)
  // Reading may have waited, for an erasure above all: the right is that of now.
  if (!rights.mayReadEntry(renewed(reader, ledger.standing), entryFacts(entry)))
    throw rights.denied(reader, `entry ${index}`)
  return entry
}

/** The disclosures of an entry that the reader may read: shown ones are written into the log of readings first. */
export async function visibleDisclosures(
  context: ServerContext,
  reader: Reader,
  entry: ServedEntry,
): Promise<string[]> {
  const { rights, reads, standing } = context.ledger
  // The right to claims is never more than that to their entry, of which nothing else is read.
  if (!rights.mayReadEntry(renewed(reader, standing), entryFacts(entry))) return []
  const facts = await reads.claimFacts(entry)
  const disclosures = await readableDisclosures(context, reader, entry, facts)
  if (disclosures.length === 0) return disclosures
  const may = (now: Reader): boolean => rights.mayReadDisclosures(now, facts)
  return (await recordShown(context, reader, [{ facts, may }], 'claims')).length === 0 ? [] : disclosures
}

async function readableDisclosures(
  { ledger: { rights, reads } }: ServerContext,
  reader: Reader,
  entry: ServedEntry,
  facts: ClaimFacts,
): Promise<string[]> {
  return rights.mayReadDisclosures(reader, facts) ? reads.disclosures(entry) : []
}

/** The look-up key of a digest, `<algorithm>:<hex>`. Throws `query-invalid`. */
export function digestKey(text: string): LookupKey {
  const digest = parseDigestName(text)
  if (digest !== undefined) return { by: 'digest', ...digest }
  throw new EvidenceError('query-invalid', 'digest: names no digest of the length of its algorithm', {
    where: 'digest',
  })
}

/**
 * The look-up keys that a search names: of all, the first is looked up and the others are compared. Those of sealed claims come first, so that
 * the right to them decides; the case before the exhibit, for many cases have an exhibit 1.
 */
export function keysOf(query: z.infer<typeof entriesQuery>): LookupKey[] {
  return [
    ...(query.case === undefined ? [] : [{ by: 'case', number: query.case } as const]),
    ...(query.exhibit === undefined ? [] : [{ by: 'exhibit', number: query.exhibit } as const]),
    ...(query.digest === undefined ? [] : [digestKey(query.digest)]),
    ...(query.participant === undefined ? [] : [{ by: 'participant', id: query.participant } as const]),
    ...(query.kind === undefined ? [] : [{ by: 'kind', kind: query.kind } as const]),
  ]
}

/** Whether an entry that the reader may find itself has all of these look-up keys. It is read once, and not where there are none. */
async function hasKeys(
  context: ServerContext,
  reader: Reader,
  entry: ServedEntry,
  facts: ClaimFacts,
  keys: readonly LookupKey[],
): Promise<boolean> {
  if (keys.length === 0) return true
  const { statement } = entry
  const body = valueOr(() => readBody(statement), undefined)
  // They are compared, and not shown: that the entry was found is written down.
  const disclosures = keys.some(isSealedKey) ? await readableDisclosures(context, reader, entry, facts) : []
  const lists = [
    ...lookupsOfEntry(searchFactsOf(statement, body)),
    ...lookupsOfDisclosures(listedBy(statement), disclosures.map(parseDisclosure)),
  ]
  const own = new Set(lists.map(({ key }) => JSON.stringify(key)))
  return keys.every((key) => own.has(JSON.stringify(inLookupForm(key))))
}

/** A look-up key as entries give it. */
export function inLookupForm(key: LookupKey): LookupKey {
  return isSealedKey(key) ? { ...key, number: lookupForm(key.number) } : key
}

/** Bytes of entries after which a page ends, and entries that are read in one turn of the event loop. */
export const maxPageBytes: number = 4 * 1024 * 1024
const entriesPerTurn = 16

/** Entries of look-up lists that one request may look at: the work of about a second. */
export const maxReach = 500_000

/** What may still be read for a request: bytes of entries, and entries of look-up lists. */
export interface Room {
  bytes: number
  reach: number
}

/**
 * One page, of at most `limit` entries, of what the reader may find: nothing of it, its end included, depends on any other entry. `room` is
 * what may still be read for the request, and is taken from.
 */
export async function page(
  context: ServerContext,
  reader: Reader,
  [key, ...others]: readonly LookupKey[],
  after: number,
  limit: number,
  room: Room = { bytes: maxPageBytes, reach: maxReach },
): Promise<EntriesAnswer> {
  const { reads, rights } = context.ledger
  const scope = rights.searchScope(reader, key)
  if (scope === undefined) throw rights.denied(reader, 'this search')
  room.reach -= reachOf(key, scope, limit + 1)
  const indices = await reads.search(key, scope, after, limit + 1)
  const shown: (Shown & { readonly summary: EntrySummary })[] = []
  let at = 0
  while (at < Math.min(limit, indices.length) && room.bytes > 0) {
    const end = Math.min(limit, at + entriesPerTurn)
    const found = await Promise.all(indices.slice(at, end).map((index) => reads.entry(index)))
    at += found.length
    room.bytes -= found.reduce((sum, entry) => sum + entry.bytes.length, 0)
    // A look-up key that was altered since the last comparison must not show what the entry itself does not allow.
    const then = renewed(reader, context.ledger.standing)
    const readable = found.filter((entry) => rights.mayReadEntry(then, entryFacts(entry)))
    const claims = await Promise.all(readable.map((entry) => reads.claimFacts(entry)))
    const now = renewed(reader, context.ledger.standing)
    for (const [i, entry] of readable.entries()) {
      const facts = claims[i] as ClaimFacts
      const may = (later: Reader): boolean => rights.mayFind(later, key, facts)
      if (may(now) && (await hasKeys(context, now, entry, facts, others)))
        shown.push({ facts, may, summary: summaryOf(entry) })
    }
    // Reading an entry takes the processor: in between deposits go on.
    await new Promise((resolve) => setImmediate(resolve))
  }
  // No seal closes other lists, so that nothing is written of them.
  const entries = (isClosedBySeals(key) ? await recordShown(context, reader, shown, 'found') : shown).map(
    ({ summary }) => summary,
  )
  return { entries, next: at < indices.length ? (indices[at - 1] as number) : null }
}

/**
 * The entry that has an id of an issuer. Throws what a search for the issuer throws, and `not-found`, also where the reader may not
 * read it.
 */
export async function withId(context: ServerContext, reader: Reader, iss: string, jti: string): Promise<EntrySummary> {
  const { reads, rights } = context.ledger
  if (rights.searchScope(reader, { by: 'participant', id: iss }) === undefined)
    throw rights.denied(reader, 'this search')
  const index = await reads.indexOf(iss, jti)
  const entry = index === undefined ? undefined : await reads.entry(index)
  const now = renewed(reader, context.ledger.standing)
  if (entry !== undefined && rights.mayReadEntry(now, entryFacts(entry))) return summaryOf(entry)
  throw new EvidenceError('not-found', `no entry has the id ${jti} of ${iss}`)
}

function summaryOf({ index, entry, leafHash, statement }: ServedEntry): EntrySummary {
  const { iss, kind } = statement.common
  const items = statement.payload['items']
  const summary = { index, time: entry.time, leafHash: toBase64(leafHash), iss, kind }
  return Array.isArray(items) ? { ...summary, items: items.length } : summary
}
