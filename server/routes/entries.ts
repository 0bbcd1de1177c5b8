import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { append } from '../../src/core/arrays.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { parseDisclosure } from '../../src/core/disclosure.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { digestLengths, isDigestAlgorithm } from '../../src/core/hash.ts'
import { defined } from '../../src/core/objects.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { isActive } from '../../src/statements/registry.ts'
import type { LookupKey } from '../../src/ledger/lookup.ts'
import type { ServedEntry } from '../../src/ledger/reads.ts'
import { entryFacts, type Reader } from '../../src/ledger/rights.ts'
import { requestReader, type ServerContext } from '../context.ts'
import { problems } from '../problem.ts'
import {
  type EntriesAnswer,
  entriesAnswer,
  entryAnswer,
  type ParticipantsAnswer,
  participantsAnswer,
  receiptAnswer,
} from '../../src/api/answers.ts'
import { entriesQuery, indexParams } from '../../src/api/queries.ts'
import { prefersText } from './statements.ts'

/** `/v1/entries…` and `/v1/participants`. */
export function entryRoutes(app: FastifyInstance, context: ServerContext): void {
  const { ledger, publisher } = context
  const typed = app.withTypeProvider<ZodTypeProvider>()

  typed.get(
    '/v1/entries/:index',
    {
      schema: {
        tags: ['entries'],
        description: 'One entry.',
        params: indexParams,
        response: { 200: entryAnswer, ...problems },
      },
    },
    async (request, reply) => {
      const reader = await requestReader(context, request)
      const entry = await readEntry(context, reader, request.params.index)
      const disclosures = await visibleDisclosures(context, reader, entry)
      cacheFor(context, reply)
      const { header, common, payload, jws } = entry.statement
      const claims = Object.fromEntries(disclosures.map(parseDisclosure).map(({ claim, value }) => [claim, value]))
      return {
        index: entry.index,
        time: entry.entry.time,
        leafHash: toBase64(entry.leafHash),
        previous: toBase64(entry.entry.previous),
        iss: common.iss,
        kind: common.kind,
        jti: common.jti,
        kid: header.kid,
        statement: jws.text,
        payload: payload as Record<string, JsonValue>,
        sealed: ledger.reads.sealedCount(entry),
        claims,
        disclosures,
      }
    },
  )

  typed.get(
    '/v1/entries/:index/receipt',
    {
      schema: {
        tags: ['entries'],
        description:
          'A receipt, under the published checkpoint with its cosignatures where that holds the entry; `Accept: text/plain` gives it alone.',
        params: indexParams,
        response: { 200: receiptAnswer, ...problems },
      },
    },
    async (request, reply) => {
      const reader = await requestReader(context, request)
      const entry = await readEntry(context, reader, request.params.index)
      const disclosures = await visibleDisclosures(context, reader, entry)
      const receipt = await ledger.reads.receipt(entry, disclosures, publisher.covering(entry.index))
      reply.header('Cache-Control', 'private, no-store')
      if (prefersText(request)) {
        // The schema is that of JSON; a string is sent as it is.
        return reply.type('text/plain; charset=utf-8').send(receipt as never)
      }
      return { index: entry.index, time: entry.entry.time, leafHash: toBase64(entry.leafHash), receipt }
    },
  )

  typed.get(
    '/v1/entries',
    {
      schema: {
        tags: ['entries'],
        description:
          'Entries by digest, case, participant or kind, or all, in order, a page at a time: `limit` entries, or fewer where they are long; `next` is null after the last.',
        querystring: entriesQuery,
        response: { 200: entriesAnswer, ...problems },
      },
    },
    async (request, reply) => {
      const reader = await requestReader(context, request)
      const { after = -1, limit = 100 } = request.query
      cacheFor(context, reply)
      return page(context, reader, lookupOf(request.query), after, limit)
    },
  )

  typed.get(
    '/v1/participants',
    {
      schema: {
        tags: ['ledger'],
        description: 'Who may sign what.',
        response: { 200: participantsAnswer, ...problems },
      },
    },
    async (request, reply) => {
      const reader = await requestReader(context, request)
      if (!ledger.rights.mayListParticipants(reader)) throw ledger.rights.denied(reader, 'the list of participants')
      cacheFor(context, reply)
      return participantsOf(context)
    },
  )
}

function cacheFor({ ledger }: ServerContext, reply: { header(name: string, value: string): unknown }): void {
  reply.header('Cache-Control', ledger.rights.mayBeCached ? 'no-cache' : 'private, no-store')
}

async function readEntry({ ledger }: ServerContext, reader: Reader, index: number): Promise<ServedEntry> {
  const { rights, reads } = ledger
  if (!rights.mayReadUnnamed(reader)) throw rights.denied(reader, `entry ${index}`)
  const entry = await reads.entry(index)
  if (!rights.mayReadEntry(reader, entryFacts(entry))) throw rights.denied(reader, `entry ${index}`)
  return entry
}

async function visibleDisclosures({ ledger }: ServerContext, reader: Reader, entry: ServedEntry): Promise<string[]> {
  return ledger.rights.mayReadDisclosures(reader, entryFacts(entry)) ? ledger.reads.disclosures(entry) : []
}

function lookupOf(query: z.infer<typeof entriesQuery>): LookupKey | undefined {
  if (query.digest !== undefined) {
    const [algorithm, hex] = query.digest.split(':') as [string, string]
    if (!isDigestAlgorithm(algorithm) || hex.length !== 2 * digestLengths[algorithm]) {
      throw new EvidenceError('query-invalid', 'digest: names no digest of the length of its algorithm', {
        where: 'digest',
      })
    }
    return { by: 'digest', algorithm, hex }
  }
  if (query.case !== undefined) return { by: 'case', number: query.case }
  if (query.participant !== undefined) return { by: 'participant', id: query.participant }
  return query.kind === undefined ? undefined : { by: 'kind', kind: query.kind }
}

/** Bytes of entries after which a page ends, and entries that are read in one turn of the event loop. */
const maxPageBytes = 4 * 1024 * 1024
const entriesPerTurn = 16

/** One page, of at most `limit` entries, of what the reader may find: nothing of it, its end included, depends on any other entry. */
async function page(
  context: ServerContext,
  reader: Reader,
  key: LookupKey | undefined,
  after: number,
  limit: number,
): Promise<EntriesAnswer> {
  const { reads, rights } = context.ledger
  const scope = rights.searchScope(reader, key)
  if (scope === undefined) throw rights.denied(reader, 'this search')
  const indices = await reads.search(key, scope, after, limit + 1)
  const entries: EntriesAnswer['entries'] = []
  let [at, bytes] = [0, 0]
  while (at < Math.min(limit, indices.length) && bytes < maxPageBytes) {
    const end = Math.min(limit, at + entriesPerTurn)
    const found = await Promise.all(indices.slice(at, end).map((index) => reads.entry(index)))
    at += found.length
    bytes += found.reduce((sum, entry) => sum + entry.bytes.length, 0)
    // A look-up key that was altered since the last comparison must not show what the entry itself does not allow.
    append(entries, found.filter((entry) => rights.mayFind(reader, key, entryFacts(entry))).map(summaryOf))
    // Reading an entry takes the processor: in between deposits go on.
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { entries, next: at < indices.length ? (indices[at - 1] as number) : null }
}

function summaryOf({ index, entry, leafHash, statement }: ServedEntry): EntriesAnswer['entries'][number] {
  const { iss, kind } = statement.common
  const items = statement.payload['items']
  const summary = { index, time: entry.time, leafHash: toBase64(leafHash), iss, kind }
  return Array.isArray(items) ? { ...summary, items: items.length } : summary
}

function participantsOf({ ledger }: ServerContext): ParticipantsAnswer {
  const { registry } = ledger
  const keysOf = (id: string): ParticipantsAnswer['participants'][number]['keys'] =>
    [...registry.keys.values()]
      .filter(({ participant }) => participant === id)
      .map(({ thumbprint, jwk, status, since, until, compromisedSince }) => ({
        thumbprint,
        jwk: { ...jwk },
        status,
        since,
        ...defined({ until, compromisedSince }),
      }))
  return {
    participants: [...registry.participants.values()].map((participant) => ({
      ...participant,
      roles: [...participant.roles],
      active: isActive(registry, participant.id),
      keys: keysOf(participant.id),
    })),
  }
}
