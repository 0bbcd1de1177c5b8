import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { EvidenceError, fromUtf8, isEvidenceError, toBase64 } from '../../src/core/index.ts'
import type { Outcome, Submission } from '../../src/ledger/index.ts'
import type { ServerContext } from '../context.ts'
import { problemOf, sendProblem } from '../problem.ts'
import { depositAnswer, problemAnswer } from '../schemas.ts'
import { maxBatchBody, maxBatchLines, maxStatementBody } from '../settings.ts'

/** A deposit's answer, or why there is none. */
interface Answer {
  readonly status: 200 | 201
  readonly index: number
  readonly time: string
  readonly leafHash: string
  readonly receipt?: string
}

/** `POST /v1/statements`: one statement, or a batch of them, a line each. */
export function statementRoutes(app: FastifyInstance, context: ServerContext): void {
  const single = { parseAs: 'buffer', bodyLimit: maxStatementBody } as const
  const keep = (_request: FastifyRequest, body: Buffer, done: (error: null, body: Buffer) => void): void =>
    done(null, body)
  app.addContentTypeParser(['application/sd-jwt', 'application/jwt', 'text/plain'], single, keep)
  app.addContentTypeParser('application/x-ndjson', { parseAs: 'buffer', bodyLimit: maxBatchBody }, keep)
  const description =
    'One signed statement with its disclosures (`application/sd-jwt`, `application/jwt`, `text/plain`): 201, or 200 for the same bytes again. ' +
    `A batch (\`application/x-ndjson\`, a statement a line, at most ${maxBatchLines}): 200 and a line of result each, in order. ` +
    '`Accept: text/plain` gives the receipt alone; `Prefer: return=minimal` leaves it out.'
  app.withTypeProvider<ZodTypeProvider>().post(
    '/v1/statements',
    {
      bodyLimit: maxBatchBody,
      schema: {
        description,
        tags: ['deposits'],
        consumes: ['application/sd-jwt', 'application/jwt', 'text/plain', 'application/x-ndjson'],
        response: { 200: depositAnswer, 201: depositAnswer, '4xx': problemAnswer, '5xx': problemAnswer },
      },
    },
    async (request, reply) => {
      const { body } = request
      if (!Buffer.isBuffer(body))
        throw new EvidenceError('media-type', 'the request has no statement in a media type that this route takes')
      const isMinimal = /\breturn=minimal\b/.test(String(request.headers['prefer'] ?? ''))
      const isBatch = /^application\/x-ndjson\b/i.test(request.headers['content-type'] ?? '')
      return isBatch ? batch(context, request, reply, body, isMinimal) : one(context, request, reply, body, isMinimal)
    },
  )
}

/** Verifies, limits and sequences one statement. Refusals come as throws. */
async function accept(context: ServerContext, address: string, text: string, isMinimal: boolean): Promise<Answer> {
  const { ledger, limits, metrics } = context
  let submission: Submission
  try {
    submission = await ledger.authenticate(text)
  } catch (error) {
    if (isEvidenceError(error)) {
      metrics.statement(error.code)
      if (error.code === 'signature-invalid') await limits.refusal(address)
    }
    throw error
  }
  try {
    await limits.statement(submission.statement.header.kid)
    const outcome = await ledger.submit(submission, !isMinimal)
    metrics.statement(outcome.kind)
    return await answerOf(context, submission, outcome, isMinimal)
  } catch (error) {
    if (!isEvidenceError(error)) throw error
    metrics.statement(error.code)
    throw await withEarlierReceipt(context, submission, error)
  }
}

async function answerOf(
  { ledger }: ServerContext,
  { disclosures }: Submission,
  outcome: Outcome,
  isMinimal: boolean,
): Promise<Answer> {
  const { kind, index, time, leafHash } = outcome
  const answer = { status: kind === 'created' ? 201 : 200, index, time, leafHash: toBase64(leafHash) } as const
  if (isMinimal) return answer
  if (outcome.receipt !== undefined) return { ...answer, receipt: outcome.receipt }
  const entry = await ledger.reads.entry(index)
  // Whoever has the bare statement may send it again: only what they disclose themselves comes back.
  const shown = (await ledger.reads.disclosures(entry)).filter((text) => disclosures.includes(text))
  return { ...answer, receipt: await ledger.reads.receipt(entry, shown) }
}

/** A refusal that carries the receipt of the entry that stands in the way, for its own signer. */
class RefusedWithReceipt extends EvidenceError {
  readonly receipt: string
  constructor(error: EvidenceError, receipt: string) {
    super(error.code, error.message, error.facts)
    this.receipt = receipt
  }
}

async function withEarlierReceipt(
  { ledger }: ServerContext,
  { statement }: Submission,
  error: EvidenceError,
): Promise<EvidenceError> {
  const { index } = error.facts
  if (error.code !== 'jti-reused' || index === undefined) return error
  const entry = await ledger.reads.entry(index)
  if (entry.statement.header.kid !== statement.header.kid) return error
  return new RefusedWithReceipt(error, await ledger.reads.receipt(entry, await ledger.reads.disclosures(entry)))
}

function extraOf(error: EvidenceError): object {
  return error instanceof RefusedWithReceipt ? { receipt: error.receipt } : {}
}

async function one(
  context: ServerContext,
  request: FastifyRequest,
  reply: FastifyReply,
  body: Buffer,
  isMinimal: boolean,
): Promise<FastifyReply> {
  try {
    await context.limits.requireAddress(request.ip)
    const { status, ...answer } = await accept(context, request.ip, statementText(body), isMinimal)
    reply.code(status).header('Location', `/v1/entries/${answer.index}`).header('Cache-Control', 'no-store')
    if (answer.receipt !== undefined && prefersText(request))
      return reply.type('text/plain; charset=utf-8').send(answer.receipt)
    return reply.type('application/json').send(JSON.stringify(answer))
  } catch (error) {
    if (isEvidenceError(error) && error.code !== 'internal-error') return sendProblem(reply, error, extraOf(error))
    throw error
  }
}

/** One line feed at the end is a text editor's, and no part of the statement. */
function statementText(body: Buffer): string {
  const text = fromUtf8(body, 'body')
  return text.endsWith('\n') ? text.slice(0, -1) : text
}

function prefersText(request: FastifyRequest): boolean {
  const accept = request.headers.accept ?? ''
  return /\btext\/plain\b/.test(accept) && !/\bapplication\/json\b/.test(accept)
}

async function batch(
  context: ServerContext,
  request: FastifyRequest,
  reply: FastifyReply,
  body: Buffer,
  isMinimal: boolean,
): Promise<FastifyReply> {
  await context.limits.requireAddress(request.ip)
  const lines = statementText(body).split('\n', maxBatchLines + 1)
  if (lines.length > maxBatchLines)
    throw new EvidenceError('body-too-large', `a batch has at most ${maxBatchLines} lines`)
  const results = await Promise.all(
    lines.map(async (line) => {
      try {
        return JSON.stringify(await accept(context, request.ip, line, isMinimal))
      } catch (error) {
        // A bad line spoils no other.
        const known = isEvidenceError(error)
          ? error
          : new EvidenceError('internal-error', 'the statement could not be judged')
        if (!isEvidenceError(error)) request.log.error(error, 'a line of a batch failed')
        return JSON.stringify({
          ...problemOf(known),
          ...extraOf(known),
          ...(known.code === 'queue-full' ? { busy: true } : {}),
        })
      }
    }),
  )
  reply.code(200).header('Cache-Control', 'no-store').type('application/x-ndjson')
  return reply.send(`${results.join('\n')}\n`)
}
