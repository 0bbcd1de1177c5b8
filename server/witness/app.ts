import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { maxWitnessRequestBytes, treeSizeMediaType } from '../../src/core/witness-request.ts'
import { HostNames } from '../../src/node/host-names.ts'
import type { Witness } from '../../src/witness/witness.ts'
import { answerInProblems, appOptions } from '../http-app.ts'
import { boundedServer } from '../http-server.ts'
import { refuseOtherMethods } from '../methods.ts'
import { sendProblem } from '../problem.ts'

export interface WitnessAppOptions {
  readonly host: string
  /** URLs that it is reached by, where a proxy passes their names on. */
  readonly baseUrls?: readonly string[]
  readonly logLevel: string
}

/** The HTTP interface of C2SP tlog-witness; submission and monitoring prefix are one. */
export function createWitnessApp(
  witness: Witness,
  { host, baseUrls = [], logLevel }: WitnessAppOptions,
  maxConnections: number,
): FastifyInstance {
  const bounded = boundedServer({ requestTimeout: 30_000 }, maxConnections)
  const bodyLimit = maxWitnessRequestBytes
  const app: FastifyInstance = Fastify({ ...appOptions(bounded, logLevel), bodyLimit })
  const methods = answerInProblems(app, 'witness')
  const hosts = new HostNames(host, baseUrls)
  app.addHook('onRequest', (request, reply, done) => {
    if (!bounded.connections.isSurplus(request.raw.socket)) return done(hosts.refusal(request.raw))
    reply.header('Connection', 'close')
    done(new EvidenceError('server-busy', 'too many connections are open', { retryAfterSeconds: 1 }))
  })
  // tlog-witness names no media type of requests: whatever comes is read as bytes.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  app.post('/add-checkpoint', async (request, reply) => {
    try {
      return sendLines(reply, await witness.addCheckpoint(bodyOf(request.body)))
    } catch (error) {
      if (!isEvidenceError(error)) throw error
      if (error.code === 'witness-conflict') {
        // As bytes: a text would be given a charset.
        return reply
          .code(409)
          .type(treeSizeMediaType)
          .send(Buffer.from(`${error.facts.found}\n`))
      }
      request.log.info({ code: error.code }, error.message)
      return sendProblem(reply, error)
    }
  })

  app.post('/sign-subtree', async (request, reply) => sendLines(reply, await witness.signSubtree(bodyOf(request.body))))

  app.get('/:origin/checkpoint', async (request, reply) => {
    const { origin } = request.params as { origin: string }
    const text = /^[0-9a-f]{64}$/.test(origin) ? witness.checkpoint(origin) : undefined
    if (text === undefined) throw new EvidenceError('not-found', 'no checkpoint of this log was cosigned here')
    return reply.header('Cache-Control', 'no-cache').type('text/plain; charset=utf-8').send(text)
  })

  app.get('/healthz', async (_request, reply) => {
    witness.requireReady()
    return reply.header('Cache-Control', 'no-store').send({ status: 'ok', logs: witness.origins().length })
  })
  refuseOtherMethods(app, methods)
  return app
}

function bodyOf(body: unknown): Uint8Array {
  if (Buffer.isBuffer(body)) return body
  throw new EvidenceError('witness-request-malformed', 'the request has no body')
}

function sendLines(reply: FastifyReply, lines: string): FastifyReply {
  return reply.header('Cache-Control', 'no-store').type('text/plain; charset=utf-8').send(lines)
}
