import type { FastifyRequest } from 'fastify'
import type { Ledger } from '../src/ledger/index.ts'
import { type Reader, readerOf } from './access.ts'
import type { Limits } from './limits.ts'
import type { Metrics } from './metrics.ts'

/** What routes work with. */
export interface ServerContext {
  readonly ledger: Ledger
  readonly limits: Limits
  readonly metrics: Metrics
  /** The policy file, as it lies in the data folder. */
  readonly policy: string
  /** `aud` values that access tokens may carry; known once the server listens. */
  readonly audiences: () => readonly string[]
}

/** Who asks. Throws `token-invalid`. */
export function requestReader(context: ServerContext, request: FastifyRequest): Reader {
  return readerOf(request, context.ledger.registry, context.audiences(), Date.now())
}
