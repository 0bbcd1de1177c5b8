import { createServer, type RequestListener, type Server, type ServerOptions } from 'node:http'
import { Connections, type Patience } from './connections.ts'
import { oneAtATime } from './pipeline.ts'

/** An HTTP server whose connections, and whose requests at work, are bounded. */
export interface BoundedServer {
  readonly server: Server
  readonly connections: Connections
  /** Sets what answers the requests; call it once. */
  readonly handle: (handler: RequestListener) => void
}

/** @param limit connections that are served at once; each has one request at work ({@link oneAtATime}). */
export function boundedServer(options: ServerOptions, limit: number, patience?: Patience): BoundedServer {
  const server = createServer({
    // Longer than the 60 seconds for which proxies commonly keep a connection, or theirs would break at each reuse.
    keepAliveTimeout: 75_000,
    // Heads are small; and time limits are looked at every 2 seconds, not every 30 as by default.
    headersTimeout: 10_000,
    connectionsCheckingInterval: 2_000,
    // A missing Host header is refused by host-names.ts, with a problem document.
    requireHostHeader: false,
    ...options,
  })
  const connections = new Connections(server, limit, patience)
  const handle = (handler: RequestListener): void => {
    server.on(
      'request',
      oneAtATime((request, response) => {
        // First, so that it is known before any handler asks.
        connections.begin(request, response)
        handler(request, response)
      }),
    )
  }
  return { server, connections, handle }
}
