import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { toBase64 } from '../../src/core/base64.ts'
import { parseDisclosure } from '../../src/core/disclosure.ts'
import { defined } from '../../src/core/objects.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { isActive } from '../../src/statements/registry.ts'
import { requestReader, type ServerContext } from '../context.ts'
import { problems } from '../problem.ts'
import { entriesQuery, indexParams } from '../../src/api/queries.ts'
import { entriesAnswer, entryAnswer, type ParticipantsAnswer, participantsAnswer, receiptAnswer } from '../../src/api/answers.ts'
import { prefersText } from './statements.ts'
import { lookupOf, page, readEntry, visibleDisclosures, withId } from '../finding.ts'

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
          'Entries by digest, case, participant or kind, by the id of a statement, or all, in order, a page at a time: `limit` entries, or fewer where they are long; `next` is null after the last.',
        querystring: entriesQuery,
        response: { 200: entriesAnswer, ...problems },
      },
    },
    async (request, reply) => {
      const reader = await requestReader(context, request)
      const { after = -1, limit = 100, jti, participant = '' } = request.query
      cacheFor(context, reply)
      return jti === undefined
        ? page(context, reader, lookupOf(request.query), after, limit)
        : withId(context, reader, participant, jti)
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
