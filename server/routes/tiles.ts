import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyInstance } from 'fastify'
import { EvidenceError } from '../../src/core/errors.ts'
import { parseTilePath } from '../../src/core/merkle/layout.ts'
import { requestReader, type ServerContext } from '../context.ts'

const compress = promisify(gzip)
const immutable = 'public, max-age=31536000, immutable'

/** C2SP tlog-tiles, at the root: `/checkpoint`, `/tile/<L>/<N>[.p/<W>]`, `/tile/entries/<N>[.p/<W>]`. */
export function tileRoutes(app: FastifyInstance, context: ServerContext): void {
  const { ledger, publisher } = context

  app.get(
    '/checkpoint',
    {
      schema: {
        operationId: 'getCheckpoint',
        summary: 'The published checkpoint',
        tags: ['tiles'],
        description: 'The published checkpoint, with the cosignatures of the quorum (C2SP tlog-checkpoint).',
      },
    },
    async (_request, reply) => {
      const checkpoint = await publisher.checkpoint()
      reply.header('Cache-Control', 'no-cache, max-age=0').type('text/plain; charset=utf-8')
      return reply.send(checkpoint)
    },
  )

  app.get(
    '/tile/*',
    {
      schema: {
        operationId: 'getTile',
        summary: 'A tile or entry bundle',
        tags: ['tiles'],
        description: 'Hash tiles and entry bundles (C2SP tlog-tiles); bundles need the right to read all.',
      },
    },
    async (request, reply) => {
      const address = parseTilePath((request.params as { '*': string })['*'])
      if (address === undefined) throw new EvidenceError('not-found', 'there is no tile of this name')
      const isPrivate = address.level === 'entries' && !ledger.rights.mayBeCached
      if (isPrivate) {
        const reader = await requestReader(context, request)
        if (!ledger.rights.mayReadAll(reader)) throw ledger.rights.denied(reader, 'an entry bundle')
      }
      const bytes = await ledger.reads.tile(address)
      if (bytes === undefined)
        throw new EvidenceError('not-found', 'the tree of the current checkpoint has no such tile')
      reply.header('Cache-Control', isPrivate ? 'private, no-store' : immutable).type('application/octet-stream')
      if (address.level !== 'entries') return reply.send(Buffer.from(bytes))
      reply.header('Vary', 'Accept-Encoding')
      if (!acceptsGzip(request.headers['accept-encoding']))
        return reply.send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
      return reply.header('Content-Encoding', 'gzip').send(await compress(bytes))
    },
  )
}

/** RFC 9110, section 12.5.3: named, and not with a weight of zero. */
function acceptsGzip(header: string | string[] | undefined): boolean {
  return String(header ?? '')
    .split(',')
    .some((coding) => /^\s*(?:gzip|x-gzip)\s*(?:;\s*q=(?!0(?:\.0{0,3})?\s*$)[0-9.]+\s*)?$/i.test(coding))
}
