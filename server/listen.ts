import type { FastifyInstance } from 'fastify'
import { EvidenceError } from '../src/core/errors.ts'

/** Listens, or says why not. Throws `port-in-use`, `usage`. */
export async function listen(
  app: FastifyInstance,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  try {
    await app.listen({ host, port })
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === 'EADDRINUSE') {
      throw new EvidenceError(
        'port-in-use',
        `the port ${port} on ${host} is in use`,
        { where: `${host}:${port}` },
        { cause },
      )
    }
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
      throw new EvidenceError(
        'usage',
        `this machine cannot listen on ${host}:${port}: ${(cause as Error).message}`,
        {},
        { cause },
      )
    }
    throw cause
  }
}
