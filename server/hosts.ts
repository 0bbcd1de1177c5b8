import type { IncomingMessage } from 'node:http'
import { isIP, isIPv4 } from 'node:net'
import { EvidenceError } from '../src/core/index.ts'

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

  /** Why a request is refused: `host-unknown`, or `request-malformed` where HTTP/1.1 asks for a `Host` and there is none. */
  refusal(request: IncomingMessage): EvidenceError | undefined {
    const { host } = request.headers
    if (host === undefined) return missingHost(request)
    if (this.accepted.has(host)) return undefined
    if (!this.isKnown(nameOf(host))) {
      // Without the names that it goes by: they are no business of that site's.
      const why = 'the request is for a host that this server does not go by'
      return new EvidenceError('host-unknown', why, { where: 'Host' })
    }
    if (this.accepted.size < maxRemembered) this.accepted.add(host)
    return undefined
  }

  private isKnown(name: string): boolean {
    if (name === 'localhost' || name.endsWith('.localhost') || name === '::1') return true
    if (isIPv4(name) && name.startsWith('127.')) return true
    return this.names.has(name) || (this.anyAddress && isIP(name) !== 0)
  }
}

/** The refusal of a request of HTTP/1.1 that has no `Host` header: `request-malformed`. */
export function missingHost({ headers, httpVersion }: IncomingMessage): EvidenceError | undefined {
  if (headers.host !== undefined || httpVersion === '1.0') return undefined
  return new EvidenceError('request-malformed', 'the request has no Host header', { where: 'Host' })
}

/** The name without port. */
function nameOf(host: string): string {
  return bare(/^\[[^\]]*\]/.exec(host)?.[0] ?? host.replace(/:[0-9]*$/, ''))
}

/** In lower case, without brackets and final dot. */
function bare(name: string): string {
  return name
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '')
}
