import type { ServerResponse } from 'node:http'
import type { FastifyInstance, FastifyRequest, RouteHandlerMethod } from 'fastify'
import { Bodies, type Pace, roomOfBody } from './bodies.ts'
import { busy } from './body-room.ts'
import type { Connections } from './connections.ts'
import { Held } from './held.ts'
import { PacedTurns } from './paced-turns.ts'
import type { ServerSettings } from './settings.ts'

const MiB = 1024 * 1024

/** An answer up to this is not counted: the operating system takes it whole. */
const smallAnswer = 64 * 1024
/** A bundle of 256 of the largest entries. */
const largestAnswer = 16 * MiB
const answersUnread = 'too many bytes of other answers are not read yet'
/** Reads of many entries that are put together at once, the others wait. */
const maxLargeReads = 4

/** Other reads that are under way at once, and that begin in one turn of the event loop: between them deposits go on. */
const maxReads = 64
const readsPerTurn = 8

/** Routes that read many entries at once, whose answer may have many megabytes. */
const largeReads: ReadonlySet<string> = new Set([
  '/v1/entries',
  '/v1/entries/search',
  '/v1/entries/:index/status',
  '/v1/receipts',
])

/** True for what reads many entries at once; by whatever method, for HEAD reads as much as GET. */
function isLargeRead({ params, routeOptions: { url = '' } }: FastifyRequest): boolean {
  return url === '/tile/*' ? (params as { '*': string })['*'].startsWith('entries/') : largeReads.has(url)
}

/** What waits by itself, or writes: it has bounds of its own. */
function isPaced({ method, routeOptions: { url = '' } }: FastifyRequest): boolean {
  return (method === 'GET' || method === 'HEAD') && url !== '/v1/replication'
}

/** What batches with their answers, and what large answers, may hold at once, in bytes. */
export type InFlightLimits = Pick<ServerSettings, 'maxBatchBytes' | 'maxAnswerBytes'>

/** A number of bytes, shared by whatever is in flight. */
export class ByteBudget {
  private readonly total: number
  private used = 0
  constructor(total: number) {
    this.total = total
  }
  /** Takes bytes; false, and nothing taken, where they are not there. */
  take(bytes: number): boolean {
    if (this.used + bytes > this.total) return false
    this.used += bytes
    return true
  }
  give(bytes: number): void {
    this.used -= bytes
  }
}

/** Turns in order, so many at once. The next begins in another turn of the event loop: many that end at once hold up nothing else. */
export class Turns {
  private free: number
  private readonly waiting: (() => void)[] = []
  constructor(atOnce: number) {
    this.free = atOnce
  }
  async take(): Promise<void> {
    if (this.free > 0) this.free--
    else await new Promise<void>((resolve) => this.waiting.push(resolve))
  }
  give(): void {
    const next = this.waiting.shift()
    if (next === undefined) this.free++
    else setImmediate(next)
  }
}

/** Bytes of the budget that a read of many entries holds: until it has ended and its answer is read, or its connection gone. */
class LargeRead {
  readonly held = new Held(() => this.made(0))
  private readonly budget: ByteBudget
  private taken = largestAnswer
  constructor(budget: ByteBudget) {
    this.budget = budget
  }
  /** The answer is made, and has this length. */
  made(length: number): void {
    const needed = Math.min(this.taken, length)
    this.budget.give(this.taken - needed)
    this.taken = needed
  }
}

/** Nothing begins for a connection that is gone. Throws `server-busy`, which nobody is told. */
function requireConnection({ raw }: FastifyRequest): void {
  if (raw.socket.destroyed) throw busy('the connection is gone')
}

/** Works on something that is given back no sooner than the work has ended. */
async function holding<T>(held: Held, work: () => T | Promise<T>): Promise<T> {
  held.begins()
  try {
    return await work()
  } finally {
    held.ended()
  }
}

/** Routes that take an answer's bytes into account themselves: a batch is weighed with its answer, and what it acknowledges is to be told; a copy is let in by a right of its own. */
const ownAccount = ['/v1/statements', '/v1/replication']

/**
 * Bounds what all requests together hold in memory: each alone is bounded by its route. Past a bound a request is refused
 * (`server-busy`, 503 with Retry-After).
 */
export function boundInFlight(
  app: FastifyInstance,
  connections: Connections,
  { maxBatchBytes, maxAnswerBytes }: InFlightLimits,
  pace?: Pace,
): void {
  new Bodies(app, connections, maxBatchBytes, pace)
  const answers = new ByteBudget(maxAnswerBytes)
  const reads = new Turns(maxLargeReads)
  const others = new PacedTurns(maxReads, readsPerTurn)

  app.addHook('onRequest', (request, reply, done) => {
    request.answer = reply.raw
    if (connections.isSurplus(request.raw.socket)) {
      reply.header('Connection', 'close')
      return done(busy('too many connections are open'))
    }
    done()
  })

  /** The turn lasts until the handler has ended, even where the connection is gone meanwhile: that is how long it reads. */
  const inTurn = (handler: RouteHandlerMethod): RouteHandlerMethod => {
    const large: RouteHandlerMethod = async function (request, reply) {
      const { socket } = request.raw
      await reads.take()
      try {
        // Before it is read from the disk: a refusal shall cost nothing. To a connection that is gone nothing is told.
        requireConnection(request)
        if (!answers.take(largestAnswer)) throw busy(answersUnread)
        const read = new LargeRead(answers)
        request.largeRead = read
        return await holding(read.held, () => {
          connections.whenOver(reply.raw, socket, () => read.held.over())
          return handler.call(this, request, reply)
        })
      } finally {
        reads.give()
      }
    }
    // Another handler is called as it is: one that answers by itself returns nothing, which a promise would take for an empty answer.
    return function (request, reply) {
      return (isLargeRead(request) ? large : handler).call(this, request, reply)
    }
  }
  /** As long as the handler works, it holds the body, or what it made of it. */
  const withBody = (handler: RouteHandlerMethod): RouteHandlerMethod =>
    async function (request, reply) {
      const room = roomOfBody(request)
      if (room === undefined) return handler.call(this, request, reply)
      requireConnection(request)
      return holding(room, () => handler.call(this, request, reply))
    }
  app.addHook('onRoute', (route) => {
    const handler = inTurn(route.handler)
    route.handler = route.config?.takes === undefined ? handler : withBody(handler)
  })

  app.addHook('preHandler', (request, _reply, done) => {
    if (!isPaced(request) || isLargeRead(request)) return done()
    others.whenTurn(() => {
      // Until it is made, also where its connection is gone meanwhile; and not until it is read: who does not read keeps nobody from reading.
      let isGiven = false
      request.madeRead = () => {
        if (!isGiven) others.give()
        isGiven = true
      }
      done(request.raw.socket.destroyed ? busy('the connection is gone') : undefined)
    })
  })

  app.addHook('onSend', (request, reply, payload, done) => {
    const length = typeof payload === 'string' || Buffer.isBuffer(payload) ? payload.length : 0
    request.madeRead?.()
    if (request.largeRead !== undefined) {
      request.largeRead.made(length)
      return done(null, payload)
    }
    const isCounted = !ownAccount.includes(request.routeOptions.url ?? '')
    if (length <= smallAnswer || !isCounted) return done(null, payload)
    if (!answers.take(length)) return done(busy(answersUnread))
    connections.whenOver(reply.raw, request.raw.socket, () => answers.give(length))
    done(null, payload)
  })
}

declare module 'fastify' {
  interface FastifyRequest {
    /** The answer to be: when it is over, what its request held is free. */
    answer?: ServerResponse
    /** Where this reads many entries. */
    largeRead?: LargeRead
    /** Where this reads otherwise: its turn is over. */
    madeRead?: () => void
  }
}
