import type { FastifyInstance } from 'fastify'
import type { AddressInfo } from 'node:net'
import { EvidenceError } from '../src/core/errors.ts'

/** Listens, and gives where. Throws `port-in-use`, `usage`. */
export async function listen(
  app: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<{ readonly url: string; readonly port: number }> {
  try {
    await app.listen({ host, port })
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException
    const at = `${host}:${port}`
    if (code === 'EADDRINUSE')
      throw new EvidenceError('port-in-use', `the port ${port} on ${host} is in use`, { where: at }, { cause })
    if (['EACCES', 'EADDRNOTAVAIL', 'ENOTFOUND'].includes(code))
      throw new EvidenceError('usage', `this machine cannot listen on ${at}: ${message}`, {}, { cause })
    throw cause
  }
  const bound = app.server.address() as AddressInfo
  return { url: `http://${host.includes(':') ? `[${host}]` : host}:${bound.port}`, port: bound.port }
}
