import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { EvidenceError } from '../../src/core/errors.ts'

const listedAtMost = 20

/**
 * Index of the one deposit that a ledger shows with an exhibit number; of several, the one that is among `chosen`. Throws `receipt-not-found`,
 * `usage` where several have it, and what asking throws.
 */
export async function exhibitIndex(
  client: LedgerClient,
  number: string,
  chosen: ReadonlySet<number> = new Set(),
): Promise<number> {
  const { entries: found, next } = await client.find({ exhibit: number, limit: '1000' })
  // Of a deposit alone the ledger tells items.
  const entries = found.filter(({ items }) => items !== undefined)
  const meant = entries.filter(({ index }) => chosen.has(index))
  const [one, ...more] = meant.length > 0 ? meant : entries
  if (one === undefined)
    throw new EvidenceError(
      'receipt-not-found',
      `${client.url} shows you no deposit with the exhibit number ${JSON.stringify(number)}: there is none, or you may not read it (--key, --id)`,
      { where: number },
    )
  if (more.length === 0 && (next === null || meant.length > 0)) return one.index
  const shown = entries.slice(0, listedAtMost).map(({ index, time, iss }) => `${index} (${time}, by ${iss})`)
  const rest = next !== null || entries.length > listedAtMost ? ', and more' : ''
  throw new EvidenceError(
    'usage',
    `several deposits have the exhibit number ${JSON.stringify(number)}; name one by --entry INDEX: ${shown.join('; ')}${rest}`,
    { where: number },
  )
}
