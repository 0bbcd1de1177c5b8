import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** How long a body may be under way before its connection may have to make room, in milliseconds. */
const patienceMs = 10_000
/** How long a client may take to read an answer that is finished, in milliseconds. */
const maxSendMs = 60_000
const sweepMs = 5_000

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly since: number
  /** When a sweep first found the answer finished and not read. */
  unreadSince?: number
}

/**
 * Bounds the connections of a server. At the limit a newcomer takes the place of the connection that has idled longest (half
 * a request line is idling), then of the body that has been under way longest; with none to give way it is surplus, and its
 * requests are refused. So connections that do nothing, however many, keep nobody out.
 */
export class Connections {
  private readonly limit: number
  private readonly open = new Set<Socket>()
  /** In order of how long they have idled. */
  private readonly idle = new Set<Socket>()
  private readonly surplus = new WeakSet<Socket>()
  private readonly exchanges = new Map<Socket, Exchange>()
  /** What is to be given back when a connection closes. */
  private readonly held = new Map<Socket, Set<() => void>>()
  private readonly sweeper: NodeJS.Timeout

  /** @param limit connections that are served at once; a few more are told to come back, and the rest dropped unheard. */
  constructor(server: Server, limit: number) {
    this.limit = limit
    server.maxConnections = limit + surplusOf(limit)
    server.on('connection', (socket) => this.arrive(socket))
    // First, so that it is known before any handler asks.
    server.prependListener('request', (request, response) => this.begin(request, response))
    this.sweeper = setInterval(() => this.sweep(performance.now()), sweepMs).unref()
    server.on('close', () => clearInterval(this.sweeper))
  }

  get count(): number {
    return this.open.size
  }

  /** True for a connection that came when all places were taken. */
  isSurplus(socket: Socket): boolean {
    return this.surplus.has(socket)
  }

  /**
   * Calls `give` once, when an answer was handed over or its connection closed. The connection is watched as well, for an
   * answer whose turn never came (behind others of its connection) is never told that it closed.
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

  /** Ends the body that has been under way longest, where it had its time: whoever comes next finds its place. */
  endSlowestBody(): void {
    this.slowestBody()?.destroy()
  }

  private arrive(socket: Socket): void {
    if (this.open.size >= this.limit && !this.makeRoom()) this.surplus.add(socket)
    this.open.add(socket)
    this.idle.add(socket)
    socket.once('close', () => {
      this.open.delete(socket)
      this.idle.delete(socket)
      this.exchanges.delete(socket)
      for (const give of this.held.get(socket) ?? []) give()
    })
  }

  private makeRoom(): boolean {
    const [longest] = this.idle
    const leaving = longest ?? this.slowestBody()
    if (leaving === undefined) return false
    leaving.destroy()
    // Its place counts as free at once: the event comes later.
    this.open.delete(leaving)
    this.idle.delete(leaving)
    this.exchanges.delete(leaving)
    return true
  }

  private slowestBody(): Socket | undefined {
    const now = performance.now()
    for (const [socket, { request, since }] of this.exchanges) {
      if (now - since < patienceMs) return undefined // in order of time: none after it is older
      if (!request.complete) return socket
    }
    return undefined
  }

  private begin(request: IncomingMessage, response: ServerResponse): void {
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

  /** Cuts off whoever does not read: an answer that waits holds memory, and its connection's place. */
  private sweep(now: number): void {
    for (const [socket, exchange] of this.exchanges) {
      const { response } = exchange
      if (!response.writableEnded || response.writableFinished) continue
      exchange.unreadSince ??= now
      if (now - exchange.unreadSince >= maxSendMs) socket.destroy()
    }
  }
}

/** Connections past the limit that are still answered, with a refusal. */
export function surplusOf(limit: number): number {
  return Math.max(4, Math.ceil(limit / 8))
}
