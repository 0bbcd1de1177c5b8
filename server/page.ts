import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { takes } from './header-lists.ts'

/** Where `npm run build` puts the page: beside the built server, or, for a server that runs from its sources, in `dist`. */
const ownFolder = ['../page', '../dist/page']
  .map((path) => fileURLToPath(new URL(path, import.meta.url)))
  .find((path) => existsSync(join(path, 'index.html')))

const compress = promisify(gzip)

const types: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  json: 'application/json; charset=utf-8',
  wasm: 'application/wasm',
  woff2: 'font/woff2',
}

/** What the page may load and do: its own files, nothing of any other host, no script in a text, no frame around it. */
const contentPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "font-src 'self'",
  "worker-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "require-trusted-types-for 'script'",
  'trusted-types evidence-worker',
].join('; ')

interface PageFile {
  readonly bytes: Buffer
  /** Compressed when it is first asked for: a start would take longer for that than for all else, and most are never asked for. */
  readonly gzip: () => Promise<Buffer>
  readonly type: string
  readonly etag: string
  /** Set for what is kept as a file: it is given with its own policy, and as a download. */
  readonly download: string | undefined
}

/**
 * The page for people, at `/` and below it: what the build made, read once and held in memory, under a strict content policy. Public, and
 * the same for all. Without a build there is no page, and `/` is refused as any address that is not there.
 */
export function pageRoutes(app: FastifyInstance, folder: string | undefined = ownFolder): void {
  if (folder === undefined || !existsSync(join(folder, 'index.html'))) return
  for (const [path, name] of pathsIn(folder)) {
    const file = pageFile(folder, name)
    app.get(path, { schema: { hide: true } }, (request, reply) => send(request, reply, file))
  }
}

/** Every file of the page with its address: `index.html` is `/`, other pages have their name without the ending. */
function pathsIn(folder: string): (readonly [path: string, name: string])[] {
  const pages = readdirSync(folder)
    .filter((name) => name.endsWith('.html'))
    .map((name) => [addressOf(name), name] as const)
  const assets = readdirSync(join(folder, 'assets')).map((name) => [`/assets/${name}`, `assets/${name}`] as const)
  return [...pages, ...assets]
}

function addressOf(name: string): string {
  if (name === 'index.html') return '/'
  return isDownload(name) ? `/${name}` : `/${name.replace(/\.html$/, '')}`
}

/** The checkers as one file: they are to be kept and compared, not to be run from here. */
function isDownload(name: string): boolean {
  return name.startsWith('evidence-check')
}

function pageFile(folder: string, name: string): PageFile {
  const bytes = readFileSync(join(folder, name))
  const [, ending = ''] = /\.([a-z0-9]+)$/.exec(name) ?? []
  const type = types[ending] ?? 'application/octet-stream'
  const etag = `"${createHash('sha256').update(bytes).digest('hex').slice(0, 32)}"`
  let compressed: Promise<Buffer> | undefined
  return {
    bytes,
    gzip: () => (compressed ??= compress(bytes, { level: 9 })),
    type,
    etag,
    download: isDownload(name) ? name : undefined,
  }
}

async function send(request: FastifyRequest, reply: FastifyReply, file: PageFile): Promise<FastifyReply> {
  void reply
    .header('Cache-Control', 'no-cache')
    .header('ETag', file.etag)
    .header('Vary', 'Accept-Encoding')
    .header('X-Content-Type-Options', 'nosniff')
    .header('Referrer-Policy', 'no-referrer')
    .header('Cross-Origin-Opener-Policy', 'same-origin')
    .header('Content-Security-Policy', contentPolicy)
  if (file.download !== undefined) void reply.header('Content-Disposition', `attachment; filename="${file.download}"`)
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send()
  void reply.type(file.type)
  const takesGzip = takes(request.headers['accept-encoding'], 'gzip')
  if (!takesGzip) return reply.send(file.bytes)
  const compressed = await file.gzip()
  return reply.header('Content-Encoding', 'gzip').send(compressed)
}
