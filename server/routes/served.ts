import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { type ServedAnswer, servedAnswer } from '../../src/api/answers.ts'
import { indexParams, servedQuery } from '../../src/api/queries.ts'
import { valueOr } from '../../src/core/attempt.ts'
import { defined } from '../../src/core/objects.ts'
import { dayServed, servedOn } from '../../src/ledger/access/served.ts'
import { orderersOf } from '../../src/ledger/orders.ts'
import { renewed } from '../../src/ledger/rights.ts'
import { readBody } from '../../src/statements/body.ts'
import { erasedBy } from '../../src/statements/said.ts'
import { requestReader, type ServerContext } from '../context.ts'
import { inTurn } from '../paced-turns.ts'
import { problems } from '../problem.ts'

/** `/v1/entries/{index}/served`: to whom the ledger showed what an order erases (docs/spec/22-erasure.md, "Who was served"). */
export function servedRoutes(app: FastifyInstance, context: ServerContext): void {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/entries/:index/served',
    {
      schema: {
        operationId: 'listServed',
        summary: 'Who was shown what an order erases',
        tags: ['entries'],
        description:
          'For who signed an order to erase, or approved the change that orders: participants that were shown its targets under a seal before it, a day of the log of readings at a time, and what no list can name.',
        params: indexParams,
        querystring: servedQuery,
        response: { 200: servedAnswer, ...problems },
      },
    },
    async (request, reply): Promise<ServedAnswer> => {
      const reader = await requestReader(context, request)
      const { rights, reads, readings } = context.ledger
      const { index } = request.params
      const what = `who was shown what entry ${index} erases`
      if (reader.kind === 'anonymous') throw rights.denied(reader, what)
      const entry = await reads.entry(index)
      const body = valueOr(() => readBody(entry.statement), undefined)
      const now = renewed(reader, context.ledger.standing)
      const orderers = orderersOf(entry.statement.common, body, now.standing.registry)
      // One refusal, whether it is another's order or none.
      if (!rights.mayReadServed(now, orderers)) throw rights.denied(reader, what)
      reply.header('Cache-Control', 'private, no-store')
      const of = erasedBy(body).map((target) => target.index)
      const day = dayServed(readings, request.query.after ?? '', entry.entry.time)
      const served =
        day === undefined ? [] : await inTurn(context.readingTurns, reader.id, () => servedOn(readings, day, of))
      const next = day === undefined || dayServed(readings, day, entry.entry.time) === undefined ? null : day
      return { index, of, ...defined({ day }), served, copies: [...rights.copying], notKnown: notKnown(context), next }
    },
  )
}

function notKnown({ ledger: { rights } }: ServerContext): ServedAnswer['notKnown'] {
  return ['unsealed', ...(rights.isOpenToAll ? (['anybody'] as const) : []), 'copies', 'passed-on']
}
