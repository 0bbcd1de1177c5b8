import { EnvHttpProxyAgent, fetch as fetchThrough } from 'undici'

let agent: EnvHttpProxyAgent | undefined

/** `fetch` through the proxies that HTTPS_PROXY and HTTP_PROXY name, but for the hosts of NO_PROXY. */
export const proxyFetch = ((url: string, init: object) => {
  agent ??= new EnvHttpProxyAgent()
  return fetchThrough(url, { ...init, dispatcher: agent })
}) as unknown as typeof fetch
