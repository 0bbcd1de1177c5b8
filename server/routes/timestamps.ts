import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { EvidenceError } from '../../src/core/errors.ts'
import { timeText } from '../../src/core/time.ts'
import { requestReader, type ServerContext } from '../context.ts'
import { problems } from '../problem.ts'
import { stampAnswer, timeStampsAnswer } from '../../src/api/answers.ts'
import { maxListLimit, sizeParams, stampQuery, timeStampsQuery } from '../../src/api/queries.ts'

/** `/v1/timestamps`: records of time stamps, public as checkpoints are; administrators take one on demand. */
export function timeStampRoutes(app: FastifyInstance, context: ServerContext): void {
  const { timeStamping, ledger } = context
  const typed = app.withTypeProvider<ZodTypeProvider>()

  typed.get(
    '/v1/timestamps',
    {
      schema: {
        operationId: 'listTimeStamps',
        summary: 'Checkpoints that have time stamps',
        tags: ['timestamps'],
        description: 'Which checkpoints have time stamps of RFC 3161.',
        querystring: timeStampsQuery,
        response: { 200: timeStampsAnswer, ...problems },
      },
    },
    async (request, reply) => {
      const { index = -1, after = 0, limit = maxListLimit } = request.query
      // A copy of the folder may hold records of entries that are not published here yet.
      const found = timeStamping.files
        .sizes()
        .filter((size) => size > index && size > after && size <= ledger.reads.size)
      const sizes = found.slice(0, limit)
      reply.header('Cache-Control', 'no-cache')
      return { sizes, next: found.length > limit ? (sizes.at(-1) ?? null) : null }
    },
  )

  typed.get(
    '/v1/timestamps/:size',
    {
      schema: {
        operationId: 'getTimeStamp',
        summary: 'Time-stamp record of a checkpoint',
        tags: ['timestamps'],
        description: 'The time-stamp record of a checkpoint (docs/spec/13-time-stamps.md).',
        params: sizeParams,
        response: problems,
      },
    },
    async (request, reply) => {
      const { size } = request.params
      const bytes = size <= ledger.reads.size ? timeStamping.files.read(size) : undefined
      if (bytes === undefined)
        throw new EvidenceError('time-stamp-missing', `the checkpoint of size ${size} has no time stamp`, {
          where: 'size',
        })
      reply.header('Cache-Control', 'no-cache').type('text/plain; charset=utf-8')
      return reply.send(Buffer.from(bytes) as never)
    },
  )

  typed.post(
    '/v1/timestamps',
    {
      schema: {
        operationId: 'takeTimeStamp',
        summary: 'Take a time stamp now',
        tags: ['timestamps'],
        description: 'Has the newest checkpoint stamped now. For administrators.',
        querystring: stampQuery,
        response: { 200: stampAnswer, ...problems },
      },
    },
    async (request, reply) => {
      const reader = await requestReader(context, request)
      if (!ledger.rights.mayStamp(reader)) throw ledger.rights.denied(reader, 'asking for a time stamp')
      const { size, created, tokens } = await timeStamping.stamp()
      const renewed = request.query.renew === 'true' ? await timeStamping.renew() : []
      reply.header('Cache-Control', 'no-store')
      return {
        size,
        created,
        tokens: tokens.map(({ authority, genTimeMs }) => ({ authority, time: timeText(genTimeMs) })),
        renewed,
      }
    },
  )
}
