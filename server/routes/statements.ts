import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { depositAnswer } from '../../src/api/answers.ts'
import { depositHeaders, depositQuery } from '../../src/api/queries.ts'
import { failureOf } from '../../src/core/attempt.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { parseShown, type ShownEntries, shownHeader } from '../../src/core/shown.ts'
import type { ReceiptText } from '../../src/ledger/receipt-writer.ts'
import { freeBody, type MediaType, mediaTypeOf } from '../bodies.ts'
import type { ServerContext } from '../context.ts'
import { takes, wants } from '../header-lists.ts'
import { cosigned, deposit, type Deposited, type DepositRequest, type Unit } from '../deposits.ts'
import { problemParts, problems, sendProblem } from '../problem.ts'
import { maxBatchLines } from '../settings.ts'

/** Bytes that every statement has: header and signature alone take more. */
const shortestStatement = 200
/** Lines shorter than that in one batch, that are answered one by one. */
const maxStubs = 16

/** `POST /v1/statements`: one statement, or a batch of them, a line each. */
export function statementRoutes(app: FastifyInstance, context: ServerContext): void {
  const description =
    'One signed statement with its disclosures (`application/sd-jwt`, `application/jwt`, `text/plain`, or `{"statement": "…"}` as `application/json`): 201, or 200 for the same bytes again. ' +
    `A batch (\`application/x-ndjson\`, a statement or such an object a line, at most ${maxBatchLines}): 200 and a line of result each, in order, with its number; 429 or 503 where none could be taken for the moment; receipts beside \`jti-reused\` once for each entry, as far as there is room. ` +
    '`Accept: text/plain` gives the receipt alone; `Prefer: return=minimal` leaves it out. ' +
    '`?wait=cosigned` waits until the quorum of the ledger’s policy has cosigned it: 202, with the receipt as it is, where that takes too long, and at once where many others wait already.'
  app.withTypeProvider<ZodTypeProvider>().post(
    '/v1/statements',
    {
      config: { takes: 'statements' },
      schema: {
        description,
        operationId: 'deposit',
        summary: 'Deposit a statement, or a batch',
        tags: ['deposits'],
        querystring: depositQuery,
        headers: depositHeaders,
        response: {
          200: depositAnswer,
          201: depositAnswer,
          202: depositAnswer,
          ...problems,
        },
      },
    },
    async (request, reply) => {
      if (!Buffer.isBuffer(request.body))
        throw new EvidenceError('media-type', 'the request has no statement in a media type that this route takes')
      const isMinimal = wants(request.headers['prefer'], 'return=minimal')
      const isCosigned = request.query.wait === 'cosigned'
      const unit = unitIn(mediaTypeOf(request))
      const isBatch = unit === 'line'
      if (isBatch && isCosigned)
        throw new EvidenceError('query-invalid', 'a batch does not wait: ask for its receipts later', { where: 'wait' })
      context.limits.requireAddress(request.ip, 'statements', 'unsealed')
      const receipts = isCosigned ? 'cosigned' : isMinimal ? 'none' : 'at-once'
      const { socket } = request.raw
      const isGone = (): boolean => socket.destroyed
      const from: DepositRequest = { context, address: request.ip, isGone, shown: shownIn(request), receipts }
      const turns = await begin(from, request, unit)
      // What waits from here on, to be sequenced and for a follower, is bounded by the queue: the body is not held beside it.
      freeBody(request, receipts !== 'none')
      reply.header('Cache-Control', 'no-store')
      if (isBatch) return sendLines(from, request, reply, turns)
      const [result] = (await turns[0]) as [Deposited | Error]
      if (!(result instanceof Error))
        return sendOne(request, reply, isCosigned ? await cosigned(from, result, isMinimal) : result)
      if (isEvidenceError(result) && result.code !== 'internal-error') return sendProblem(reply, result)
      throw result
    },
  )
}

/** The entries that a request shows to have. Throws `request-malformed`. */
function shownIn({ headers }: FastifyRequest): ShownEntries {
  const value = headers[shownHeader.toLowerCase()]
  return value === undefined ? new Map() : parseShown(String(value))
}

/** What a request's statements come in, by the media type that its body was read as. */
function unitIn(type: MediaType | undefined): Unit {
  if (type === 'application/x-ndjson') return 'line'
  return type === 'application/json' ? 'document' : 'body'
}

/** In a frame of its own, which holds the body. Throws `body-too-large`, `body-malformed`. */
function begin(from: DepositRequest, { body }: FastifyRequest, unit: Unit): ReturnType<typeof deposit> {
  // One line end at the end is a text editor's: it is no part of a statement, and begins no further line.
  const bytes = body as Buffer
  const whole = bytes.at(-1) === 0x0a ? withoutReturn(bytes.subarray(0, -1)) : bytes
  return deposit(from, unit === 'line' ? splitLines(whole) : [whole], unit)
}

/** A line without the CR of a CR LF. */
function withoutReturn(line: Buffer): Buffer {
  return line.at(-1) === 0x0d ? line.subarray(0, -1) : line
}

/** The lines of a batch. Throws `body-too-large`, `body-malformed`. */
function splitLines(body: Buffer): Buffer[] {
  if (body.length === 0) throw new EvidenceError('body-malformed', 'the batch holds no statement')
  const lines: Buffer[] = []
  for (let start = 0; start <= body.length; ) {
    if (lines.length === maxBatchLines)
      throw new EvidenceError('body-too-large', `a batch has at most ${maxBatchLines} lines`)
    const next = body.indexOf(0x0a, start)
    const stop = next < 0 ? body.length : next
    lines.push(withoutReturn(body.subarray(start, stop)))
    start = stop + 1
  }
  requireLines(lines)
  return lines
}

/**
 * Refuses a batch of lines that hold nothing: each would be answered with a problem document, hundreds of times its size.
 * Throws `body-malformed`.
 */
function requireLines(lines: readonly Buffer[]): void {
  const stubs = lines.flatMap(({ length }, i) => (length < shortestStatement ? [i + 1] : []))
  if (stubs.length <= maxStubs) return
  const why = `${stubs.length} lines are too short for a statement, line ${stubs[0]} first; nothing of this batch was processed`
  throw new EvidenceError('body-malformed', why, { where: `line ${stubs[0]}` })
}

/** Answers a single statement. */
function sendOne(request: FastifyRequest, reply: FastifyReply, { status, receipt, ...place }: Deposited): FastifyReply {
  const { index } = place
  reply.code(status).header('Location', `/v1/entries/${index}`)
  if (receipt === undefined || !prefersText(request))
    return reply.type('application/json; charset=utf-8').send(encode([answerText(place, receipt)]).subarray(0, -1))
  return reply.type('text/plain; charset=utf-8').send(receipt.text)
}

/** Answers a batch: a line of result for each of its lines, in order; one refusal where all of it was refused for the moment. */
async function sendLines(
  { isGone }: DepositRequest,
  request: FastifyRequest,
  reply: FastifyReply,
  turns: readonly Promise<readonly (Deposited | Error)[]>[],
): Promise<FastifyReply> {
  let line = 0
  let refused: EvidenceError | undefined
  const textOf = (result: Deposited | Error): AnswerText => {
    line++
    if (result instanceof Error) {
      if (isEvidenceError(result) && isForNow(result)) refused ??= result
      else isForNowAlone = false
      return refusedLine(request, result, line)
    }
    isForNowAlone = false
    const { receipt, ...members } = result
    return answerText({ line, ...members }, receipt)
  }
  let isForNowAlone = true
  // Encoded turn by turn, so that no more than a turn's answers are held in parts and as bytes at once.
  const texts = []
  for (const turn of turns) {
    // Several batches may have theirs at once: others go on in between.
    if (texts.length > 0) await new Promise((next) => setImmediate(next))
    const results = await turn
    texts.push(isGone() ? Buffer.alloc(0) : encode(results.map(textOf)))
  }
  if (isForNowAlone && refused !== undefined) return sendProblem(reply, refused)
  return reply.type('application/x-ndjson').send(texts.length === 1 ? texts[0] : Buffer.concat(texts))
}

/** Refused for the moment: the same bytes are taken later. */
function isForNow({ kind }: EvidenceError): boolean {
  return kind.status === 429 || kind.status === 503
}

function refusedLine({ log }: FastifyRequest, error: Error, line: number): AnswerText {
  if (!isEvidenceError(error)) log.error(error, 'a line of a batch failed')
  const known = failureOf(error, 'the statement could not be judged')
  const { receipt, refused } = problemParts(known)
  return answerText({ line, ...refused, ...(isForNow(known) ? { busy: true } : {}) }, receipt)
}

/** JSON that waits to be sent: parts in ASCII, and then bytes that many answers share. */
interface AnswerText {
  readonly parts: readonly string[]
  readonly rest: Buffer
}

/** Any JSON: a problem document has whatever its message has. */
function jsonText(value: object): AnswerText {
  return { parts: [], rest: Buffer.from(JSON.stringify(value)) }
}

/** JSON in ASCII: what is beyond it is escaped. */
function asciiJson(value: object): string {
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
  return JSON.stringify(value).replace(/[\u0080-\uffff]/g, (one) => escaped(one))
}

/** The end of an answer from the checkpoint on; a group's answers share it. */
let lastCheckpoint = { text: '', json: Buffer.alloc(0) }

/** The JSON of an answer: its members, and the receipt where there is one. */
function answerText(members: object, receipt: ReceiptText | undefined): AnswerText {
  if (receipt === undefined) return jsonText(members)
  const { checkpoint, jsonHead } = receipt
  if (lastCheckpoint.text !== checkpoint)
    lastCheckpoint = { text: checkpoint, json: Buffer.from(`${JSON.stringify(checkpoint).slice(1)}}`) }
  return {
    parts: [asciiJson(members).slice(0, -1), ',"receipt":"', ...jsonHead],
    rest: lastCheckpoint.json,
  }
}

/** The bytes of answers one after another, a line each. */
function encode(texts: readonly AnswerText[]): Buffer {
  let length = 0
  for (const { parts, rest } of texts) {
    for (const part of parts) length += part.length
    length += rest.length + 1
  }
  const out = Buffer.allocUnsafe(length)
  let at = 0
  for (const { parts, rest } of texts) {
    for (const part of parts) at += out.write(part, at, 'latin1')
    at += rest.copy(out, at)
    out[at++] = 0x0a
  }
  return out
}

/** `Accept` names plain text, and not JSON as well. */
export function prefersText(request: FastifyRequest): boolean {
  const { accept } = request.headers
  return takes(accept, 'text/plain') && !takes(accept, 'application/json')
}
