import type { FastifyReply, FastifyRequest } from 'fastify'
import { attempt } from '../src/core/attempt.ts'
import { fromUtf8 } from '../src/core/bytes.ts'
import { EvidenceError, isEvidenceError } from '../src/core/errors.ts'
import type { ShownEntries } from '../src/core/shown.ts'
import type { Submission } from '../src/ledger/submission.ts'
import { freeBody } from './bodies.ts'
import type { ServerContext } from './context.ts'
import { acceptMany, authenticateMany, extraOf, shownIn } from './deposits.ts'
import { type AnswerText, answerText, type DepositAnswer, encodeLines, plainText } from './deposit-answer.ts'
import { problemOf } from './problem.ts'
import { maxBatchLines } from './settings.ts'

/** Lines of a batch whose signatures are verified in one turn. */
const linesPerTurn = 200
/** Bytes that every statement has: header and signature alone take more. */
const shortestStatement = 200
/** Lines shorter than that in one batch, that are answered one by one. */
const maxStubs = 16

/**
 * Answers a batch: a statement a line, a line of result each, in order. What is asked of each line is asked of a turn's lines
 * at once: a promise of its own for each would cost as much as judging it.
 */
export async function answerBatch(
  context: ServerContext,
  request: FastifyRequest,
  reply: FastifyReply,
  isMinimal: boolean,
): Promise<FastifyReply> {
  context.limits.requireAddress(request.ip, 'statements', 'unsealed')
  const turns = await beginTurns(context, request, isMinimal)
  // All lines are read into what waits, to be sequenced and for a follower, which is bounded by the queue.
  freeBody(request)
  reply.code(200).header('Cache-Control', 'no-store').type('application/x-ndjson')
  return reply.send(encodeLines((await Promise.all(turns)).flat()))
}

/** Has every line authenticated, in turns, and put into the queue; the answers come later. In a frame of its own, which holds the body. */
async function beginTurns(
  context: ServerContext,
  request: FastifyRequest,
  isMinimal: boolean,
): Promise<readonly Promise<AnswerText[]>[]> {
  const lines = splitLines(request.body as Buffer)
  if (lines.length > maxBatchLines)
    throw new EvidenceError('body-too-large', `a batch has at most ${maxBatchLines} lines`)
  requireLines(lines)
  const shown = shownIn(request)
  const turns: Promise<AnswerText[]>[] = []
  for (let at = 0; at < lines.length; at += linesPerTurn) {
    const turn = lines.slice(at, at + linesPerTurn)
    // Signatures come back in any order; lines are sequenced in theirs, so a turn waits for the signatures before it.
    const submissions = await authenticateLines(context, request.ip, turn, shown)
    turns.push(sealLines(context, request, submissions, isMinimal))
  }
  return turns
}

/** Between turns the address is asked of, so that a batch of bad signatures costs no more than its address may spend. */
async function authenticateLines(
  context: ServerContext,
  address: string,
  lines: readonly Buffer[],
  shown: ShownEntries,
): Promise<(Submission | EvidenceError)[]> {
  const stopped = attempt(() => context.limits.requireAddress(address, 'statements', 'unsealed'))
  if (stopped instanceof EvidenceError) return lines.map(() => stopped)
  // One that is no UTF-8 is its own fault.
  const texts = lines.map((line) => attempt(() => fromUtf8(line, 'line')))
  const readable = texts.filter((text) => typeof text === 'string')
  const submissions = await authenticateMany(context, address, readable, shown)
  let next = 0
  return texts.map((text) => (typeof text === 'string' ? (submissions[next++] as Submission | EvidenceError) : text))
}

/** Sequences the lines that were verified together; one refused line does not affect the others. */
async function sealLines(
  context: ServerContext,
  request: FastifyRequest,
  lines: readonly (Submission | EvidenceError)[],
  isMinimal: boolean,
): Promise<AnswerText[]> {
  const answers = await acceptMany(
    context,
    request.ip,
    lines.flatMap((line) => (line instanceof EvidenceError ? [] : [line])),
    isMinimal,
  )
  let next = 0
  return lines.map((line) => {
    const result = line instanceof EvidenceError ? line : (answers[next++] as DepositAnswer | Error)
    return result instanceof Error ? refusedLine(request, result) : answerText(result, true)
  })
}

/** Refused for the moment: the same bytes are taken later. */
function isBusy({ code }: EvidenceError): boolean {
  return code === 'queue-full' || code === 'queue-share-full'
}

function refusedLine(request: FastifyRequest, error: Error): AnswerText {
  if (!isEvidenceError(error)) request.log.error(error, 'a line of a batch failed')
  const known = isEvidenceError(error)
    ? error
    : new EvidenceError('internal-error', 'the statement could not be judged')
  return plainText({
    ...problemOf(known),
    ...extraOf(known),
    ...(isBusy(known) ? { busy: true } : {}),
  })
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
