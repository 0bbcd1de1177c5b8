import type { FastifyRequest } from 'fastify'
import type { Ledger } from '../src/ledger/ledger.ts'
import type { Publisher } from '../src/ledger/publish/publisher.ts'
import type { Reader } from '../src/ledger/rights.ts'
import type { BatchTurns } from './batch-turns.ts'
import { ForgedToken, readerOf } from './access.ts'
import type { Limits } from './limits.ts'
import type { Metrics } from './metrics.ts'
import type { PacedTurns } from './paced-turns.ts'
import type { TimeStamping } from './time-stamping.ts'
import type { Waiters } from './waiters.ts'

/** What routes work with. */
export interface ServerContext {
  readonly ledger: Ledger
  /** What is published as the checkpoint, with the cosignatures. */
  readonly publisher: Publisher
  readonly limits: Limits
  readonly metrics: Metrics
  /** The policy file, as it lies in the data folder. */
  readonly policy: string
  /** Version of the software. */
  readonly version: string
  /** `aud` values that access tokens may carry; known once the server listens. */
  readonly audiences: () => readonly string[]
  /** Participant whose follower must confirm; undefined where none is asked for. */
  readonly follower: string | undefined
  /** Longest wait for a quorum, in milliseconds. */
  readonly cosignWaitMs: number
  readonly waiters: Waiters
  readonly batchTurns: BatchTurns
  /** Turns of those who walk through a day of the log of readings. */
  readonly readingTurns: PacedTurns
  readonly timeStamping: TimeStamping
}

/**
 * Who asks. Tokens whose signature had to be verified and does not hold are counted by address, apart from statements: who
 * reads badly keeps nobody from depositing, and what costs nothing to refuse counts for nothing. Throws `token-invalid`,
 * `rate-limited`.
 */
export async function requestReader(context: ServerContext, request: FastifyRequest): Promise<Reader> {
  const { ledger, limits, audiences } = context
  if (request.headers.authorization !== undefined) limits.requireAddress(request.ip, 'tokens')
  try {
    return readerOf(request, ledger.standing, audiences(), Date.now())
  } catch (error) {
    if (error instanceof ForgedToken) limits.refusal('tokens', request.ip)
    throw error
  }
}
