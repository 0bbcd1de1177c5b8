import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { type FastifyInstance } from 'fastify'
import { serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import type { ServerContext } from './context.ts'
import { securitySchemes, transform, transformObject } from './openapi.ts'
import { HostNames } from '../src/node/host-names.ts'
import { answerInProblems, appOptions, nothingHere } from './http-app.ts'
import { boundedServer } from './http-server.ts'
import { boundInFlight } from './in-flight.ts'
import { refuseOtherMethods } from './methods.ts'
import { pageRoutes } from './page.ts'
import { warnOfProxies } from './proxies.ts'
import { accessRoutes } from './routes/access.ts'
import { servedRoutes } from './routes/served.ts'
import { bulkRoutes } from './routes/bulk.ts'
import { custodyRoutes } from './routes/custody.ts'
import { entryRoutes } from './routes/entries.ts'
import { operationRoutes } from './routes/operations.ts'
import { proofRoutes } from './routes/proofs.ts'
import { holdUntilConfirmed, replicationRoutes } from './routes/replication.ts'
import { statementRoutes } from './routes/statements.ts'
import { statusRoutes } from './routes/status.ts'
import { tileRoutes } from './routes/tiles.ts'
import { timeStampRoutes } from './routes/timestamps.ts'
import type { ServerSettings } from './settings.ts'

/** The HTTP application: thin routes over the ledger. */
export async function createApp(context: ServerContext, settings: ServerSettings): Promise<FastifyInstance> {
  const { trustedProxies } = settings
  // A whole request, head and body: the largest batch at 4.5 Mbit/s.
  const bounded = boundedServer({ requestTimeout: 60_000 }, settings.maxConnections)
  const { connections } = bounded
  const trustProxy = trustedProxies.length === 0 ? false : [...trustedProxies]
  const app: FastifyInstance = Fastify({ ...appOptions(bounded, settings.logLevel), trustProxy })
  const methods = answerInProblems(app, 'server')
  const hosts = new HostNames(settings.host, settings.baseUrls)
  app.addHook('onRequest', (request, _reply, done) => {
    const refusal = hosts.refusal(request.raw)
    // Before its body or media type: they are not what is wrong.
    done(refusal ?? (request.is404 ? nothingHere() : undefined))
  })
  warnOfProxies(app, trustedProxies)
  // The one reader of bodies takes JSON too.
  app.removeContentTypeParser('application/json')
  boundInFlight(app, connections, settings)
  context.metrics.connections(() => connections.count)
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    context.metrics.request(route, reply.statusCode, reply.elapsedTime / 1000)
    request.log.info(
      { method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 },
      'request',
    )
    done()
  })
  app.addHook('preClose', async () => {
    context.ledger.stopWaiting()
    context.publisher.stopWaiting()
  })
  holdUntilConfirmed(app, context)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Evidence ledger',
        version: context.version,
        description:
          'Deposits of evidence digests, receipts, proofs. docs/http.md is the guide; docs/spec the formats.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'This server.' }],
      components: { securitySchemes },
    },
    transform,
    transformObject,
  })
  await app.register(swaggerUi, { routePrefix: '/docs', theme: { title: 'Evidence ledger' } })
  let openApi: string | undefined
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    openApi ??= JSON.stringify(app.swagger())
    return reply.type('application/json; charset=utf-8').send(openApi)
  })
  pageRoutes(app)
  statementRoutes(app, context)
  entryRoutes(app, context)
  bulkRoutes(app, context)
  statusRoutes(app, context)
  accessRoutes(app, context)
  servedRoutes(app, context)
  custodyRoutes(app, context)
  proofRoutes(app, context)
  tileRoutes(app, context)
  timeStampRoutes(app, context)
  replicationRoutes(app, context)
  operationRoutes(app, context)
  refuseOtherMethods(app, methods)
  return app
}
