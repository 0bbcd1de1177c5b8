import { valueOr } from '../core/attempt.ts'
import { toBase64 } from '../core/base64.ts'
import { defined } from '../core/objects.ts'
import { readBody } from '../statements/body.ts'
import type { CustodyEventName } from '../statements/kind.ts'
import { custodyEventNames } from '../statements/later-event-names.ts'
import { laterEventsIn, subjectIn } from '../statements/later-events.ts'
import { signedWithin } from '../statements/said.ts'
import { everything } from './lookup-scope.ts'
import type { LedgerReads, ServedEntry } from './reads.ts'

/** Most entries that one page of steps looks at. */
const maxEntries = 100

/** What one statement about custody says of a deposit. */
export interface CustodyStep {
  readonly index: number
  readonly time: string
  readonly what: CustodyEventName
  readonly code?: string
  readonly item?: number
  /** Who signed the statement, and who signed the release within it. */
  readonly by: string
  readonly from?: string
}

interface CustodySteps {
  readonly steps: readonly CustodyStep[]
  /** Index to go on after, where there is more. */
  readonly next: number | undefined
}

/** What statements after entry `after` say of the custody of a deposit, in their order. Throws `storage-damaged`, and the codes of a search. */
export async function custodySteps(reads: LedgerReads, deposit: ServedEntry, after: number): Promise<CustodySteps> {
  const { index } = deposit
  const about = subjectIn(deposit.statement, index, toBase64(deposit.leafHash))
  const from = Math.max(index, after)
  const found = await reads.search({ by: 'record', index }, everything, from, maxEntries + 1)
  const steps: CustodyStep[] = []
  const page = found.slice(0, maxEntries)
  for (const at of page) {
    const { entry, statement } = await reads.entry(at)
    const [giver] = signedWithin(valueOr(() => readBody(statement), undefined))
    for (const { what, code, item } of laterEventsIn(about, statement)) {
      const name = custodyEventNames.find((one) => one === what)
      if (name === undefined) continue
      steps.push({
        index: at,
        time: entry.time,
        what: name,
        by: statement.common.iss,
        ...defined({ code, item, from: giver?.iss }),
      })
    }
  }
  return { steps, next: found.length > maxEntries ? page.at(-1) : undefined }
}
