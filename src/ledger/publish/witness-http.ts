import { parseDecimal, readBounded } from '../../core/bytes.ts'
import { EvidenceError } from '../../core/errors.ts'
import type { NoteSignature } from '../../core/note.ts'
import { maxWitnessAnswerBytes, parseSignatureLines, treeSizeMediaType } from '../../core/witness-request.ts'

/** What a witness answers to add-checkpoint, as far as it is of use. */
export type WitnessAnswer =
  | { readonly kind: 'cosigned'; readonly lines: readonly NoteSignature[] }
  /** 409: the size that it cosigned last. */
  | { readonly kind: 'conflict'; readonly size: number }

/** The address of a witness's submission prefix. Throws `config-invalid` for what is no plain HTTP address. */
export function witnessUrl(text: string, where: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const isPlain =
    url !== undefined && url.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (!isPlain || (url.protocol !== 'http:' && url.protocol !== 'https:')) {
    throw new EvidenceError('config-invalid', `the policy gives the witness ${where} no plain http or https address`, {
      where,
    })
  }
  let end = url.href.length
  while (url.href[end - 1] === '/') end--
  return url.href.slice(0, end)
}

function answerError(what: string): EvidenceError {
  return new EvidenceError('witness-answer', `the witness gave ${what}`)
}

/** One request, in bounded time and with a bounded answer; a redirect is an answer like any other, and never followed. */
async function ask(
  url: string,
  init: RequestInit,
  timeoutMs: number,
): Promise<{ response: Response; body: Uint8Array }> {
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
    return {
      response,
      body: await readBounded(response.body, maxWitnessAnswerBytes, () => answerError('an answer that is too long')),
    }
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause
    const { cause: inner, name, message } = cause as { cause?: { code?: string }; name?: string; message?: string }
    const why = name === 'TimeoutError' ? 'no answer in time' : (inner?.code ?? message ?? 'unknown')
    throw new EvidenceError(
      'witness-unreachable',
      `the witness at ${url} cannot be reached: ${why}`,
      { where: url },
      { cause },
    )
  }
}

/** Sends a body of add-checkpoint. Throws `witness-unreachable`, `witness-answer`, `witness-refused`. */
export async function submitCheckpoint(prefix: string, body: string, timeoutMs: number): Promise<WitnessAnswer> {
  const url = `${prefix}/add-checkpoint`
  const { response, body: answer } = await ask(url, { method: 'POST', body }, timeoutMs)
  const { status } = response
  if (status === 200) return { kind: 'cosigned', lines: parseSignatureLines(answer) }
  if (status === 409) {
    const type = (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase()
    const text = Buffer.from(answer).toString('latin1')
    const size = type === treeSizeMediaType && text.endsWith('\n') ? parseDecimal(text.slice(0, -1)) : undefined
    if (size === undefined) throw answerError('a 409 without a size')
    return { kind: 'conflict', size }
  }
  throw new EvidenceError('witness-refused', `the witness at ${prefix} answered ${status}`, {
    where: prefix,
    found: String(status),
  })
}

/**
 * The checkpoint that a witness cosigned last, by its monitoring interface; undefined where it has none, or does not serve them
 * at this address. Throws `witness-unreachable`.
 */
export async function latestCheckpoint(
  prefix: string,
  originHash: string,
  timeoutMs: number,
): Promise<Uint8Array | undefined> {
  const { response, body } = await ask(`${prefix}/${originHash}/checkpoint`, {}, timeoutMs)
  return response.status === 200 ? body : undefined
}
