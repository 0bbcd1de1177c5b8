import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { settledOr } from '../../src/core/attempt.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { defined } from '../../src/core/objects.ts'
import type { Policy } from '../../src/core/policy.ts'
import { kinds } from '../../src/statements/kinds.ts'
import { laterEventNames } from '../../src/statements/later-event-names.ts'
import { referencesOf } from '../../src/statements/said.ts'
import { type CheckedReceipt, checkReceipt } from '../../src/verify/check-receipt.ts'
import type { Exhibit } from './examine.ts'
import { type Moment, passedIn } from './moments.ts'

/** Most entries of one kind that are looked at. */
const mostOfKind = 50

/** Entries of custody that name exhibits, and whether all were looked at. */
export interface CustodyFound {
  readonly moments: readonly Moment[]
  readonly isAll: boolean
}

/** Whether the status of an entry tells of custody: then nothing is to be looked for. */
const isInStatus = (laterEventNames as readonly string[]).includes('handed-over')

/**
 * What entries of custody that the reader may read say of some exhibits, each verified by its receipt. They are looked for where the status
 * does not tell of them. Throws what the client throws.
 */
export async function custodyOf(
  client: LedgerClient,
  policy: Policy,
  exhibits: readonly Exhibit[],
): Promise<CustodyFound> {
  const first = Math.min(...exhibits.map(({ index }) => index))
  if (isInStatus || exhibits.length === 0) return { moments: [], isAll: true }
  const moments: Moment[] = []
  let isAll = true
  for (const kind of kinds.filter((one) => one.startsWith('custody.'))) {
    const page = await client.find({ kind, after: String(first), limit: String(mostOfKind) })
    isAll &&= page.next === null
    for (const { index } of page.entries) {
      const receipt = await settledOr(client.receipt(index), undefined)
      if (receipt === undefined) continue
      const checked = checkReceipt(utf8(receipt), policy)
      if (checked.receipt === undefined) continue
      for (const moment of saidOf(checked, exhibits)) moments.push(moment)
    }
  }
  return { moments, isAll }
}

function saidOf(
  { receipt, statement, body, faults, isSigned }: CheckedReceipt,
  exhibits: readonly Exhibit[],
): Moment[] {
  const { entry } = receipt
  if (statement === undefined || !entry.known) return []
  const { what, code } = namedBy(statement.payload)
  const passed = passedIn(statement)
  return referencesOf(body).flatMap(({ index, leafHash, item }): Moment[] => {
    if (!exhibits.some((one) => one.index === index && one.leafHash === leafHash)) return []
    const isProven = faults.length === 0 && isSigned
    const { index: at, time } = entry
    const more = defined({ code, item, passed })
    return [{ at, entry: at, time, what, by: statement.common.iss, isProven, of: [index], ...more }]
  })
}

/** The event that an entry of custody is, by the names and codes that the status has for them. */
function namedBy({ outcome, how, reason }: Readonly<Record<string, unknown>>): {
  what: string
  code: string | undefined
} {
  const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined)
  if (outcome !== undefined) return { what: 'handed-over', code: text(outcome) }
  if (how !== undefined) return { what: 'custody-ended', code: text(how) }
  return { what: 'custody-resumed', code: text(reason) }
}
