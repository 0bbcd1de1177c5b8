import type { ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { EvidenceError } from '../src/core/errors.ts'
import { addressGroup } from './address-group.ts'
import { answerWeight, bodyWeight } from './batch-weight.ts'
import { BodyRoom, type BodyUnderWay, busy } from './body-room.ts'
import type { Connections } from './connections.ts'
import { Held } from './held.ts'
import { maxBatchBody, maxStatementBody } from './settings.ts'

const MiB = 1024 * 1024

/** What all bodies of single statements may hold at once: those said to be small, and the others. */
export const maxSmallBytes: number = 32 * MiB
export const maxSingleBytes: number = 32 * MiB
/** A body said to be at most this has a room of its own, which none of another length can fill. */
const smallBody = 32 * 1024

/** How fast bodies must arrive. */
export interface Pace {
  /** In each period, in milliseconds, a body brings so many bytes, or its end. */
  readonly periodMs: number
  readonly bytes: number
}

/** A small body arrives within a period, for it has no more to bring. */
export const usualPace: Pace = { periodMs: 2_000, bytes: smallBody }

/** What keeping a piece costs beside its bytes: one that is sent byte by byte holds many. */
const chunkOverhead = 256

const batchType = 'application/x-ndjson'
/** The media types that a route takes, by what its configuration says of it (`takes`); a route that says nothing takes no body. */
const mediaTypes = {
  statements: ['application/sd-jwt', 'application/jwt', 'application/json', 'text/plain', batchType],
  json: ['application/json'],
} as const

/** A media type that a body is read as. */
export type MediaType = (typeof mediaTypes)[keyof typeof mediaTypes][number]

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What the bodies of this route are. */
    readonly takes?: keyof typeof mediaTypes
  }
}

interface Arriving extends BodyUnderWay {
  since: number
  brought: number
}

/**
 * Reads the bodies of requests: the one place that does. Bounds what they hold together, by what has arrived, and how long
 * they may take. Throws `media-type`, `body-too-large`, `body-malformed`, `server-busy`, `request-slow`.
 */
export class Bodies {
  private readonly connections: Connections
  private readonly pace: Pace
  private readonly rooms: Readonly<Record<'small' | 'single' | 'batch', BodyRoom>>
  private readonly arriving = new Set<Arriving>()
  private readonly sweeper: NodeJS.Timeout
  private sweptAt = performance.now()

  constructor(app: FastifyInstance, connections: Connections, maxBatchBytes: number, pace: Pace = usualPace) {
    this.connections = connections
    this.pace = pace
    this.rooms = {
      small: new BodyRoom(maxSmallBytes, true),
      single: new BodyRoom(maxSingleBytes, true),
      batch: new BodyRoom(maxBatchBytes, false),
    }
    this.sweeper = setInterval(() => this.sweep(performance.now()), pace.periodMs / 4).unref()
    app.server.on('close', () => clearInterval(this.sweeper))
    for (const type of new Set(Object.values(mediaTypes).flat()))
      app.addContentTypeParser(type, async (request: FastifyRequest) => {
        requireType(request, type)
        readAs.set(request, type)
        return this.read(request, type === batchType)
      })
  }

  private read(request: FastifyRequest, isBatch: boolean): Promise<Buffer> {
    const coding = codingOf(request)
    const limit = isBatch ? maxBatchBody : maxStatementBody
    const declared = request.headers['content-length']
    const length = declared === undefined ? undefined : Number(declared)
    if (length !== undefined && length > limit) throw tooLarge(limit)
    const room = this.rooms[isBatch ? 'batch' : length !== undefined && length <= smallBody ? 'small' : 'single']
    return new Promise((resolve, reject) => {
      const { raw } = request
      // What comes out of it is bounded as a plain body is; what arrives shows how fast it comes.
      const source: Readable = coding === 'gzip' ? raw.pipe(createGunzip()) : raw
      const chunks: Buffer[] = []
      let received = 0
      let arrived = 0
      /** What the answer may take, in the same room. */
      let lines = 0
      const answer = (withReceipts: boolean): number => (isBatch ? answerWeight(lines, received, withReceipts) : 0)
      const finish = (error: Error | undefined): void => {
        if (!this.arriving.delete(body)) return
        raw.off('data', onArrival).off('error', onBroken).off('close', onBroken)
        source.off('data', onData).off('end', onEnd)
        if (source !== raw) endInflating(raw, source)
        if (error !== undefined) {
          room.leave(body)
          // What still comes is read and forgotten until the answer is sent and the connection closes.
          raw.resume()
          return reject(error)
        }
        room.arrived(body)
        // However it ends: answered, refused, or broken off. But for the answer's part before that, by freeBody.
        const held = new Held(() => room.leave(body))
        bodies.set(request, { held, keepAnswer: (withReceipts) => room.keep(body, answer(withReceipts)) })
        this.connections.whenOver(request.answer as ServerResponse, raw.socket, () => held.over())
        const whole = Buffer.concat(chunks, received)
        // What is called when the request is over would keep the pieces until then.
        chunks.length = 0
        resolve(whole)
      }
      const body: Arriving = {
        group: addressGroup(request.ip),
        end: finish,
        since: performance.now(),
        brought: 0,
      }
      const onArrival = ({ length: more }: Buffer): void => {
        arrived += more
        body.brought += more
      }
      const onData = (chunk: Buffer): void => {
        received += chunk.length
        if (received > limit) return finish(tooLarge(limit))
        const weight = (isBatch ? bodyWeight(chunk.length) : chunk.length) + chunkOverhead
        if (!room.take(body, weight)) return finish(fullRoom())
        chunks.push(chunk)
      }
      const onEnd = (): void => {
        if (length !== undefined && arrived !== length) return finish(notWhole())
        lines = isBatch ? linesOf(chunks) : 1
        // The body is let go of before there is an answer: room for the larger of the two.
        if (!room.take(body, Math.max(0, answer(true) - bodyWeight(received)))) return finish(fullRoom())
        finish(undefined)
      }
      const onBroken = (): void => finish(notWhole())
      this.arriving.add(body)
      room.enter(body)
      raw.on('data', onArrival).on('error', onBroken)
      source.on('data', onData).on('end', onEnd)
      if (source === raw) raw.on('close', onBroken)
      else source.on('error', () => finish(notGzip()))
    })
  }

  /** Ends bodies that did not bring enough in their period. */
  private sweep(now: number): void {
    // Where the process itself was held up, what had come meanwhile is not read yet: the period begins anew.
    const isLate = now - this.sweptAt > this.pace.periodMs / 2
    this.sweptAt = now
    for (const body of this.arriving) {
      if (isLate) body.since = now
      if (now - body.since < this.pace.periodMs) continue
      if (body.brought < this.pace.bytes) {
        const { periodMs, bytes } = this.pace
        const why = `the body arrives too slowly: it must bring ${bytes} bytes, or its end, every ${periodMs / 1000} seconds`
        body.end(new EvidenceError('request-slow', why))
      }
      body.since = now
      body.brought = 0
    }
  }
}

const readAs = new WeakMap<FastifyRequest, MediaType>()

/** The media type that the body of a request was read, and bounded, as; nothing else reads it out of the header. Undefined where there is no body. */
export function mediaTypeOf(request: FastifyRequest): MediaType | undefined {
  return readAs.get(request)
}

interface ReadBody {
  /** Its room. */
  readonly held: Held
  /** Frees it but for that of the answer. */
  readonly keepAnswer: (withReceipts: boolean) => void
}
const bodies = new WeakMap<FastifyRequest, ReadBody>()

/** The room of a request's body, which its handler is to keep while it works; undefined where it has none. */
export function roomOfBody(request: FastifyRequest): Held | undefined {
  return bodies.get(request)?.held
}

/**
 * Gives back the room of a request's body, but for that of a batch's answer, and lets go of it: once it is read into what waits,
 * which is bounded by itself, and before a wait that may be long. An answer with receipts holds more than one without.
 */
export function freeBody(request: FastifyRequest, withReceipts: boolean): void {
  request.body = undefined
  bodies.get(request)?.keepAnswer(withReceipts)
}

/** How a body is coded. Throws `media-type` for another coding, of the body or on its way. */
function codingOf({ headers }: FastifyRequest): 'gzip' | 'identity' {
  const transfer = String(headers['transfer-encoding'] ?? 'chunked').trim()
  if (transfer.toLowerCase() !== 'chunked') throw otherCoding('Transfer-Encoding', transfer, 'send it without')
  const coding = String(headers['content-encoding'] ?? 'identity').trim()
  const name = coding.toLowerCase()
  if (name === '' || name === 'identity') return 'identity'
  if (name === 'gzip') return 'gzip'
  throw otherCoding('Content-Encoding', coding, 'send it as it is, or by gzip')
}

function otherCoding(where: string, coding: string, action: string): EvidenceError {
  return new EvidenceError('media-type', `the body has the coding "${coding.slice(0, 40)}"; ${action}`, { where })
}

/** Nothing more is inflated; what still arrives is for what reads the request. */
function endInflating(raw: Readable, source: Readable): void {
  raw.unpipe()
  source.on('error', () => {})
  source.destroy()
}

function notGzip(): EvidenceError {
  return new EvidenceError('body-malformed', 'the body is no gzip, or not the whole of one')
}

function linesOf(chunks: readonly Buffer[]): number {
  let lines = 1
  for (const chunk of chunks) for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++
  return lines
}

/** Before anything of the body is read: what may be sent, and how much, is the route's to say. Throws `media-type`. */
function requireType({ routeOptions }: FastifyRequest, type: string): void {
  const { takes } = routeOptions.config
  const taken: readonly string[] = takes === undefined ? [] : mediaTypes[takes]
  if (taken.includes(type)) return
  const why = `this route takes ${taken.length === 0 ? 'no body' : taken.join(', ')}, and not ${type}`
  throw new EvidenceError('media-type', why, { where: 'Content-Type' })
}

function tooLarge(limit: number): EvidenceError {
  return new EvidenceError('body-too-large', `the body is larger than the ${limit} bytes that it may have`)
}

function fullRoom(): EvidenceError {
  return busy('the bodies of other requests hold as much as they may')
}

function notWhole(): EvidenceError {
  return new EvidenceError('body-malformed', 'the body does not match its headers')
}
