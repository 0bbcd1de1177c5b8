import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { settled } from '../../src/core/attempt.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { itemsOf } from '../../src/statements/said.ts'
import { when } from '../render/when.ts'
import { exhibitOf } from './targets.ts'
import type { DepositHistory } from './timeline.ts'

/** Warns of other deposits that have a digest, or the exhibit number, of one of these: each is a chain of its own. */
export async function otherDeposits(client: LedgerClient, shown: readonly DepositHistory[]): Promise<string[]> {
  const warnings: string[] = []
  for (const { index, receipt } of shown) {
    const digests = new Set(itemsOf(receipt.body).flatMap(({ digest }) => digest['sha256'] ?? []))
    for (const digest of digests)
      for (const other of await others(client, { digest: `sha256:${digest}` }, index))
        warnings.push(`entry ${index}: another deposit has the same digest sha256:${digest}: ${other}`)
    const exhibit = exhibitOf(receipt)
    if (exhibit === undefined) continue
    for (const other of await others(client, { exhibit }, index))
      warnings.push(`entry ${index}: another deposit has the same exhibit number ${JSON.stringify(exhibit)}: ${other}`)
  }
  return [...new Set(warnings)]
}

async function others(client: LedgerClient, query: Readonly<Record<string, string>>, own: number): Promise<string[]> {
  const page = await settled(client.find({ ...query, limit: '100' }), 'not-authenticated', 'token-invalid')
  if (page instanceof EvidenceError) return []
  const found = page.entries
    .filter(({ index, items }) => index !== own && items !== undefined)
    .map(({ index, time, iss }) => `entry ${index}, by ${iss}, ${when(time)}`)
  const [name, value] = Object.entries(query)[0] ?? []
  const rest = `perhaps more after entry ${page.next}: evidence find --${name} ${JSON.stringify(value)} --after ${page.next}`
  return page.next === null ? found : [...found, rest]
}
