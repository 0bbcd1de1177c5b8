import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { valueOr } from '../../src/core/attempt.ts'
import { defined } from '../../src/core/objects.ts'
import { custodySteps } from '../../src/ledger/custody-steps.ts'
import { type CustodyAnswer, custodyAnswer } from '../../src/api/answers.ts'
import { custodyQuery, indexParams } from '../../src/api/queries.ts'
import { readBody } from '../../src/statements/body.ts'
import { custodyOf, itemsOf } from '../../src/statements/said.ts'
import { requestReader, type ServerContext } from '../context.ts'
import { readEntry } from '../finding.ts'
import { problems } from '../problem.ts'

/** `/v1/entries/{index}/custody`: who holds a deposit's items, for its readers (docs/spec/19-custody.md). */
export function custodyRoutes(app: FastifyInstance, context: ServerContext): void {
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/entries/:index/custody',
    {
      schema: {
        operationId: 'getCustody',
        summary: 'Who holds a deposit',
        tags: ['entries'],
        description:
          'Who holds each item of a deposit now, and what was said of its custody, for those who may read the deposit.',
        params: indexParams,
        querystring: custodyQuery,
        response: { 200: custodyAnswer, ...problems },
      },
    },
    async (request, reply): Promise<CustodyAnswer> => {
      const reader = await requestReader(context, request)
      const { index } = request.params
      // Who may not read the deposit is answered as by GET /v1/entries/{index}, before custody is looked for.
      const entry = await readEntry(context, reader, index)
      const { iss } = entry.statement.common
      const count = itemsOf(valueOr(() => readBody(entry.statement), undefined)).length
      const units = custodyOf(reader.standing.registry, { index, iss }, count)
      const { steps, next } = await custodySteps(context.ledger.reads, entry, request.query.after ?? index)
      reply.header('Cache-Control', 'private, no-store')
      return {
        index,
        units: units.map(({ movedByOrder, ...unit }, item) => ({ item, ...unit, ...defined({ movedByOrder }) })),
        steps: steps.map((step) => ({ ...step })),
        next: next ?? null,
      }
    },
  )
}
