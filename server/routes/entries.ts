import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { toBase64 } from '../../src/core/base64.ts'
import { parseDisclosure } from '../../src/core/disclosure.ts'
import { defined } from '../../src/core/objects.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { isActive, type Registry } from '../../src/statements/registry.ts'
import { requestReader, type ServerContext } from '../context.ts'
import { problems } from '../problem.ts'
import { entriesQuery, indexParams, statementParams } from '../../src/api/queries.ts'
import {
  entriesAnswer,
  entryAnswer,
  entrySummary,
  type ParticipantsAnswer,
  participantsAnswer,
  receiptAnswer,
} from '../../src/api/answers.ts'
import { prefersText } from './statements.ts'
import { keysOf, page, readEntry, visibleDisclosures, withId } from '../finding.ts'

/** `/v1/entries…` and `/v1/participants`. */
export function entryRoutes(app: FastifyInstance, context: ServerContext): void {
  const { ledger, publisher } = context
  const typed = app.withTypeProvider<ZodTypeProvider>()

  typed.get(
    '/v1/entries/:index',
    {
      schema: {
        operationId: 'getEntry',
        summary: 'One entry',
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
        operationId: 'getReceipt',
        summary: 'Receipt of an entry',
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
        operationId: 'listEntries',
        summary: 'Search entries, or list them',
        tags: ['entries'],
        description:
          'Entries by digest, case, exhibit, participant and kind, or all, in order, a page at a time: `limit` entries, or fewer where they are long; `next` is null after the last.',
        querystring: entriesQuery,
        response: { 200: entriesAnswer, ...problems },
      },
    },
    async (request, reply) => {
      const reader = await requestReader(context, request)
      const { after = -1, limit = 100 } = request.query
      cacheFor(context, reply)
      return page(context, reader, keysOf(request.query), after, limit)
    },
  )

  typed.get(
    '/v1/statements/:participant/:jti',
    {
      schema: {
        operationId: 'findStatement',
        summary: 'Entry of a statement by its id',
        tags: ['entries'],
        description: 'The entry of a statement, by its issuer and id: what to ask where an answer never came.',
        params: statementParams,
        response: { 200: entrySummary, ...problems },
      },
    },
    async (request, reply) => {
      const reader = await requestReader(context, request)
      cacheFor(context, reply)
      return withId(context, reader, request.params.participant, request.params.jti)
    },
  )

  typed.get(
    '/v1/participants',
    {
      schema: {
        operationId: 'listParticipants',
        summary: 'Who may sign what',
        tags: ['ledger'],
        description: 'Who may sign what.',
        response: { 200: participantsAnswer, ...problems },
      },
    },
    async (request, reply) => {
      const reader = await requestReader(context, request)
      if (!ledger.rights.mayListParticipants(reader)) throw ledger.rights.denied(reader, 'the list of participants')
      cacheFor(context, reply)
      return reply.type('application/json; charset=utf-8').send(participantList(ledger.registry) as never)
    },
  )
}

function cacheFor({ ledger }: ServerContext, reply: { header(name: string, value: string): unknown }): void {
  reply.header('Cache-Control', ledger.rights.mayBeCached ? 'no-cache' : 'private, no-store')
}

const lists = new WeakMap<Registry, Buffer>()

/** The list of participants as JSON, made once for each state of the registry: it may be long, and anybody may ask for it. */
function participantList(registry: Registry): Buffer {
  const made = lists.get(registry) ?? Buffer.from(JSON.stringify(participantsOf(registry)))
  lists.set(registry, made)
  return made
}

function participantsOf(registry: Registry): ParticipantsAnswer {
  const keysOf = new Map<string, ParticipantsAnswer['participants'][number]['keys']>()
  for (const { participant, thumbprint, jwk, status, since, until, compromisedSince } of registry.keys.values()) {
    const keys = keysOf.get(participant) ?? []
    keysOf.set(participant, keys)
    keys.push({ thumbprint, jwk: { ...jwk }, status, since, ...defined({ until, compromisedSince }) })
  }
  return {
    participants: [...registry.participants.values()].map((participant) => ({
      ...participant,
      roles: [...participant.roles],
      active: isActive(registry, participant.id),
      keys: keysOf.get(participant.id) ?? [],
    })),
  }
}
