import type { FastifyInstance } from 'fastify'
import type { ServerSettings } from './settings.ts'

const consequence =
  'all clients behind it count as one address: one that sends bad signatures, or many bytes, has every other refused. Name the proxy in trustedProxies'

/** Why the settings look as if a proxy ends TLS and none is trusted; undefined where they do not. */
export function proxyWarning({
  baseUrls,
  trustedProxies,
}: Pick<ServerSettings, 'baseUrls' | 'trustedProxies'>): string | undefined {
  if (trustedProxies.length > 0 || !baseUrls.some((url) => url.toLowerCase().startsWith('https:'))) return undefined
  return `baseUrls has an https address, which a proxy must serve, and trustedProxies is empty: ${consequence}`
}

/** Says in the log, once, that a proxy hands in requests and none is trusted. */
export function warnOfProxies(app: FastifyInstance, trustedProxies: readonly string[]): void {
  if (trustedProxies.length > 0) return
  let isSaid = false
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request
    if (!isSaid && (headers['x-forwarded-for'] !== undefined || headers['forwarded'] !== undefined)) {
      isSaid = true
      request.log.warn(`a request came through a proxy, and trustedProxies is empty: ${consequence}`)
    }
    done()
  })
}
