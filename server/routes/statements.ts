import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { fromUtf8 } from '../../src/core/bytes.ts'
import { disclosureDigest } from '../../src/core/disclosure.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import type { ServerContext } from '../context.ts'
import { answerText, encodeAnswer, receiptText } from '../deposit-answer.ts'
import { answerBatch } from '../deposit-batch.ts'
import { freeBody } from '../bodies.ts'
import { accept, authenticate, cosigned, extraOf, type Placed, shownIn } from '../deposits.ts'
import { sendProblem } from '../problem.ts'
import { depositAnswer, problemAnswer } from '../../src/api/answers.ts'
import { depositHeaders, depositQuery } from '../../src/api/queries.ts'
import { maxBatchLines } from '../settings.ts'

/** `POST /v1/statements`: one statement, or a batch of them, a line each. */
export function statementRoutes(app: FastifyInstance, context: ServerContext): void {
  const description =
    'One signed statement with its disclosures (`application/sd-jwt`, `application/jwt`, `text/plain`): 201, or 200 for the same bytes again. ' +
    `A batch (\`application/x-ndjson\`, a statement a line, at most ${maxBatchLines}): 200 and a line of result each, in order. ` +
    '`Accept: text/plain` gives the receipt alone; `Prefer: return=minimal` leaves it out. ' +
    '`?wait=cosigned` waits until the quorum of the ledger’s policy has cosigned it: 202, with the receipt as it is, where that takes too long, and at once where many others wait already.'
  app.withTypeProvider<ZodTypeProvider>().post(
    '/v1/statements',
    {
      schema: {
        description,
        tags: ['deposits'],
        querystring: depositQuery,
        headers: depositHeaders,
        response: {
          200: depositAnswer,
          201: depositAnswer,
          202: depositAnswer,
          '4xx': problemAnswer,
          '5xx': problemAnswer,
        },
      },
    },
    async (request, reply) => {
      requireBody(request)
      const isMinimal = /\breturn=minimal\b/.test(String(request.headers['prefer'] ?? ''))
      const isBatch = /^application\/x-ndjson\b/i.test(request.headers['content-type'] ?? '')
      if (isBatch && request.query.wait !== undefined)
        throw new EvidenceError('query-invalid', 'a batch does not wait: ask for its receipts later', { where: 'wait' })
      return isBatch ? answerBatch(context, request, reply, isMinimal) : one(context, request, reply, isMinimal)
    },
  )
}

/** Throws `media-type`. */
function requireBody({ body }: FastifyRequest): Buffer {
  if (Buffer.isBuffer(body)) return body
  throw new EvidenceError('media-type', 'the request has no statement in a media type that this route takes')
}

async function one(
  context: ServerContext,
  request: FastifyRequest,
  reply: FastifyReply,
  isMinimal: boolean,
): Promise<FastifyReply> {
  try {
    context.limits.requireAddress(request.ip, 'statements', 'unsealed')
    const isCosigned = (request.query as { wait?: string }).wait === 'cosigned'
    const placed = await place(context, request, isMinimal || isCosigned)
    const answer = isCosigned ? await cosigned(context, request.ip, placed, isMinimal) : placed.answer
    reply.code(answer.status).header('Location', `/v1/entries/${answer.index}`).header('Cache-Control', 'no-store')
    if (answer.receipt !== undefined && prefersText(request))
      return reply.type('text/plain; charset=utf-8').send(receiptText(answer.receipt))
    return reply.type('application/json; charset=utf-8').send(encodeAnswer(answerText(answer, false)))
  } catch (error) {
    if (isEvidenceError(error) && error.code !== 'internal-error') return sendProblem(reply, error, extraOf(error))
    throw error
  }
}

/** Has the statement of a request judged and sequenced. Refusals come as throws. */
async function place(context: ServerContext, request: FastifyRequest, isMinimal: boolean): Promise<Placed> {
  const submission = await authenticate(context, request.ip, statementText(requireBody(request)), shownIn(request))
  // What waits from here on, to be sequenced and for a follower, is bounded by the queue: the body is not held beside it.
  freeBody(request)
  const answer = await accept(context, request.ip, submission, isMinimal)
  return { answer, handed: submission.disclosures.map(disclosureDigest) }
}

/** One line feed at the end is a text editor's, and no part of the statement. */
function statementText(body: Buffer): string {
  const text = fromUtf8(body, 'body')
  return text.endsWith('\n') ? text.slice(0, -1) : text
}

/** `Accept` names plain text, and not JSON as well. */
export function prefersText(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? ''
  return /\btext\/plain\b/.test(accept) && !/\bapplication\/json\b/.test(accept)
}
