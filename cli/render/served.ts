import type { ServedAnswer } from '../../src/api/answers.ts'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { append } from '../../src/core/arrays.ts'
import type { Line } from './output.ts'
import { when } from './when.ts'

type Told = Pick<ServedAnswer, 'of' | 'served' | 'copies' | 'notKnown'>

/** Who was shown what an order erases, over all days. Throws what asking throws. */
export async function askServed(client: LedgerClient, order: number): Promise<Told> {
  const served: ServedAnswer['served'] = []
  for (let after: string | undefined; ; ) {
    const page = await client.served(order, after)
    append(served, page.served)
    if (page.next === null) return { of: page.of, copies: page.copies, notKnown: page.notKnown, served }
    after = page.next
  }
}

const limits: Readonly<Record<ServedAnswer['notKnown'][number], string>> = {
  unsealed: 'not known: who read it while no seal stood; such readings are not written down',
  anybody: 'not known: who read it without a name; claims of this ledger are open to anybody',
  copies: 'not known: whom copies, backups and auditors’ replicas of the ledger showed it to',
  'passed-on': 'not known: to whom receipts and packages that show it were handed on; they stay readable',
}

/** What was done under a seal, in words. */
export const shownAs: Readonly<Record<ServedAnswer['served'][number]['shown'], string>> = {
  claims: 'read its claims',
  found: 'found it',
  copied: 'copied it, claims included',
}

/** Who was served, on lines for people, and then what nobody knows. */
export function servedLines({ served, copies, notKnown }: Told): Line[] {
  const told = served.map(({ index, reader, shown, first, times }) => [
    reader,
    `entry ${index}`,
    shownAs[shown],
    times === 1 ? when(first) : `${times} times at least, first ${when(first)}`,
  ])
  return [
    ...(told.length === 0 ? ['nobody was shown it under a seal, by the log of readings'] : told),
    ...copies.map((id) => `${id} has a copy of the ledger, which executes the order`),
    ...notKnown.map((one) => limits[one]),
  ]
}
