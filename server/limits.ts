import { type RateLimiterRes, RateLimiterMemory } from 'rate-limiter-flexible'
import { EvidenceError } from '../src/core/index.ts'
import type { Submission } from '../src/ledger/index.ts'
import { addressGroup } from './address-group.ts'

const day = 24 * 3600

/** Statements that participants may have sequenced in a day (24 hours from the first). */
export interface Quotas {
  /** The quota of every participant without one of its own; undefined: no limit. */
  readonly statementsPerDay?: number | undefined
  /** Quotas of single participants, by id. */
  readonly quotas: Readonly<Record<string, number>>
}

/** What is signed: bad ones of one sort do not count against the other. */
export type Refusable = 'statements' | 'tokens'

/** Whose statement it is: the key, and its owner. */
type Handed = Pick<Submission, 'statement' | 'participant'>

/**
 * Rate limits: statements by key and by participant, counted after the signature verified (nobody spends another's share), and
 * refused signatures by address, looked at before the next one is verified. Counts are kept in memory: a restart begins anew.
 */
export class Limits {
  private readonly byKey: RateLimiterMemory
  private readonly refused: Readonly<Record<Refusable, RateLimiterMemory>>
  private readonly others: RateLimiterMemory | undefined
  private readonly own: ReadonlyMap<string, RateLimiterMemory>
  /** False until the first refusal: the usual case asks nothing. */
  private anyRefused = false

  constructor(
    statementsPerMinute: number,
    refusalsPerMinute: number,
    { statementsPerDay, quotas }: Quotas = { quotas: {} },
  ) {
    this.byKey = new RateLimiterMemory({ points: statementsPerMinute, duration: 60 })
    const byMinute = (): RateLimiterMemory => new RateLimiterMemory({ points: refusalsPerMinute, duration: 60 })
    this.refused = { statements: byMinute(), tokens: byMinute() }
    const daily = (points: number): RateLimiterMemory => new RateLimiterMemory({ points, duration: day })
    this.others = statementsPerDay === undefined ? undefined : daily(statementsPerDay)
    this.own = new Map(Object.entries(quotas).map(([id, points]) => [id, daily(points)]))
  }

  private quotaOf(participant: string): RateLimiterMemory | undefined {
    return this.own.get(participant) ?? this.others
  }

  /** Counts a statement. Throws `rate-limited`, `quota-exceeded`. */
  async statement({ statement, participant }: Handed): Promise<void> {
    const { kid } = statement.header
    await consume(this.byKey, kid, 'rate-limited', 'this key has sent more statements than its limit for a minute')
    const quota = participant === undefined ? undefined : this.quotaOf(participant)
    if (quota === undefined) return
    try {
      const why = `${participant} has had the ${quota.points} statements sequenced that it may in a day`
      await consume(quota, participant as string, 'quota-exceeded', why)
    } catch (error) {
      await this.byKey.reward(kid, 1)
      throw error
    }
  }

  /** Counts many; gives the refusal of each that is refused. All at once where all of a key's fit, as they nearly always do. */
  async statements(submissions: readonly Handed[]): Promise<(EvidenceError | undefined)[]> {
    const [first] = submissions
    if (first === undefined) return []
    const { kid } = first.statement.header
    const isOneKey = submissions.every(({ statement }) => statement.header.kid === kid)
    const hasQuota = first.participant !== undefined && this.quotaOf(first.participant) !== undefined
    if (isOneKey && !hasQuota && (await this.takeAll(kid, submissions.length))) return submissions.map(() => undefined)
    const refusals: (EvidenceError | undefined)[] = []
    for (const submission of submissions) {
      refusals.push(
        await this.statement(submission).then(
          () => undefined,
          (error: EvidenceError) => error,
        ),
      )
    }
    return refusals
  }

  /** Counts several of a key, or none where not all of them fit. */
  private async takeAll(kid: string, count: number): Promise<boolean> {
    try {
      await this.byKey.consume(kid, count)
      return true
    } catch {
      await this.byKey.reward(kid, count)
      return false
    }
  }

  /** Takes a count back: the statement was there already, and anybody may send it again. */
  async repeated({ statement, participant }: Handed): Promise<void> {
    await this.byKey.reward(statement.header.kid, 1)
    if (participant !== undefined) await this.quotaOf(participant)?.reward(participant, 1)
  }

  /** Counts a signature that was verified and refused, from an address. */
  async refusal(what: Refusable, address: string): Promise<void> {
    this.anyRefused = true
    await this.refused[what].penalty(addressGroup(address))
  }

  /** Throws `rate-limited` for an address that has sent too many bad signatures of this sort. */
  async requireAddress(what: Refusable, address: string): Promise<void> {
    if (!this.anyRefused) return
    const limiter = this.refused[what]
    const state = await limiter.get(addressGroup(address))
    if (state !== null && state.consumedPoints > limiter.points) {
      throw limited('rate-limited', `too many bad signatures of ${what} came from this address`, state)
    }
  }
}

type LimitCode = 'rate-limited' | 'quota-exceeded'

async function consume(limiter: RateLimiterMemory, name: string, code: LimitCode, why: string): Promise<void> {
  try {
    await limiter.consume(name, 1)
  } catch (state) {
    throw limited(code, why, state as RateLimiterRes)
  }
}

function limited(code: LimitCode, why: string, { msBeforeNext }: RateLimiterRes): EvidenceError {
  return new EvidenceError(code, why, { retryAfterSeconds: Math.max(1, Math.ceil(msBeforeNext / 1000)) })
}
