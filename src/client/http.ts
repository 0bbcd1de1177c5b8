import { lossyUtf8, readBounded } from '../core/bytes.ts'
import { type ErrorCode, errorTable, EvidenceError } from '../core/errors.ts'
import { tryUrl, withoutCredentials } from './server-url.ts'

export interface HttpOptions {
  /** Time for one request, in milliseconds. */
  readonly timeoutMs?: number
  /** How often a request that the server was too busy for, or that broke off, is sent again. */
  readonly retries?: number
  /** Called before each repetition. */
  readonly onRetry?: (why: string, waitMs: number) => void
}

export interface HttpAnswer {
  readonly status: number
  readonly body: Uint8Array
  readonly contentType: string
  /** How far this computer's clock is ahead of the server's `Date` (negative: behind), in seconds; 0 where it is not known. */
  readonly clockAhead: number
}

/** Largest answer that is read, in bytes: a bundle of 256 entries, or a batch's receipts. */
const maxAnswerBytes = 64 * 1024 * 1024

/**
 * One request, repeated while the server is busy (429, 503) or out of reach; only for requests that may be repeated, as all
 * of ours may. It goes through the proxy that HTTPS_PROXY or HTTP_PROXY names, if any. Throws `server-unreachable` when tries run
 * out, `server-answer` for a redirect: it is never followed, for what is sent, a token also, is meant for this server alone.
 */
export async function request(url: string, init: RequestInit, options: HttpOptions = {}): Promise<HttpAnswer> {
  const { timeoutMs = 60_000, retries = 4, onRetry } = options
  const send = await transport(url)
  for (let attempt = 0; ; attempt++) {
    let why: string
    let waitMs = 250 * 2 ** attempt
    try {
      const { answer, retryAfter } = await within(timeoutMs, (signal) => once(send, url, { ...init, signal }))
      if ((answer.status !== 503 && answer.status !== 429) || attempt >= retries) return answer
      why = `the server answered ${answer.status}`
      waitMs = Math.max(waitMs, Math.min(30, Number(retryAfter) || 0) * 1000)
    } catch (cause) {
      if (cause instanceof EvidenceError) throw cause
      why = causeOf(cause, timeoutMs)
      if (attempt >= retries) {
        const { origin } = new URL(url)
        throw new EvidenceError(
          'server-unreachable',
          `${origin} cannot be reached${proxyFor(url) === undefined ? '' : ' through the proxy that the environment names'}: ${why}`,
          { where: origin },
          { cause },
        )
      }
    }
    onRetry?.(why, waitMs)
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
}

async function once(
  send: typeof fetch,
  url: string,
  init: RequestInit,
): Promise<{ readonly answer: HttpAnswer; readonly retryAfter: string | null }> {
  const askedMs = Date.now()
  const response = await send(url, { ...init, redirect: 'manual' })
  const clockAhead = secondsAhead(response.headers.get('date'), askedMs, Date.now())
  // A browser tells of a redirect, and not of its status and target.
  const isRedirect = response.status >= 300 && response.status < 400 && response.status !== 304
  if (isRedirect || response.type === 'opaqueredirect') throw await redirected(url, response)
  const answer = { ...(await readAnswer(response)), clockAhead }
  return { answer, retryAfter: response.headers.get('retry-after') }
}

/** Runs something for so long at most (`AbortSignal.timeout` is not in every browser that this runs in). */
async function within<T>(ms: number, run: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const late = Object.assign(new Error(`no answer within ${ms} ms`), { name: 'TimeoutError' })
  const timer = setTimeout(() => controller.abort(late), ms)
  try {
    return await run(controller.signal)
  } finally {
    clearTimeout(timer)
  }
}

/** `fetch`, or one that goes through a proxy, which is loaded where the environment names one. */
async function transport(url: string): Promise<typeof fetch> {
  if (proxyFor(url) === undefined) return fetch
  try {
    return (await import('./proxy.ts')).proxyFetch
  } catch (cause) {
    // dist/check.mjs, taken away alone.
    if ((cause as { code?: unknown }).code !== 'ERR_MODULE_NOT_FOUND') throw cause
    const message = 'the environment names a proxy, and check-proxy.mjs, which goes through it, is not beside check.mjs'
    throw new EvidenceError('server-unreachable', message, {}, { cause })
  }
}

/** The proxy of the environment for a URL; never for this very machine. NO_PROXY is heeded by the transport. */
function proxyFor(url: string): string | undefined {
  const { protocol, hostname } = new URL(url)
  if (/^(?:localhost|127(?:\.[0-9]+){3}|\[::1\])$/.test(hostname)) return undefined
  // A browser has no environment, and goes through its own proxy.
  const env = (globalThis as { process?: { env?: Readonly<Record<string, string | undefined>> } }).process?.env ?? {}
  const named =
    protocol === 'https:' ? (env['https_proxy'] ?? env['HTTPS_PROXY']) : (env['http_proxy'] ?? env['HTTP_PROXY'])
  return named === '' ? undefined : named
}

/** HTTP's Date has whole seconds, and was written between the question and its answer. */
function secondsAhead(date: string | null, askedMs: number, answeredMs: number): number {
  const dateMs = Date.parse(date ?? '')
  if (Number.isNaN(dateMs)) return 0
  if (askedMs > dateMs + 1000) return Math.round((askedMs - dateMs) / 1000)
  return dateMs > answeredMs ? -Math.round((dateMs - answeredMs) / 1000) : 0
}

async function redirected(url: string, response: Response): Promise<EvidenceError> {
  await response.body?.cancel()
  const location = response.headers.get('location') ?? ''
  const to = tryUrl(location, url)
  const target = to === undefined ? 'nowhere' : withoutCredentials(to.href)
  const { origin } = new URL(url)
  return new EvidenceError(
    'server-answer',
    `${origin} redirects to ${target.slice(0, 300)}; redirects are not followed: give the URL of the ledger itself`,
    { where: origin, found: String(response.status) },
  )
}

async function readAnswer(response: Response): Promise<Omit<HttpAnswer, 'clockAhead'>> {
  const tooLong = (): EvidenceError =>
    new EvidenceError('server-answer', 'the server’s answer is larger than any of ours')
  return {
    status: response.status,
    body: await readBounded(response.body, maxAnswerBytes, tooLong),
    contentType: response.headers.get('content-type') ?? '',
  }
}

const causes: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there (ECONNREFUSED)',
  ENOTFOUND: 'its name is not known (ENOTFOUND)',
  EAI_AGAIN: 'its name cannot be looked up just now (EAI_AGAIN)',
  ECONNRESET: 'the connection broke off (ECONNRESET)',
  UND_ERR_SOCKET: 'the connection broke off (UND_ERR_SOCKET)',
}

/** Certificates that this computer does not trust: what to do is not plain from the code. */
const untrusted = /^(?:SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED|UNABLE_TO_(?:VERIFY|GET_ISSUER))/

function causeOf(error: unknown, timeoutMs: number): string {
  const { cause, name, message } = error as {
    cause?: { code?: string; message?: string }
    name?: string
    message?: string
  }
  if (name === 'TimeoutError') return `no answer within ${timeoutMs / 1000} s`
  const { code, message: inner } = cause ?? {}
  if (code !== undefined && untrusted.test(code))
    return `its certificate is of an authority that this computer does not trust (${code}); NODE_EXTRA_CA_CERTS names more`
  return causes[code ?? ''] ?? code ?? inner ?? message ?? 'unknown'
}

/** A difference between the clocks, in seconds, from which on it is named as the cause of a refusal. */
const skewSeconds = 30

/** The refusals that a wrong clock causes. */
const timed: ReadonlySet<string> = new Set(['token-invalid', 'issued-in-future'])

/**
 * The error that a problem document states, with our code where it is one of ours. Where this computer's clock is the likely
 * cause, the message says so, and `where` is `clock`.
 */
export function problemError(answer: Pick<HttpAnswer, 'status' | 'body' | 'clockAhead'>): EvidenceError {
  let document: unknown
  try {
    document = JSON.parse(lossyUtf8(answer.body))
  } catch {
    const why = answer.status === 431 ? ' (the request’s header lines are too large for it)' : ''
    const message = `the server answered ${answer.status}${why}, with no problem document: something before the ledger, or no ledger, answered`
    return new EvidenceError('server-answer', message)
  }
  return withClock(problemFrom(document), answer.clockAhead)
}

/** Names the clock as the cause of a refusal that it can cause. */
export function withClock(error: EvidenceError, ahead: number): EvidenceError {
  if (!timed.has(error.code) || Math.abs(ahead) < skewSeconds) return error
  const by = `${Math.abs(ahead)} s ${ahead > 0 ? 'ahead of' : 'behind'}`
  const message = `${error.message}: this computer’s clock is ${by} the server’s; set it right, then try again`
  return new ServerRefusal(error.code, message, { ...error.facts, where: 'clock' }, { cause: error })
}

/**
 * A refusal in a server's own words. It has the code that the server states, and is no verdict of ours: a server that says that
 * evidence does not verify has verified nothing for the reader.
 */
export class ServerRefusal extends EvidenceError {}

/** An error of a server, or of its answer, as one that says only that the server could not be asked: a code of exit 3 is that already. */
export function asUnanswered(error: EvidenceError): EvidenceError {
  if (error.kind.exit === 3) return error
  const who = error instanceof ServerRefusal ? 'the server refused' : 'the server’s answer is none that can be read'
  return new EvidenceError(
    'server-answer',
    `${who}: ${error.code}: ${error.message}. ${error.kind.action}`,
    error.facts,
    { cause: error },
  )
}

/** The error that a problem document, read already, states. */
export function problemFrom(document: unknown): EvidenceError {
  const { code, detail, where, index, expected, found } = (document ?? {}) as Record<string, unknown>
  if (typeof code !== 'string')
    return new EvidenceError(
      'server-answer',
      'the server refused, and its answer is no problem document: it has no code',
    )
  if (!Object.hasOwn(errorTable, code))
    return new EvidenceError('server-answer', `the server refused with the unknown code ${code.slice(0, 40)}`)
  return new ServerRefusal(code as ErrorCode, typeof detail === 'string' ? detail : code, {
    ...(typeof where === 'string' ? { where } : {}),
    ...(typeof expected === 'string' ? { expected } : {}),
    ...(typeof found === 'string' ? { found } : {}),
    ...(typeof index === 'number' ? { index } : {}),
  })
}
