import { readBounded } from '../../core/bytes.ts'
import { EvidenceError } from '../../core/errors.ts'

/**
 * One request to an address that the operator configured: no redirect is followed, the answer is bounded, and so is the time.
 * Throws `time-stamp-authority`, naming `name` and never the URL, which may hold a password.
 */
export async function fetchBounded(
  url: string,
  init: RequestInit,
  { name, maxBytes, timeoutMs }: { readonly name: string; readonly maxBytes: number; readonly timeoutMs: number },
): Promise<Uint8Array> {
  const failed = (why: string, cause?: unknown): EvidenceError =>
    new EvidenceError('time-stamp-authority', `${name} cannot be asked: ${why}`, { where: name }, { cause })
  try {
    const response = await fetch(url, { ...init, redirect: 'manual', signal: AbortSignal.timeout(timeoutMs) })
    if (response.status !== 200) {
      await response.body?.cancel()
      throw failed(`it answered ${response.status}`)
    }
    return await readBounded(response.body, maxBytes, () => failed(`its answer is longer than ${maxBytes} bytes`))
  } catch (cause) {
    if (cause instanceof EvidenceError) throw cause
    const { cause: inner, message } = cause as Error & { cause?: { code?: string } }
    throw failed(inner?.code ?? message, cause)
  }
}
