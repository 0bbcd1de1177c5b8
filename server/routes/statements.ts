import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { EvidenceError, fromUtf8, isEvidenceError, toBase64 } from '../../src/core/index.ts'
import type { Outcome, Submission } from '../../src/ledger/index.ts'
import type { ServerContext } from '../context.ts'
import {
  type AnswerText,
  answerText,
  type DepositAnswer,
  encodeAnswer,
  encodeLines,
  plainText,
  receiptText,
} from '../deposit-answer.ts'
import { problemOf, sendProblem } from '../problem.ts'
import { depositAnswer, depositQuery, problemAnswer } from '../schemas.ts'
import { maxBatchBody, maxBatchLines, maxStatementBody } from '../settings.ts'

/** Lines of a batch whose signatures are verified in one turn. */
const linesPerTurn = 200

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
    '`Accept: text/plain` gives the receipt alone; `Prefer: return=minimal` leaves it out. ' +
    '`?wait=cosigned` waits until the quorum of the ledger’s policy has cosigned it: 202, with the receipt as it is, where that takes too long.'
  app.withTypeProvider<ZodTypeProvider>().post(
    '/v1/statements',
    {
      schema: {
        description,
        tags: ['deposits'],
        querystring: depositQuery,
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
      const { body } = request
      if (!Buffer.isBuffer(body))
        throw new EvidenceError('media-type', 'the request has no statement in a media type that this route takes')
      const isMinimal = /\breturn=minimal\b/.test(String(request.headers['prefer'] ?? ''))
      const isBatch = /^application\/x-ndjson\b/i.test(request.headers['content-type'] ?? '')
      if (isBatch && request.query.wait !== undefined)
        throw new EvidenceError('query-invalid', 'a batch does not wait: ask for its receipts later', { where: 'wait' })
      return isBatch ? batch(context, request, reply, body, isMinimal) : one(context, request, reply, body, isMinimal)
    },
  )
}

/** Verifies the signature of one statement; a bad one counts against its address. Refusals come as throws. */
async function authenticate(
  { ledger, limits, metrics }: ServerContext,
  address: string,
  text: string,
): Promise<Submission> {
  const began = performance.now()
  try {
    const submission = await ledger.authenticate(text)
    metrics.verified((performance.now() - began) / 1000)
    return submission
  } catch (error) {
    if (isEvidenceError(error)) {
      metrics.statement(error.code)
      if (error.code === 'signature-invalid') await limits.refusal(address)
    }
    throw error
  }
}

/** Limits and sequences one authenticated statement. Refusals come as throws. */
async function accept(context: ServerContext, submission: Submission, isMinimal: boolean): Promise<DepositAnswer> {
  const { ledger, limits, metrics } = context
  try {
    await limits.statement(submission)
    const outcome = await ledger.submit(submission, !isMinimal)
    if (outcome.kind === 'existing') await limits.repeated(submission)
    metrics.statement(outcome.kind)
    return await answerOf(context, submission, outcome, isMinimal)
  } catch (error) {
    if (!isEvidenceError(error)) throw error
    metrics.statement(error.code)
    throw await withEarlierReceipt(context, submission, error)
  }
}

async function answerOf(
  { ledger, publisher }: ServerContext,
  { disclosures }: Submission,
  outcome: Outcome,
  isMinimal: boolean,
): Promise<DepositAnswer> {
  const { kind, index, time, leafHash } = outcome
  const answer = { status: kind === 'created' ? 201 : 200, index, time, leafHash: toBase64(leafHash) } as const
  if (isMinimal) return answer
  if (outcome.receipt !== undefined) return { ...answer, receipt: outcome.receipt }
  const entry = await ledger.reads.entry(index)
  // Whoever has the bare statement may send it again: only what they disclose themselves comes back.
  const shown = (await ledger.reads.disclosures(entry)).filter((text) => disclosures.includes(text))
  return { ...answer, receipt: await ledger.reads.receipt(entry, shown, publisher.covering(entry.index)) }
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

/**
 * The answer under a checkpoint that has the quorum; where it does not come in time, the answer as it was, as 202: the statement is
 * sealed and stays so, and its receipt can be asked for again.
 */
async function cosigned(
  { ledger, publisher, cosignWaitMs }: ServerContext,
  { disclosures }: Submission,
  answer: DepositAnswer,
): Promise<DepositAnswer> {
  const checkpoint = await publisher.waitFor(answer.index, cosignWaitMs)
  if (checkpoint === undefined) return { ...answer, status: 202 }
  if (answer.receipt === undefined) return answer
  const entry = await ledger.reads.entry(answer.index)
  // What was handed in, as in the answer that did not wait.
  const shown = (await ledger.reads.disclosures(entry)).filter((text) => disclosures.includes(text))
  return { ...answer, receipt: await ledger.reads.receipt(entry, shown, checkpoint) }
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
    const submission = await authenticate(context, request.ip, statementText(body))
    const isCosigned = (request.query as { wait?: string }).wait === 'cosigned'
    const accepted = await accept(context, submission, isMinimal)
    const answer = isCosigned ? await cosigned(context, submission, accepted) : accepted
    reply.code(answer.status).header('Location', `/v1/entries/${answer.index}`).header('Cache-Control', 'no-store')
    if (answer.receipt !== undefined && prefersText(request))
      return reply.type('text/plain; charset=utf-8').send(receiptText(answer.receipt))
    return reply.type('application/json; charset=utf-8').send(encodeAnswer(answerText(answer, false)))
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

/** `Accept` names plain text, and not JSON as well. */
export function prefersText(request: FastifyRequest): boolean {
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
  const lines = splitLines(body)
  if (lines.length > maxBatchLines)
    throw new EvidenceError('body-too-large', `a batch has at most ${maxBatchLines} lines`)
  const results: Promise<AnswerText>[] = []
  for (let at = 0; at < lines.length; at += linesPerTurn) {
    // Between turns, so that a batch of bad signatures costs no more than its address may spend.
    const stopped = await context.limits.requireAddress(request.ip).catch((error: EvidenceError) => error)
    const submissions = lines
      .slice(at, at + linesPerTurn)
      .map((line) =>
        stopped instanceof EvidenceError ? Promise.reject(stopped) : authenticateLine(context, request.ip, line),
      )
    // Signatures come back in any order; lines are sealed in theirs.
    await Promise.allSettled(submissions)
    // A bad line spoils no other.
    results.push(...submissions.map((submission) => lineResult(context, request, submission, isMinimal)))
  }
  reply.code(200).header('Cache-Control', 'no-store').type('application/x-ndjson')
  return reply.send(encodeLines(await Promise.all(results)))
}

/** Lines as bytes: one that is no UTF-8 is its own fault. A line feed at the end begins no further line. */
function splitLines(body: Buffer): Buffer[] {
  const lines: Buffer[] = []
  const end = body.at(-1) === 0x0a ? body.length - 1 : body.length
  for (let start = 0; start <= end && lines.length <= maxBatchLines; ) {
    const next = body.indexOf(0x0a, start)
    const stop = next < 0 || next > end ? end : next
    lines.push(body.subarray(start, stop))
    start = stop + 1
  }
  return lines
}

async function authenticateLine(context: ServerContext, address: string, line: Buffer): Promise<Submission> {
  return authenticate(context, address, fromUtf8(line, 'line'))
}

/** Refused for the moment: the same bytes are taken later. */
function isBusy({ code }: EvidenceError): boolean {
  return code === 'queue-full' || code === 'queue-share-full'
}

/** One line of a batch's answer. */
async function lineResult(
  context: ServerContext,
  request: FastifyRequest,
  submission: Promise<Submission>,
  isMinimal: boolean,
): Promise<AnswerText> {
  try {
    return answerText(await accept(context, await submission, isMinimal), true)
  } catch (error) {
    const known = isEvidenceError(error)
      ? error
      : new EvidenceError('internal-error', 'the statement could not be judged')
    if (!isEvidenceError(error)) request.log.error(error, 'a line of a batch failed')
    return plainText({
      ...problemOf(known),
      ...extraOf(known),
      ...(isBusy(known) ? { busy: true } : {}),
    })
  }
}
