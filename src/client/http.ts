import { type ErrorCode, EvidenceError, errorTable } from '../core/index.ts'

export interface HttpOptions {
  /** Time for one request, in milliseconds. */
  readonly timeoutMs?: number
  /** How often a request that the server was too busy for, or that broke off, is sent again. */
  readonly retries?: number
  /** Told before each repetition. */
  readonly onRetry?: (why: string, waitMs: number) => void
}

export interface HttpAnswer {
  readonly status: number
  readonly body: Uint8Array
  readonly contentType: string
}

/** Largest answer that is read, in bytes: a bundle of 256 entries, or a batch's receipts. */
const maxAnswerBytes = 64 * 1024 * 1024

/**
 * One request, repeated while the server is busy (429, 503) or out of reach; only for requests that may be repeated, as all
 * of ours may. Throws `server-unreachable` when tries run out, `server-answer` for a redirect.
 */
export async function request(url: string, init: RequestInit, options: HttpOptions = {}): Promise<HttpAnswer> {
  const { timeoutMs = 60_000, retries = 4, onRetry } = options
  for (let attempt = 0; ; attempt++) {
    let why: string
    let waitMs = 250 * 2 ** attempt
    try {
      const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
      if (response.status >= 300 && response.status < 400) throw redirected(url, response.headers.get('location'))
      const answer = await readAnswer(response)
      if ((response.status !== 503 && response.status !== 429) || attempt >= retries) return answer
      why = `the server answered ${response.status}`
      waitMs = Math.max(waitMs, Math.min(30, Number(response.headers.get('retry-after')) || 0) * 1000)
    } catch (cause) {
      if (cause instanceof EvidenceError) throw cause
      why = causeOf(cause)
      if (attempt >= retries) {
        throw new EvidenceError(
          'server-unreachable',
          `${new URL(url).origin} cannot be reached: ${why}`,
          { where: new URL(url).origin },
          { cause },
        )
      }
    }
    onRetry?.(why, waitMs)
    await new Promise((resolve) => setTimeout(resolve, waitMs))
  }
}

/** A redirect is not followed: what is sent, and who is asked, is for the one server that was named. */
function redirected(url: string, location: string | null): EvidenceError {
  const { origin } = new URL(url)
  const to =
    location !== null && URL.canParse(location, url) ? new URL(location, url).origin : 'an address that is none'
  const why = to === origin ? 'elsewhere on the same server' : `to ${to}`
  return new EvidenceError(
    'server-answer',
    `${origin} redirects ${why}, which is not followed: name the ledger’s own address by --url`,
    {
      where: origin,
    },
  )
}

async function readAnswer(response: Response): Promise<HttpAnswer> {
  const chunks: Uint8Array[] = []
  let length = 0
  if (response.body !== null) {
    for await (const chunk of response.body) {
      length += chunk.length
      if (length > maxAnswerBytes)
        throw new EvidenceError('server-answer', 'the server’s answer is larger than any of ours')
      chunks.push(chunk)
    }
  }
  return {
    status: response.status,
    body: Buffer.concat(chunks),
    contentType: response.headers.get('content-type') ?? '',
  }
}

function causeOf(error: unknown): string {
  const cause = (error as { cause?: { code?: string; message?: string } }).cause
  return cause?.code ?? cause?.message ?? (error instanceof Error ? error.message : 'unknown')
}

/** The error that a problem document states, with our code where it is one of ours. */
export function problemError(answer: { readonly status: number; readonly body: Uint8Array }): EvidenceError {
  try {
    return problemFrom(JSON.parse(Buffer.from(answer.body).toString('utf8')))
  } catch {
    return new EvidenceError('server-answer', `the server answered ${answer.status}, with no problem document`)
  }
}

/** The same of a document that was read. */
export function problemFrom(document: unknown): EvidenceError {
  const { code, detail, where, index, expected, found } = (document ?? {}) as Record<string, unknown>
  if (typeof code !== 'string' || !Object.hasOwn(errorTable, code)) {
    return new EvidenceError('server-answer', `the server refused with the unknown code ${String(code).slice(0, 40)}`)
  }
  return new EvidenceError(code as ErrorCode, typeof detail === 'string' ? detail : code, {
    ...(typeof where === 'string' ? { where } : {}),
    ...(typeof expected === 'string' ? { expected } : {}),
    ...(typeof found === 'string' ? { found } : {}),
    ...(typeof index === 'number' ? { index } : {}),
  })
}
