import { existsSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { encodeBundle } from '../core/bundle.ts'
import { parseTilePath, tileWidth, tileWidthAt } from '../core/merkle/layout.ts'
import { maxPolicyBytes } from '../core/policy.ts'
import { readBounded } from '../node/bounded-file.ts'
import { HostNames } from '../node/host-names.ts'
import type { VerifiedCopy } from './verified-copy.ts'

export interface CopyServerOptions {
  readonly host: string
  /** 0 for any. */
  readonly port: number
  /** URLs that the copy is reached by, where a proxy passes their names on. */
  readonly baseUrls?: readonly string[]
  /** False where entries were got by a right that readers of the copy need not have. */
  readonly entries: boolean
}

type Answer = { readonly bytes: Uint8Array; readonly type: string; readonly cache: string }

const immutable = 'public, max-age=31536000, immutable'

/** Serves a copy read-only, by C2SP tlog-tiles: what its checkpoint covers, and nothing else. */
export async function serveCopy(
  copy: VerifiedCopy,
  options: CopyServerOptions,
): Promise<{ readonly url: string; readonly close: () => Promise<void> }> {
  const hosts = new HostNames(options.host, options.baseUrls ?? [])
  const limits = { requestTimeout: 30_000, headersTimeout: 10_000, requireHostHeader: false }
  const server = createServer(limits, (from, to) => {
    const refusal = hosts.refusal(from)
    if (refusal !== undefined) return refuse(from, to, refusal.kind.status, refusal.message)
    handle(copy, options, from, to).catch(() => to.destroy())
  })
  server.maxConnections = 1024
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, resolve)
  })
  const { port } = server.address() as AddressInfo
  const host = options.host.includes(':') ? `[${options.host}]` : options.host
  return { url: `http://${host}:${port}`, close: () => closed(server) }
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}

function refuse(from: IncomingMessage, to: ServerResponse, status: number, text: string, headers = {}): void {
  from.resume()
  to.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...headers }).end(`${text}\n`)
}

async function handle(
  copy: VerifiedCopy,
  options: CopyServerOptions,
  from: IncomingMessage,
  to: ServerResponse,
): Promise<void> {
  if (from.method !== 'GET' && from.method !== 'HEAD')
    return refuse(from, to, 405, 'this is a mirror: it is read only', { allow: 'GET, HEAD' })
  const answer = await answerTo((from.url ?? '').split('?')[0] as string, copy, options)
  if (answer === 'closed') return refuse(from, to, 403, 'this mirror serves no entries')
  if (answer === undefined) return refuse(from, to, 404, 'there is nothing at this address')
  const { bytes, type, cache } = answer
  from.resume()
  to.writeHead(200, { 'content-type': type, 'content-length': bytes.length, 'cache-control': cache })
  to.end(from.method === 'HEAD' ? undefined : bytes)
}

async function answerTo(
  path: string,
  { folder, size, note }: VerifiedCopy,
  { entries }: CopyServerOptions,
): Promise<Answer | 'closed' | undefined> {
  const text = 'text/plain; charset=utf-8'
  if (path === '/checkpoint')
    return note === undefined ? undefined : { bytes: note.bytes, type: text, cache: 'no-cache, max-age=0' }
  if (path === '/policy') {
    const file = folder.path('policy')
    return existsSync(file) ? { bytes: readBounded(file, maxPolicyBytes), type: text, cache: 'no-cache' } : undefined
  }
  const address = path.startsWith('/tile/') ? parseTilePath(path.slice('/tile/'.length)) : undefined
  if (address === undefined) return undefined
  const { level, n, width } = address
  if (tileWidthAt(level === 'entries' ? 0 : level, n, size) < width) return undefined
  if (level === 'entries') {
    if (!entries) return 'closed'
    const held = await folder.entries(n, width)
    if (held.length !== width || width > tileWidth || held.some((one) => one === undefined)) return undefined
    return { bytes: encodeBundle(held as Uint8Array[]), type: 'application/octet-stream', cache: immutable }
  }
  const bytes = await folder.tile(level, n, width)
  return bytes === undefined ? undefined : { bytes, type: 'application/octet-stream', cache: immutable }
}
