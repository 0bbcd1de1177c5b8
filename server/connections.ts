import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { addressGroup } from './address-group.ts'

/** How long clients may take, in milliseconds. */
export interface Patience {
  /** For a body, before its connection may have to make room for any other. */
  readonly bodyMs: number
  /** To read an answer that is finished, before it is cut off. */
  readonly answerMs: number
  /** How often unread answers are looked for. */
  readonly sweepMs: number
}

const usual: Patience = { bodyMs: 2_500, answerMs: 60_000, sweepMs: 5_000 }

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly since: number
  /** When a sweep first found the answer finished and not read. */
  unreadSince?: number
}

/**
 * Bounds the connections of a server. At the limit a newcomer takes the place of the connection that has idled longest (half
 * a request line is idling), then of the body that has been under way longest, then of a body of the address that has most
 * connections, where that is not its own; with none to give way it is surplus, and its requests are refused. So connections
 * that do nothing, however many, keep nobody out.
 */
export class Connections {
  private readonly limit: number
  private readonly patience: Patience
  /** Connections that have a place, and, longest first, those of them that idle ({@link idle}). */
  private readonly open = new Set<Socket>()
  private readonly idle = new Set<Socket>()
  /** Connections that came when all places were at work, the oldest first. */
  private readonly surplus = new Set<Socket>()
  private readonly exchanges = new Map<Socket, Exchange>()
  /** What is to be given back when a connection closes. */
  private readonly held = new Map<Socket, Set<() => void>>()
  private readonly sweeper: NodeJS.Timeout

  /** @param limit connections that are served at once; a few more are told to come back, and the rest dropped unheard. */
  constructor(server: Server, limit: number, patience: Patience = usual) {
    this.limit = limit
    this.patience = patience
    server.maxConnections = limit + surplusOf(limit)
    server.on('connection', (socket) => this.arrive(socket))
    this.sweeper = setInterval(() => this.sweep(performance.now()), patience.sweepMs).unref()
    server.on('close', () => clearInterval(this.sweeper))
  }

  get count(): number {
    return this.open.size + this.surplus.size
  }

  /** True for a connection that came when all places were at work. */
  isSurplus(socket: Socket): boolean {
    return this.surplus.has(socket)
  }

  /**
   * Calls `give` once, when an answer was handed over or its connection closed. The connection is watched as well, for a
   * response that node never gave the connection does not tell that it closed.
   */
  whenOver(response: ServerResponse, socket: Socket, give: () => void): void {
    if (socket.destroyed || response.closed) return give()
    const held = this.held.get(socket) ?? new Set()
    this.held.set(socket, held)
    const once = (): void => {
      if (!held.delete(once)) return
      if (held.size === 0) this.held.delete(socket)
      give()
    }
    held.add(once)
    response.once('close', once)
  }

  private arrive(socket: Socket): void {
    if (this.open.size < this.limit || this.makeRoom(socket)) {
      this.open.add(socket)
      this.idle.add(socket)
    } else this.arriveSurplus(socket)
    socket.once('close', () => {
      this.forget(socket)
      for (const give of this.held.get(socket) ?? []) give()
    })
  }

  /** A surplus connection is refused as soon as it asks; one that does not ask soon makes room for the next. */
  private arriveSurplus(socket: Socket): void {
    const [oldest] = this.surplus
    if (oldest !== undefined && this.surplus.size >= surplusOf(this.limit) / 2) this.leave(oldest)
    this.surplus.add(socket)
  }

  private makeRoom(newcomer: Socket): boolean {
    const [longest] = this.idle
    const leaving = longest ?? this.slowestBody(this.patience.bodyMs) ?? this.bodyOfLargest(groupOf(newcomer))
    if (leaving === undefined) return false
    this.leave(leaving)
    return true
  }

  /** Its place counts as free at once: the event comes later. */
  private leave(socket: Socket): void {
    socket.destroy()
    this.forget(socket)
  }

  private forget(socket: Socket): void {
    this.open.delete(socket)
    this.idle.delete(socket)
    this.surplus.delete(socket)
    this.exchanges.delete(socket)
  }

  /** The body that has been under way longest, of those that have had so many milliseconds, and of one address where given. */
  private slowestBody(ms: number, group?: string): Socket | undefined {
    const now = performance.now()
    for (const [socket, { request, since }] of this.exchanges) {
      if (now - since < ms) return undefined // in order of time: none after it is older
      if (!request.complete && (group === undefined || groupOf(socket) === group)) return socket
    }
    return undefined
  }

  /** A body of the address that has most connections; undefined where that is the newcomer's own. */
  private bodyOfLargest(newcomer: string): Socket | undefined {
    const counts = new Map<string, number>()
    for (const socket of this.open) counts.set(groupOf(socket), (counts.get(groupOf(socket)) ?? 0) + 1)
    const [largest] = [...counts].sort(([, a], [, b]) => b - a)
    if (largest === undefined || largest[0] === newcomer) return undefined
    return this.slowestBody(0, largest[0])
  }

  /** Notes the request that is at work on its connection: call it before the request is handled. */
  begin(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    this.idle.delete(socket)
    // Again at the end of the map, which is in order of time.
    this.exchanges.delete(socket)
    this.exchanges.set(socket, { request, response, since: performance.now() })
    response.once('close', () => {
      if (this.exchanges.get(socket)?.response !== response) return
      this.exchanges.delete(socket)
      if (this.open.has(socket) && !socket.destroyed) this.idle.add(socket)
    })
  }

  /** Closes connections whose peer has not read a finished answer in time: such an answer holds memory and the connection's place. */
  private sweep(now: number): void {
    for (const [socket, exchange] of this.exchanges) {
      const { response } = exchange
      if (!response.writableEnded || response.writableFinished) continue
      exchange.unreadSince ??= now
      if (now - exchange.unreadSince >= this.patience.answerMs) socket.destroy()
    }
  }
}

/** By the connection itself: a proxy's are one address, and its own business. */
function groupOf({ remoteAddress }: Socket): string {
  return addressGroup(remoteAddress ?? '')
}

/** Connections past the limit: half of them are still answered, with a refusal; the others may be on their way out. */
export function surplusOf(limit: number): number {
  return Math.max(4, Math.ceil(limit / 8))
}
