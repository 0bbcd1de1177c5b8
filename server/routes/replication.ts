import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import type { ZodTypeProvider } from 'fastify-type-provider-zod'
import { fromBase64 } from '../../src/core/base64.ts'
import { unconfirmed } from '../../src/ledger/confirmation.ts'
import { encodePiece } from '../../src/ledger/copy/piece.ts'
import { renewed } from '../../src/ledger/rights.ts'
import { busy } from '../body-room.ts'
import { requestReader, type ServerContext } from '../context.ts'
import { problems } from '../problem.ts'
import { recordCopy } from '../readings.ts'
import { replicationQuery } from '../../src/api/queries.ts'

/** `/v1/replication`: the ledger in pieces, disclosures included, for auditors who keep a backup or a follower. */
export function replicationRoutes(app: FastifyInstance, context: ServerContext): void {
  const { ledger, follower } = context
  const { replication, confirmation } = ledger
  const unread = new UnreadPieces()
  app.withTypeProvider<ZodTypeProvider>().get(
    '/v1/replication',
    {
      schema: {
        operationId: 'replicate',
        summary: 'The ledger in pieces, for a copy',
        tags: ['replication'],
        description:
          'Published entries from an index on, with disclosures, a checkpoint signed at the piece’s end, and erasures (NDJSON: a header, then a line an entry). For auditors. The follower that the ledger waits for gets all that is durable.',
        querystring: replicationQuery,
        response: problems,
      },
    },
    async (request, reply) => {
      const reader = ledger.rights.requireMayCopy(await requestReader(context, request))
      const { from, erasures = 0, wait = 0, root, follow = false } = request.query
      // By the participant that the operator named, and only where it follows: a backup by the same key is a copy like any other.
      const role = follow && reader.id === follower ? 'required' : 'other'
      if (root !== undefined && from > 0) {
        try {
          await replication.requireHeld(from, fromBase64(root), role)
        } catch (error) {
          // Whichever of the two is right, the operator must know.
          request.log.error({ copy: reader.id, from, size: replication.durableSize }, (error as Error).message)
          throw error
        }
        if (role === 'required') confirmation?.confirm(from)
      }
      if (wait > 0) await replication.waitBeyond(from, erasures, wait * 1000, role)
      unread.enter(role === 'required' ? '' : reader.id, reply.raw)
      const piece = await replication.piece(from, erasures, role)
      // What was sealed, and who was revoked, while it waited and the piece was read; and while that was written.
      ledger.rights.requireMayCopy(renewed(reader, ledger.standing))
      await recordCopy(context, reader, piece, role)
      ledger.rights.requireMayCopy(renewed(reader, ledger.standing))
      reply.header('Cache-Control', 'private, no-store').type('application/x-ndjson')
      return reply.send(encodePiece(piece) as never)
    },
  )
}

/** Pieces that one copy may have asked for and not taken yet: the one that it reads, and the next. */
const maxUnread = 2

/** Pieces under way, by who asked: a piece has several megabytes, which are held until they are read. */
class UnreadPieces {
  private readonly counts = new Map<string, number>()

  /** Counts an answer until it is over. Throws `server-busy` for one too many, and where its connection is gone already. */
  enter(who: string, answer: ServerResponse): void {
    // Its reader may have left during a long wait: nothing would say that such an answer is over.
    if (answer.closed || answer.destroyed) throw busy('the connection is gone')
    const count = this.counts.get(who) ?? 0
    if (count >= maxUnread) throw busy(`${maxUnread} pieces of this copy are not read yet`)
    this.counts.set(who, count + 1)
    answer.once('close', () => {
      const left = (this.counts.get(who) ?? 1) - 1
      if (left === 0) this.counts.delete(who)
      else this.counts.set(who, left)
    })
  }
}

const alwaysOpen = ['/v1/replication', '/healthz', '/readyz', '/metrics']

/**
 * After a start nobody knows what the follower holds, so nothing is answered from the ledger until it has confirmed once: a
 * receipt that is read is a promise as much as one that is given.
 */
export function holdUntilConfirmed(app: FastifyInstance, { ledger: { confirmation } }: ServerContext): void {
  if (confirmation === undefined) return
  app.addHook('onRequest', (request, _reply, done) => {
    const isHeld = !confirmation.isOpen && !alwaysOpen.includes(request.routeOptions.url ?? '')
    done(isHeld ? unconfirmed() : undefined)
  })
}
