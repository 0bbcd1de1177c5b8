import { METHODS, type IncomingMessage, type Server, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { EvidenceError } from '../src/core/errors.ts'
import { problemHeaders, problemOf } from './problem.ts'

/** How long a client that was refused below HTTP may take to read why, in milliseconds. */
const lingerMs = 1_000

/**
 * Refusals that come before there is a request: what the parser cannot read, heads that are too long or too slow, CONNECT.
 * They are problem documents as all others. Give {@link answerParserError} to Fastify as `clientErrorHandler`.
 */
export function answerBelowRequests(server: Server): void {
  server.on('connect', (_request: IncomingMessage, socket: Duplex) =>
    refuse(socket, new EvidenceError('method-unknown', 'this server is no proxy: it does not take CONNECT')),
  )
  // An expectation that this server does not know may be passed over (RFC 9110, section 10.1.1).
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))
}

interface ParserError extends Error {
  readonly code?: string
  /** What was being read; its type is not what Fastify says. */
  readonly rawPacket?: unknown
}

/** Answers what node's HTTP parser refused. */
export function answerParserError(error: ParserError, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  refuse(socket, refusalOf(error))
}

/** By node's code; what is not here is no HTTP that can be read. */
const refusals: Readonly<Record<string, () => EvidenceError>> = {
  ERR_HTTP_REQUEST_TIMEOUT: () => new EvidenceError('request-slow', 'the request did not arrive in time'),
  HPE_HEADER_OVERFLOW: () =>
    new EvidenceError('head-too-large', 'the request line and headers have more than 16,384 bytes'),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: () =>
    new EvidenceError('body-too-large', 'the chunk extensions of the body have more than 16,384 bytes'),
}

function refusalOf({ code = '', rawPacket }: ParserError): EvidenceError {
  const packet = Buffer.isBuffer(rawPacket) ? rawPacket.toString('latin1') : ''
  const method = /^([A-Z][A-Z-]{0,30}) \S+ HTTP\/1\.[01]\r?\n/.exec(packet)?.[1]
  if (code === 'HPE_INVALID_METHOD' && method !== undefined && !METHODS.includes(method))
    return new EvidenceError('method-unknown', `the method ${method} is none of HTTP’s`)
  return refusals[code]?.() ?? new EvidenceError('request-malformed', 'the request is no HTTP/1.1 that can be read')
}

const refused = new WeakSet<Duplex>()

/** Writes a refusal to a connection and closes it; where an answer has begun, the connection is only closed. */
function refuse(socket: Duplex, error: EvidenceError): void {
  if (refused.has(socket)) return
  refused.add(socket)
  const { _httpMessage: answering } = socket as { _httpMessage?: { headersSent: boolean } | null }
  if (answering?.headersSent === true) {
    socket.destroy()
    return
  }
  const body = Buffer.from(JSON.stringify(problemOf(error)))
  const { status } = error.kind
  const headers = { ...problemHeaders(error), 'Content-Length': String(body.length), Connection: 'close' }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.on('error', () => {})
  socket.end(Buffer.concat([Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`), body]))
  // What still comes is read and forgotten: closing at once would take the answer from a client that is still sending.
  socket.resume()
  setTimeout(() => socket.destroy(), lingerMs).unref()
}
