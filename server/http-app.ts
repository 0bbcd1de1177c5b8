import { type FastifyHttpOptions, type FastifyInstance, LogController } from 'fastify'
import { randomBytes } from 'node:crypto'
import type { Server } from 'node:http'
import { EvidenceError } from '../src/core/errors.ts'
import { answerBelowRequests, answerParserError } from './http-errors.ts'
import type { BoundedServer } from './http-server.ts'
import { errorsPage } from './errors-page.ts'
import { collectMethods } from './methods.ts'
import { handleError } from './problem.ts'

/** The refusal of an address that is none. */
export function nothingHere(): EvidenceError {
  return new EvidenceError('not-found', 'there is nothing at this address')
}

/** What the numbers of a run's requests begin with. */
const run = randomBytes(6).toString('hex').slice(0, 6)
let requests = 0

/** Options of Fastify over a bounded server. Requests are not logged: the framework's lines quote URLs, and a query may name a case. */
export function appOptions({ server, handle }: BoundedServer, logLevel: string): FastifyHttpOptions<Server> {
  return {
    logger: logLevel === 'silent' ? false : { level: logLevel },
    // Random, for the numbers of two runs of a server, or of two servers, stand in one log.
    genReqId: () => `${run}${(requests++).toString(36).padStart(6, '0')}`,
    logController: new LogController({ disableRequestLogging: true }),
    // An address that cannot be decoded, or a parameter that is too long, never reaches a route.
    frameworkErrors: (_error, request, reply) => {
      void handleError(nothingHere(), request, reply)
    },
    serverFactory: (handler) => {
      handle(handler)
      return server
    },
    clientErrorHandler: answerParserError,
    // `refuseWhileStopping` does it, with a problem document.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 64 },
  }
}

/** Makes problem documents of all refusals of an app without routes yet; gives the methods of the routes that it will have. */
export function answerInProblems(app: FastifyInstance, what: 'server' | 'witness'): Map<string, Set<string>> {
  answerBelowRequests(app.server)
  app.setErrorHandler(handleError)
  app.setNotFoundHandler(() => {
    throw nothingHere()
  })
  refuseWhileStopping(app, what)
  const methods = collectMethods(app)
  errorsPage(app)
  return methods
}

/** A connection whose request came before the stop would else idle, and keep the process, until it times out. */
function refuseWhileStopping(app: FastifyInstance, what: string): void {
  let isStopping = false
  app.addHook('preClose', async () => {
    isStopping = true
  })
  app.addHook('onRequest', (_request, _reply, done) => {
    if (!isStopping) return done()
    done(new EvidenceError('shutting-down', `the ${what} is stopping`, { retryAfterSeconds: 5 }))
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isStopping) reply.header('Connection', 'close')
    done()
  })
}
