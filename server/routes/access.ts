import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { type AccessAnswer, accessAnswer, type ReadingsAnswer, readingsAnswer } from '../../src/api/answers.ts'
import { indexParams, maxListLimit, readingsQuery } from '../../src/api/queries.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { defined } from '../../src/core/objects.ts'
import { formatTime } from '../../src/core/time.ts'
import { type ReadingLog, sealedBy } from '../../src/ledger/access/reading-log.ts'
import { standingOn } from '../../src/ledger/access/standing.ts'
import { entryFacts, renewed } from '../../src/ledger/rights.ts'
import { requestReader, type ServerContext } from '../context.ts'
import { inTurn } from '../paced-turns.ts'
import { problems } from '../problem.ts'
import { SealedOffsets } from '../sealed-offset.ts'

/** `/v1/entries/{index}/access` and `/v1/readings`: what stands on a deposit, and who read what is sealed (docs/spec/21-access-rules.md). */
export function accessRoutes(app: FastifyInstance, context: ServerContext): void {
  const { ledger } = context
  const offsets = new SealedOffsets()
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
      const entry = await ledger.reads.entry(index)
      const now = renewed(reader, ledger.standing)
      const isShown = ledger.rights.rulesShown(now, entryFacts(entry))
      // What stands is what sealed terms say.
      if (ledger.claimsRefusal !== undefined) throw ledger.claimsRefusal
      reply.header('Cache-Control', 'private, no-store')
      const { access, nowMs } = now.standing
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
          'The log of readings under a seal, by day: which days there are, and the digest of each that has ended, for operators and authorities; the lines for who set the seals, a page at a time: one may have fewer lines than asked for, or none, and still a `next`.',
        querystring: readingsQuery,
        response: { 200: readingsAnswer, ...problems },
      },
    },
    async (request, reply): Promise<ReadingsAnswer> => {
      const reader = await requestReader(context, request)
      if (!ledger.rights.mayListReadings(reader)) throw ledger.rights.denied(reader, 'the log of readings')
      reply.header('Cache-Control', 'private, no-store')
      const { day, after, limit = maxListLimit } = request.query
      const { readings } = ledger
      // What a day's bytes are tells of all who read, and under whose seals.
      const isWhole = ledger.rights.mayReadWholeLog(reader)
      if (day === undefined)
        return { days: readings.days().map((one) => (isWhole ? one : { day: one.day })), next: null }
      const file = readings.days().find((one) => one.day === day)
      if (file === undefined)
        throw new EvidenceError('readings-missing', `there are no readings of ${day}`, { where: 'day' })
      const ended = day < formatTime(Date.now()).slice(0, 10)
      const sha256 = ended ? await readings.digestOf(file) : undefined
      const head = { day, ended, ...defined({ sha256, size: isWhole ? file.size : undefined }) }
      const name = `${day} ${reader.id}`
      const from = after === undefined ? 0 : offsets.open(after, name)
      const { lines, at } = await inTurn(context.readingTurns, reader.id, () =>
        linesOf(readings, day, reader.id, from, limit),
      )
      return { ...head, lines, next: at === undefined ? null : offsets.seal(at, name) }
    },
  )
}

/** Bytes of a day's file that one request walks through. */
const maxWalked = 64 * 1024 * 1024

/** The next lines under seals of a participant, with no word of another's, and the offset behind them; undefined where the day has no more. */
async function linesOf(
  readings: ReadingLog,
  day: string,
  by: string,
  from: number,
  limit: number,
): Promise<{ lines: NonNullable<ReadingsAnswer['lines']>; at: number | undefined }> {
  const lines: NonNullable<ReadingsAnswer['lines']> = []
  const { at, isEnd } = await readings.walk(
    day,
    { from, maxBytes: maxWalked, part: sealedBy(by) },
    ({ time, reader, index, to, shown, times, seals }) => {
      const own = seals.filter((seal) => seal.by === by).map((seal) => ({ ...seal }))
      if (own.length > 0) lines.push({ time, reader, index, ...defined({ to, times }), shown, seals: own })
      return lines.length < limit
    },
  )
  return { lines, at: isEnd ? undefined : at }
}
