import { type RateLimiterRes, RateLimiterMemory } from 'rate-limiter-flexible'
import { EvidenceError } from '../src/core/index.ts'

/**
 * Rate limits: statements by key, counted after the signature verified (nobody spends another's share), and refused
 * signatures by address, looked at before the next one is verified.
 */
export class Limits {
  private readonly byKey: RateLimiterMemory
  private readonly refusals: RateLimiterMemory
  /** False until the first refusal: the usual case asks nothing. */
  private anyRefused = false

  constructor(statementsPerMinute: number, refusalsPerMinute: number) {
    this.byKey = new RateLimiterMemory({ points: statementsPerMinute, duration: 60 })
    this.refusals = new RateLimiterMemory({ points: refusalsPerMinute, duration: 60 })
  }

  /** Counts a statement of a key. Throws `rate-limited`. */
  async statement(thumbprint: string): Promise<void> {
    await consume(this.byKey, thumbprint, 'this key has handed in more statements than it may in a minute')
  }

  /** Takes a count back: the statement was there already, and anybody may send it again. */
  async repeated(thumbprint: string): Promise<void> {
    await this.byKey.reward(thumbprint, 1)
  }

  /** Counts a refused signature, or access token, from an address. */
  async refusal(address: string): Promise<void> {
    this.anyRefused = true
    await this.refusals.penalty(address)
  }

  /** Throws `rate-limited` for an address that has sent too many bad signatures. */
  async requireAddress(address: string): Promise<void> {
    if (!this.anyRefused) return
    const state = await this.refusals.get(address)
    if (state !== null && state.consumedPoints > this.refusals.points) {
      throw limited('too many bad signatures came from this address', state)
    }
  }
}

async function consume(limiter: RateLimiterMemory, name: string, why: string): Promise<void> {
  try {
    await limiter.consume(name, 1)
  } catch (state) {
    throw limited(why, state as RateLimiterRes)
  }
}

function limited(why: string, { msBeforeNext }: RateLimiterRes): EvidenceError {
  return new EvidenceError('rate-limited', why, { retryAfterSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)) })
}
