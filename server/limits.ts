import { EvidenceError } from '../src/core/errors.ts'
import type { Submission } from '../src/ledger/submission.ts'
import { addressGroup } from './address-group.ts'
import type { ServerSettings } from './settings.ts'
import { Windows } from './windows.ts'

const minute = 60
const day = 24 * 3600

/** What an address may ask for in vain: each sort is counted apart. */
export type Refusable = 'statements' | 'tokens' | 'unsealed'

const refusedTexts: Readonly<Record<Refusable, string>> = {
  statements: 'too many bad signatures of statements came from this address',
  tokens: 'too many bad signatures of tokens came from this address',
  unsealed: 'too many statements that were not sealed came from this address',
}

/** Whose statement it is: the key, and its owner. */
type Handed = Pick<Submission, 'statement' | 'participant'>

/**
 * Rate limits. By key and by participant, statements that are sealed: who sends what another signed spends nothing of theirs.
 * By participant, what its readings under seals write down. By address, what was refused after its signature was verified. Counts are kept in memory: a restart begins anew.
 */
export class Limits {
  private readonly byKey: Windows
  private readonly refused: Readonly<Record<Refusable, Windows>>
  private readonly others: Windows | undefined
  private readonly readings: Windows
  private readonly own: ReadonlyMap<string, Windows>

  constructor({
    statementsPerMinute,
    refusalsPerMinute,
    statementsPerDay,
    readingsPerDay,
    quotas,
  }: Pick<
    ServerSettings,
    'statementsPerMinute' | 'refusalsPerMinute' | 'statementsPerDay' | 'readingsPerDay' | 'quotas'
  >) {
    const byMinute = (limit: number): Windows => new Windows(limit, minute)
    this.byKey = byMinute(statementsPerMinute)
    // One more than it may: the count is looked at before the next is verified.
    const refusals = (limit: number): Windows => byMinute(limit + 1)
    this.refused = {
      statements: refusals(refusalsPerMinute),
      tokens: refusals(refusalsPerMinute),
      unsealed: refusals(statementsPerMinute),
    }
    this.others = statementsPerDay === undefined ? undefined : new Windows(statementsPerDay, day)
    this.readings = new Windows(readingsPerDay, day)
    this.own = new Map(Object.entries(quotas).map(([id, limit]) => [id, new Windows(limit, day)]))
  }

  private quotaOf(participant: string | undefined): Windows | undefined {
    return participant === undefined ? undefined : (this.own.get(participant) ?? this.others)
  }

  /**
   * Counts a statement that is about to be sealed; gives the refusal of one past its key's share of a minute (`rate-limited`) or
   * its participant's of a day (`quota-exceeded`), which is not counted.
   */
  sealing({ statement, participant }: Handed): EvidenceError | undefined {
    const { kid } = statement.header
    const quota = this.quotaOf(participant)
    const untilQuota = quota?.fullFor(participant as string)
    if (untilQuota !== undefined)
      return limited(
        'quota-exceeded',
        `${participant} has had the ${quota?.limit} statements sequenced that it may in a day`,
        untilQuota,
      )
    const untilKey = this.byKey.take(kid)
    if (untilKey !== undefined)
      return limited('rate-limited', 'this key has had as many statements sealed as it may in a minute', untilKey)
    quota?.take(participant as string)
    return undefined
  }

  /** Counts lines that a participant's reading adds to the log of readings. Throws `quota-exceeded` where it had as many as it may in a day; then it is shown nothing. */
  requireReading(participant: string, lines: number): void {
    if (lines === 0) return
    const seconds = this.readings.take(participant, lines)
    if (seconds === undefined) return
    const why = `${participant} has caused the ${this.readings.limit} lines of the log of readings that it may in a day`
    throw limited('quota-exceeded', why, seconds)
  }

  /** Counts a refusal for an address. */
  refusal(what: Refusable, address: string): void {
    this.refused[what].take(addressGroup(address))
  }

  /** Throws `rate-limited` for an address that has had too many refusals of one of these sorts. */
  requireAddress(address: string, ...sorts: readonly Refusable[]): void {
    for (const what of sorts) {
      const seconds = this.refused[what].fullFor(addressGroup(address))
      if (seconds !== undefined) throw limited('rate-limited', refusedTexts[what], seconds)
    }
  }
}

function limited(code: 'rate-limited' | 'quota-exceeded', why: string, retryAfterSeconds: number): EvidenceError {
  return new EvidenceError(code, why, { retryAfterSeconds })
}
