import { withoutFinalSlashes } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'

/**
 * The base URL of a server: http or https, a host, a path at most, without final slashes. Throws `usage` for anything else. A user
 * name or password in it is refused and never repeated: messages, logs and tokens would carry it on.
 */
export function serverUrl(text: string): string {
  const shown = withoutCredentials(text)
  const refuse = (why: string): EvidenceError => new EvidenceError('usage', `the URL ${shown} ${why}`, { where: shown })
  if (!/^https?:\/\//i.test(text)) throw refuse('is not an http or https URL')
  const [, port] = /^https?:\/\/(?:[^/?#]*@)?(?:\[[^\]]*\]|[^:/?#]*):([0-9]{1,10})(?=[/?#]|$)/i.exec(text) ?? []
  if (port !== undefined && Number(port) > 65_535) throw refuse(`has the port ${port}; ports are 1 to 65535`)
  const url = tryUrl(text)
  if (url === undefined) throw refuse('cannot be read as a URL')
  if (url.username !== '' || url.password !== '')
    throw refuse('holds a user name or password; leave it out: a ledger knows its readers by their keys (--key)')
  if (url.search !== '' || url.hash !== '') throw refuse('has a query or a fragment; give the base URL alone')
  return withoutFinalSlashes(text)
}

/** True for two base URLs of one server: case of the host, a default port and final slashes make no other. Throws as {@link serverUrl}. */
export function isSameServer(a: string, b: string): boolean {
  const [one, other] = [a, b].map((text) => withoutFinalSlashes(new URL(serverUrl(text)).href))
  return one === other
}

/** A URL as it may be shown: whatever stands before an @ in its authority is left out. */
export function withoutCredentials(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/*)[^/?#]*@/i, (_, scheme: string) => `${scheme}…@`)
}

/** A URL, or undefined for a text that is none (`URL.parse` is not in every browser that this runs in). */
export function tryUrl(text: string, base?: string): URL | undefined {
  try {
    return new URL(text, base)
  } catch {
    return undefined
  }
}
