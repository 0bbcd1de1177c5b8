import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { fromBase64, toBase64 } from '../../src/core/index.ts'
import { type EntryStatus, type StatusEvent, statusOf } from '../../src/ledger/index.ts'
import { mayReadEntry, type Reader } from '../access.ts'
import { requestReader, type ServerContext } from '../context.ts'
import { indexParams, problemAnswer, type StatusAnswer, statusAnswer, statusQuery } from '../schemas.ts'

const problems = { '4xx': problemAnswer, '5xx': problemAnswer }

/** `/v1/entries/{index}/status`: what happened to an entry later (docs/spec/15-status.md). */
export function statusRoutes(app: FastifyInstance, context: ServerContext): void {
  const { ledger } = context
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/entries/:index/status',
    {
      schema: {
        tags: ['entries'],
        description: 'What happened to an entry later, for whoever knows its leaf hash; proven by one checkpoint.',
        params: indexParams,
        querystring: statusQuery,
        response: { 200: statusAnswer, ...problems },
      },
    },
    async (request, reply) => {
      const reader = await requestReader(context, request)
      const { leafHash, from, after } = request.query
      const query = { index: request.params.index, leafHash: fromBase64(leafHash), from, after }
      const status = await statusOf(ledger.reads, query)
      reply.header('Cache-Control', 'private, no-store')
      return answerOf(context, reader, status)
    },
  )
}

function answerOf(context: ServerContext, reader: Reader, status: EntryStatus): StatusAnswer {
  const { subject, size, note, proof, consistency, events, next } = status
  return {
    index: subject.index,
    leafHash: toBase64(subject.leafHash),
    size,
    checkpoint: note,
    hashes: proof.map(toBase64),
    ...(consistency === undefined ? {} : { consistency: consistency.map(toBase64) }),
    events: events.map((event) => eventOf(event, mayBeShown(context, reader, event))),
    next: next ?? null,
  }
}

/** What is by or about the receipt's own signer is shown to whoever holds the receipt (docs/design/status.md). */
function mayBeShown({ ledger }: ServerContext, reader: Reader, { what, entry }: StatusEvent): boolean {
  return (what !== 'attested' && what !== 'related') || mayReadEntry(ledger.config, reader, entry.statement.common)
}

function eventOf(event: StatusEvent, isShown: boolean): StatusAnswer['events'][number] {
  const { what, code, compromisedSince, entry, signer, proof } = event
  return {
    index: entry.index,
    time: entry.entry.time,
    kind: entry.statement.common.kind,
    leafHash: toBase64(entry.leafHash),
    what,
    ...(code === undefined ? {} : { code }),
    ...(compromisedSince === undefined ? {} : { compromisedSince }),
    hashes: proof.map(toBase64),
    ...(isShown ? { entry: toBase64(entry.bytes), signer: { ...signer } } : {}),
  }
}
