import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { fromBase64, toBase64 } from '../../src/core/base64.ts'
import { defined } from '../../src/core/objects.ts'
import { entryFacts, type Reader, renewed } from '../../src/ledger/rights.ts'
import { type EntryStatus, type StatusEvent, statusOf } from '../../src/ledger/status.ts'
import { requestReader, type ServerContext } from '../context.ts'
import { problems } from '../problem.ts'
import { type StatusAnswer, statusAnswer } from '../../src/api/answers.ts'
import { indexParams, statusQuery } from '../../src/api/queries.ts'

/** `/v1/entries/{index}/status`: what happened to an entry later (docs/spec/15-status.md). */
export function statusRoutes(app: FastifyInstance, context: ServerContext): void {
  const { ledger } = context
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/entries/:index/status',
    {
      schema: {
        operationId: 'getStatus',
        summary: 'What happened to an entry later',
        tags: ['entries'],
        description:
          'What happened to an entry later, for those who may read it, or show by `entryHash` that they have it; proven by one checkpoint.',
        params: indexParams,
        querystring: statusQuery,
        response: { 200: statusAnswer, ...problems },
      },
    },
    async (request, reply) => {
      const reader = await requestReader(context, request)
      const { entryHash, from, after } = request.query
      const { index } = request.params
      const what = `the status of entry ${index} without its entryHash`
      if (entryHash === undefined && !ledger.rights.mayReadUnnamed(reader)) throw ledger.rights.denied(reader, what)
      // What is read may wait, for an erasure above all: the rights are those of when it is there.
      const now = (): Reader => renewed(reader, ledger.standing)
      const status = await statusOf(ledger.reads, {
        index,
        entryHash: entryHash === undefined ? undefined : fromBase64(entryHash),
        requireMayRead: (entry) => {
          if (!ledger.rights.mayReadEntry(now(), entryFacts(entry))) throw ledger.rights.denied(reader, what)
        },
        mayReadRecords: (entry) => ledger.rights.mayReadRecords(now(), entryFacts(entry)),
        mayReadEvent: (event, entry) => ledger.rights.mayReadEvent(now(), event, entryFacts(entry)),
        from,
        after,
      })
      reply.header('Cache-Control', 'private, no-store')
      return answerOf(status)
    },
  )
}

function answerOf(status: EntryStatus): StatusAnswer {
  const { subject, size, note, proof, consistency, events, next } = status
  return {
    index: subject.index,
    leafHash: toBase64(subject.leafHash),
    size,
    checkpoint: note,
    hashes: proof.map(toBase64),
    ...(consistency === undefined ? {} : { consistency: consistency.map(toBase64) }),
    events: events.map(eventOf),
    next: next ?? null,
  }
}

function eventOf(event: StatusEvent): StatusAnswer['events'][number] {
  const { what, code, compromisedSince, item, line, entry, signer, isShown, proof } = event
  return {
    index: entry.index,
    time: entry.entry.time,
    kind: entry.statement.common.kind,
    leafHash: toBase64(entry.leafHash),
    what,
    ...defined({ code, compromisedSince, item, line }),
    hashes: proof.map(toBase64),
    ...(isShown ? { entry: toBase64(entry.bytes), signer: { ...signer } } : {}),
  }
}
