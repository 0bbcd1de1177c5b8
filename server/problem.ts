import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type Problem, problemAnswer } from '../src/api/answers.ts'
import { type ErrorCode, EvidenceError, isEvidenceError } from '../src/core/errors.ts'
import { helpOf } from './errors-page.ts'
import { defined } from '../src/core/objects.ts'
import type { ReceiptText } from '../src/ledger/receipt-writer.ts'
import { issueText } from '../src/statements/schema-errors.ts'

/** The answers of every route that its schema has beside its own. */
export const problems = { '4xx': problemAnswer, '5xx': problemAnswer }

/** A refusal that carries the receipt of the entry that stands in the way. */
export class RefusedWithReceipt extends EvidenceError {
  readonly receipt: ReceiptText
  constructor(error: EvidenceError, receipt: ReceiptText) {
    super(error.code, error.message, error.facts)
    this.receipt = receipt
  }
}

/** The problem document of an error. */
export function problemOf(error: EvidenceError): Problem {
  const { refused, receipt } = problemParts(error)
  return receipt === undefined ? refused : { ...refused, receipt: receipt.text }
}

/** The problem document of an error without the receipt that goes into it, and that receipt. */
export function problemParts(error: EvidenceError): { readonly refused: Problem; readonly receipt?: ReceiptText } {
  const { where, expected, found, index } = error.facts
  const refused = {
    type: `urn:evidence-ledger:problem:${error.code}`,
    title: error.code.replaceAll('-', ' '),
    status: error.kind.status,
    detail: error.message,
    code: error.code,
    action: error.kind.action,
    help: helpOf(error.code),
    ...defined({ where, expected, found, index }),
  }
  return error instanceof RefusedWithReceipt ? { refused, receipt: error.receipt } : { refused }
}

/** HTTP headers of a problem document: its type, no caching, and `Retry-After` or `WWW-Authenticate` where the status asks for one. */
export function problemHeaders(error: EvidenceError): Record<string, string> {
  const { retryAfterSeconds } = error.facts
  const { status } = error.kind
  return {
    'Content-Type': 'application/problem+json',
    'Cache-Control': 'no-store',
    ...(status === 503 || status === 429 ? { 'Retry-After': String(retryAfterSeconds ?? 1) } : {}),
    ...(status === 401 ? { 'WWW-Authenticate': 'Bearer' } : {}),
    // RFC 9110, 12.5.3: what a request may be coded by.
    ...(error.code === 'media-type' && error.facts.where === 'Content-Encoding' ? { 'Accept-Encoding': 'gzip' } : {}),
  }
}

/** Sends a problem document, with the number of the request, which the log has too. */
export function sendProblem(reply: FastifyReply, error: EvidenceError): FastifyReply {
  return reply
    .code(error.kind.status)
    .headers(problemHeaders(error))
    .send(JSON.stringify({ ...problemOf(error), request: reply.request.id }))
}

/** What the framework refuses, in our codes. */
function fromFramework(error: FastifyError): EvidenceError {
  switch (error.code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return new EvidenceError('body-too-large', 'the body is larger than this route takes')
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return new EvidenceError('media-type', 'the body has a media type that this route does not take')
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
    case 'FST_ERR_CTP_EMPTY_TYPE':
      return new EvidenceError('body-malformed', 'the body does not match its headers')
    case 'FST_ERR_VALIDATION': {
      const [first] = error.validation ?? []
      const where = first?.instancePath.replace(/^\//, '') ?? ''
      const { keyword: code, message = '', params } = first ?? {}
      const detail =
        first === undefined ? 'is not what this route takes' : issueText({ ...params, code, message, path: [] })
      return new EvidenceError('query-invalid', `${where === '' ? 'the query' : where} ${detail}`, { where })
    }
    default:
      if (typeof error.statusCode === 'number' && error.statusCode >= 400 && error.statusCode < 500) {
        return new EvidenceError('body-malformed', 'the request cannot be understood')
      }
      return new EvidenceError('internal-error', 'the request failed; its number is in the log', {}, { cause: error })
  }
}

/** Refusals of a busy moment, which would flood the log. */
function isLoad(code: ErrorCode): boolean {
  return code === 'queue-full' || code === 'server-busy'
}

/** The one error handler: nothing of the inside gets out but code, message and action. */
export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const known = isEvidenceError(error) ? error : fromFramework(error as FastifyError)
  if (known.kind.status >= 500 && !isLoad(known.code)) {
    request.log.error(
      { code: known.code, cause: known.cause instanceof Error ? known.cause.stack : undefined },
      known.message,
    )
  }
  return sendProblem(reply, known)
}
