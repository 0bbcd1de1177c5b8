import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { type AccessAnswer, accessAnswer, type ReadingsAnswer, readingsAnswer } from '../../src/api/answers.ts'
import { indexParams, maxListLimit, readingsQuery } from '../../src/api/queries.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { defined } from '../../src/core/objects.ts'
import { formatTime } from '../../src/core/time.ts'
import type { ReadingLog } from '../../src/ledger/access/reading-log.ts'
import { standingOn } from '../../src/ledger/access/standing.ts'
import { entryFacts } from '../../src/ledger/rights.ts'
import { requestReader, type ServerContext } from '../context.ts'
import { problems } from '../problem.ts'

/** `/v1/entries/{index}/access` and `/v1/readings`: what stands on a deposit, and who read what is sealed (docs/spec/21-access-rules.md). */
export function accessRoutes(app: FastifyInstance, context: ServerContext): void {
  const { ledger } = context
  const typed = app.withTypeProvider<ZodTypeProvider>()

  typed.get(
    '/v1/entries/:index/access',
    {
      schema: {
        operationId: 'getAccess',
        summary: 'Grants, seals and holds on a deposit',
        tags: ['entries'],
        description:
          'The rules of access that stand on a deposit, for who deposited it, who holds it in custody, and authorities.',
        params: indexParams,
        response: { 200: accessAnswer, ...problems },
      },
    },
    async (request, reply): Promise<AccessAnswer> => {
      const reader = await requestReader(context, request)
      const { index } = request.params
      if (reader.kind === 'anonymous') throw ledger.rights.denied(reader, `what stands on entry ${index}`)
      const isShown = ledger.rights.rulesShown(reader, entryFacts(await ledger.reads.entry(index)))
      // What stands is what sealed terms say.
      if (ledger.claimsRefusal !== undefined) throw ledger.claimsRefusal
      reply.header('Cache-Control', 'private, no-store')
      const { access, nowMs } = reader.standing
      const rules = standingOn(access, index, nowMs)
        .filter(isShown)
        .map(({ rule, entry: set, by, as, to, untilMs }) => {
          const until = untilMs === undefined ? undefined : formatTime(untilMs)
          return { rule, entry: set, by, as, to: [...to], ...defined({ until }) }
        })
      return { index, rules }
    },
  )

  typed.get(
    '/v1/readings',
    {
      schema: {
        operationId: 'listReadings',
        summary: 'Who read what is sealed',
        tags: ['ledger'],
        description:
          'The log of readings under a seal, by day: which days there are and the digest of each for operators and authorities; the lines for who set the seals.',
        querystring: readingsQuery,
        response: { 200: readingsAnswer, ...problems },
      },
    },
    async (request, reply): Promise<ReadingsAnswer> => {
      const reader = await requestReader(context, request)
      if (!ledger.rights.mayListReadings(reader)) throw ledger.rights.denied(reader, 'the log of readings')
      reply.header('Cache-Control', 'private, no-store')
      const { day, after = 0, limit = maxListLimit } = request.query
      const { readings } = ledger
      if (day === undefined) return { days: readings.days(), next: null }
      return dayOf(readings, (line) => ledger.rights.mayReadLine(reader, line), day, after, limit)
    },
  )
}

async function dayOf(
  readings: ReadingLog,
  mayRead: Parameters<ReadingLog['lines']>[1],
  day: string,
  after: number,
  limit: number,
): Promise<ReadingsAnswer> {
  const file = await readings.digestOf(day)
  if (file === undefined)
    throw new EvidenceError('readings-missing', `there are no readings of ${day}`, { where: 'day' })
  const found = readings.lines(day, mayRead, after, limit + 1)
  const lines = found.slice(0, limit).map(({ number, line }) => {
    return { number, ...line, seals: line.seals.map((seal) => ({ ...seal })) }
  })
  const next = found.length > limit ? (lines.at(-1)?.number ?? null) : null
  return { day, ...file, ended: day < formatTime(Date.now()).slice(0, 10), lines, next }
}
