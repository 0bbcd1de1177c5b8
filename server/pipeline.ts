import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

/** Requests that may wait on one connection behind the one at work. */
export const maxWaiting = 16

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/**
 * A listener that gives `handle` the requests of a connection one after another: the next when the answer before it is over.
 * Node's server emits each pipelined request as soon as it is read, so that one connection could have thousands at work. A
 * connection on which more than {@link maxWaiting} wait is closed; requests behind an answer that closes the connection are
 * dropped.
 */
export function oneAtATime(handle: RequestListener): RequestListener {
  /** Requests that wait, the oldest first, by connection with a request at work. */
  const waiting = new Map<Socket, Exchange[]>()
  const begin = ({ request, response }: Exchange): void => {
    const { socket } = request
    response.once('close', () => next(socket))
    handle(request, response)
  }
  const next = (socket: Socket): void => {
    const following = socket.destroyed ? undefined : waiting.get(socket)?.shift()
    // Node gives the connection to the next response, unless the one before it was the last.
    if (following === undefined || following.response.socket === null) waiting.delete(socket)
    else begin(following)
  }
  return (request, response) => {
    const { socket } = request
    // What was in the same packet is still read after the connection was closed.
    if (socket.destroyed) return
    const queue = waiting.get(socket)
    if (queue === undefined) {
      waiting.set(socket, [])
      begin({ request, response })
    } else if (queue.length < maxWaiting) queue.push({ request, response })
    else socket.destroy()
  }
}
