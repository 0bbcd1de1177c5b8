import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import Fastify, { type FastifyInstance, LogController } from 'fastify'
import { jsonSchemaTransform, serializerCompiler, validatorCompiler } from 'fastify-type-provider-zod'
import { EvidenceError } from '../src/core/errors.ts'
import type { ServerContext } from './context.ts'
import { completeOpenApi } from './openapi.ts'
import { answerBelowRequests, answerParserError } from './http-errors.ts'
import { HostNames } from '../src/node/host-names.ts'
import { boundedServer } from './http-server.ts'
import { boundInFlight, type InFlightLimits } from './in-flight.ts'
import { collectMethods, refuseOtherMethods } from './methods.ts'
import { handleError } from './problem.ts'
import { warnOfProxies } from './proxies.ts'
import { entryRoutes } from './routes/entries.ts'
import { operationRoutes } from './routes/operations.ts'
import { proofRoutes } from './routes/proofs.ts'
import { holdUntilConfirmed, replicationRoutes } from './routes/replication.ts'
import { statementRoutes } from './routes/statements.ts'
import { statusRoutes } from './routes/status.ts'
import { tileRoutes } from './routes/tiles.ts'
import { timeStampRoutes } from './routes/timestamps.ts'

export interface AppOptions {
  readonly logLevel: string
  readonly version: string
  readonly trustedProxies: readonly string[]
  /** What it listens on, and the names that it goes by. */
  readonly host: string
  readonly baseUrls: readonly string[]
  /** Connections that are served at once. */
  readonly maxConnections: number
  readonly inFlight: InFlightLimits
}

function nothingHere(): EvidenceError {
  return new EvidenceError('not-found', 'there is nothing at this address')
}

/** The HTTP application: thin routes over the ledger. */
export async function createApp(
  context: ServerContext,
  { logLevel, version, trustedProxies, maxConnections, inFlight, ...names }: AppOptions,
): Promise<FastifyInstance> {
  // A whole request, head and body: the largest batch at 4.5 Mbit/s.
  const { server, connections, handle } = boundedServer({ requestTimeout: 60_000 }, maxConnections)
  const app = Fastify({
    logger: logLevel === 'silent' ? false : { level: logLevel },
    // Our own line below: the framework's would quote URLs, and a query may name a case.
    // An address that cannot be decoded, or a parameter that is too long, never reaches a route.
    frameworkErrors: (_error, request, reply) => {
      void handleError(nothingHere(), request, reply)
    },
    logController: new LogController({ disableRequestLogging: true }),
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    serverFactory: (handler) => {
      handle(handler)
      return server
    },
    clientErrorHandler: answerParserError,
    // Below too, while it stops.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 64, ignoreTrailingSlash: false },
  })
  answerBelowRequests(app.server)
  const hosts = new HostNames(names.host, names.baseUrls)
  let isStopping = false
  app.addHook('onRequest', (request, _reply, done) => {
    if (isStopping) return done(new EvidenceError('shutting-down', 'the server is stopping', { retryAfterSeconds: 5 }))
    const refusal = hosts.refusal(request.raw)
    // Before its body or media type: they are not what is wrong.
    done(refusal ?? (request.is404 ? nothingHere() : undefined))
  })
  warnOfProxies(app, trustedProxies)
  boundInFlight(app, connections, inFlight)
  context.metrics.connections(() => connections.count)
  // Nothing here takes JSON: without a parser it is refused unread.
  app.removeContentTypeParser('application/json')
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.setErrorHandler(handleError)
  app.setNotFoundHandler(() => {
    throw nothingHere()
  })
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none'
    context.metrics.request(route, reply.statusCode, reply.elapsedTime / 1000)
    request.log.info(
      { method: request.method, route, status: reply.statusCode, ms: Math.round(reply.elapsedTime * 10) / 10 },
      'request',
    )
    done()
  })
  // A connection whose request came before the stop would else idle, and keep the process, until it times out.
  app.addHook('preClose', async () => {
    isStopping = true
    context.ledger.stopWaiting()
    context.publisher.stopWaiting()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isStopping) reply.header('Connection', 'close')
    done()
  })
  holdUntilConfirmed(app, context)
  const methods = collectMethods(app)
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Evidence ledger',
        version,
        description: 'Deposits of evidence digests, receipts, proofs. See docs/spec.',
      },
    },
    transform: jsonSchemaTransform,
    transformObject: (document) =>
      'openapiObject' in document ? completeOpenApi(document.openapiObject) : document.swaggerObject,
  })
  await app.register(swaggerUi, { routePrefix: '/docs' })
  let openApi: string | undefined
  app.get('/openapi.json', { schema: { hide: true } }, async (_request, reply) => {
    openApi ??= JSON.stringify(app.swagger())
    return reply.type('application/json; charset=utf-8').send(openApi)
  })
  statementRoutes(app, context)
  entryRoutes(app, context)
  statusRoutes(app, context)
  proofRoutes(app, context)
  tileRoutes(app, context)
  timeStampRoutes(app, context)
  replicationRoutes(app, context)
  operationRoutes(app, context)
  refuseOtherMethods(app, methods)
  return app
}
