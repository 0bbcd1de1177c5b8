import type { IncomingMessage } from 'node:http'
import { isIP, isIPv4 } from 'node:net'
import { EvidenceError } from '../core/errors.ts'

/** Names of the `Host` header that are remembered as accepted, so that each is judged once. */
const maxRemembered = 64

/**
 * The names by which a server is asked: loopback names, the address that it listens on, and those of its base URLs. A page
 * of another site, whose name was made to lead to this machine (DNS rebinding), asks by that site's name and is refused.
 */
export class HostNames {
  private readonly names: ReadonlySet<string>
  private readonly anyAddress: boolean
  private readonly accepted = new Set<string>()

  /** @param listening the setting `host`; where it stands for all addresses, every address written as a number is one. */
  constructor(listening: string, baseUrls: readonly string[]) {
    this.names = new Set([bare(listening), ...baseUrls.map((url) => bare(new URL(url).hostname))])
    this.anyAddress = listening === '0.0.0.0' || listening === '::'
  }

  /** Why a request is refused: `host-unknown`, or `request-malformed` ({@link headFault}). */
  refusal(request: IncomingMessage): EvidenceError | undefined {
    const fault = headFault(request)
    const { host } = request.headers
    if (fault !== undefined || host === undefined) return fault
    // A target in absolute form names a host too, and that one counts before the header.
    const target = absoluteHost(request.url ?? '')
    if (this.accepts(host) && (target === undefined || this.accepts(target))) return undefined
    // Without the names that it goes by: they are no business of that site's.
    const why = 'the request is for a host that this server does not go by'
    return new EvidenceError('host-unknown', why, { where: 'Host' })
  }

  private accepts(host: string): boolean {
    if (this.accepted.has(host)) return true
    if (!this.isKnown(nameOf(host))) return false
    if (this.accepted.size < maxRemembered) this.accepted.add(host)
    return true
  }

  private isKnown(name: string | undefined): boolean {
    if (name === undefined) return false
    if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true
    if (isIPv4(name) && name.startsWith('127.')) return true
    return this.names.has(name) || (this.anyAddress && isIP(name) !== 0)
  }
}

/** Headers of which a request has one at most. Node takes the first of several, and a proxy before it may have taken another. */
const singular = ['Host', 'Authorization', 'Content-Type', 'Content-Length', 'Content-Encoding']

/** The refusal of a request that has no `Host` header (but of HTTP/1.0), or repeats a header that says one thing: `request-malformed`. */
function headFault({ headers, headersDistinct, httpVersion }: IncomingMessage): EvidenceError | undefined {
  for (const name of singular) {
    const values = headersDistinct[name.toLowerCase()]
    if (values !== undefined && values.length > 1)
      return new EvidenceError('request-malformed', `the request has ${values.length} ${name} headers`, { where: name })
  }
  if (headers.host !== undefined || httpVersion === '1.0') return undefined
  return new EvidenceError('request-malformed', 'the request has no Host header', { where: 'Host' })
}

/** The name without port; undefined where it is not a name or address, with a port or without. */
function nameOf(host: string): string | undefined {
  const name = /^(\[[^[\]]*\]|[^:[\]]*)(?::[0-9]*)?$/.exec(host)?.[1]
  return name === undefined ? undefined : bare(name)
}

/** Host and port of a target in absolute form; undefined for a path alone. */
function absoluteHost(target: string): string | undefined {
  return /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(target)?.[1]
}

/** In lower case, without brackets and final dot. */
function bare(name: string): string {
  return name
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
}
