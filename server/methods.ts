import { METHODS } from 'node:http'
import type { FastifyInstance, HTTPMethods } from 'fastify'
import { EvidenceError } from '../src/core/errors.ts'

/** Methods by route, as routes are added. */
export function collectMethods(app: FastifyInstance): Map<string, Set<string>> {
  const methods = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ method, url }) => {
    if (url.startsWith('/docs')) return
    const known = methods.get(url) ?? new Set()
    for (const one of [method].flat()) known.add(one)
    methods.set(url, known)
  })
  return methods
}

/** A known address asked with another method is 405 and names the ones it takes, not 404. */
export function refuseOtherMethods(app: FastifyInstance, methods: ReadonlyMap<string, ReadonlySet<string>>): void {
  // CONNECT names no address, and is refused below requests.
  const all = METHODS.filter((method) => method !== 'CONNECT')
  for (const method of all) if (!app.supportedMethods.includes(method)) app.addHttpMethod(method)
  for (const [url, known] of Array.from(methods)) {
    const others = all.filter((method) => !known.has(method)) as HTTPMethods[]
    const allow = [...known].sort().join(', ')
    app.route({
      method: others,
      url,
      schema: { hide: true },
      exposeHeadRoute: false,
      // Before the body is looked at: its media type is not what is wrong.
      onRequest: async (_request, reply) => {
        reply.header('Allow', allow)
        throw new EvidenceError('method-not-allowed', `this address takes ${allow}`)
      },
      handler: async () => undefined,
    })
  }
}
