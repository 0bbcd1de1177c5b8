import type { FastifyInstance } from 'fastify'
import type { ServerContext } from '../context.ts'

/** `/healthz`, `/readyz`, `/metrics`. */
export function operationRoutes(app: FastifyInstance, { ledger, metrics }: ServerContext): void {
  const route = (operationId: string, summary: string, description: string): { schema: object } => ({
    schema: { operationId, summary, tags: ['operations'], description },
  })

  app.get('/healthz', route('isAlive', 'Alive', 'The process answers.'), async (_request, reply) =>
    reply.header('Cache-Control', 'no-store').send({ status: 'ok' }),
  )

  app.get(
    '/readyz',
    route(
      'isReady',
      'Ready for deposits',
      'Deposits are accepted; 503 and the reason where they are not. `lookups` says whether searches are answered: `verified`, or `checking` while look-up keys are compared after a start.',
    ),
    async (_request, reply) => {
      ledger.requireReady()
      return reply
        .header('Cache-Control', 'no-store')
        .send({ status: 'ready', size: ledger.reads.size, lookups: ledger.lookupState })
    },
  )

  app.get('/metrics', route('getMetrics', 'Metrics', 'Prometheus metrics.'), async (_request, reply) =>
    reply
      .header('Cache-Control', 'no-store')
      .type(metrics.registry.contentType)
      .send(await metrics.text()),
  )
}
