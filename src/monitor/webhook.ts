import { lookup } from 'node:dns/promises'
import { request as httpRequest } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP } from 'node:net'
import { EvidenceError } from '../core/errors.ts'
import { isPrivateAddress } from './private-address.ts'

const timeoutMs = 10_000

export interface WebhookOptions {
  /** True where the operator has the webhook on a private network. */
  readonly allowPrivate: boolean
}

/**
 * Posts an event as JSON to the URL that the operator configured. The name is resolved once and the connection goes to the
 * address that was looked at; a redirect is a failure. Throws `webhook-refused`, and `usage` for what is no http(s) URL.
 */
export async function callWebhook(url: string, event: object, { allowPrivate }: WebhookOptions): Promise<void> {
  const { protocol, hostname, username, password } = webhookUrl(url)
  if (username !== '' || password !== '') throw new EvidenceError('usage', 'the webhook’s URL holds a password')
  const host = hostname.replace(/^\[|\]$/g, '')
  const addresses = await resolved(host)
  if (!allowPrivate && addresses.some(({ address }) => isPrivateAddress(address)))
    throw refused(`${host} is an address of a private network`)
  const [pinned] = addresses
  if (pinned === undefined) throw refused(`${host} has no address`)
  const send = protocol === 'https:' ? httpsRequest : httpRequest
  const body = Buffer.from(JSON.stringify(event))
  const status = await new Promise<number>((resolve, reject) => {
    const sent = send(
      url,
      {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-length': body.length },
        agent: false,
        signal: AbortSignal.timeout(timeoutMs),
        lookup: (_name, options, done) => {
          // Node asks for all addresses, or for one.
          if (options.all === true) done(null, [pinned])
          else done(null, pinned.address, pinned.family)
        },
      },
      (answer) => {
        answer.destroy()
        resolve(answer.statusCode ?? 0)
      },
    )
    sent.on('error', (cause) => reject(refused(`${host} cannot be reached: ${cause.message}`, cause)))
    sent.end(body)
  })
  if (status >= 300 && status < 400)
    throw refused(`${host} answered with a redirect (${status}), which is not followed`)
  if (status < 200 || status >= 300) throw refused(`${host} answered ${status}`)
}

/** Throws `usage`. */
export function webhookUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url !== undefined && (url.protocol === 'https:' || url.protocol === 'http:')) return url
  throw new EvidenceError('usage', 'the webhook is not an http or https URL')
}

async function resolved(host: string): Promise<{ address: string; family: number }[]> {
  const family = isIP(host)
  if (family !== 0) return [{ address: host, family }]
  try {
    return await lookup(host, { all: true })
  } catch (cause) {
    throw refused(`the name ${host} cannot be resolved`, cause)
  }
}

function refused(why: string, cause?: unknown): EvidenceError {
  return new EvidenceError('webhook-refused', `the webhook was not called: ${why}`, {}, { cause })
}
