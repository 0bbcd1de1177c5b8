import { requireReceiptOf } from '../../src/client/named-entry.ts'
import { settled } from '../../src/core/attempt.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { CheckedReceipt } from '../../src/verify/check-receipt.ts'
import type { Asking } from './named-deposit.ts'

const listedAtMost = 20

/** By these a server says that something is not for the asker. */
export const notForAsker = ['not-permitted', 'not-authenticated', 'token-invalid'] as const

/** A deposit that has an exhibit number. */
export interface FoundExhibit {
  readonly index: number
  readonly checked: CheckedReceipt
  /** Its receipt, as the ledger gave it. */
  readonly text: string
}

/**
 * The one deposit that has an exhibit number, as its receipt shows: of the depositor that is asked for, or of several the one that is among `chosen`.
 * Throws `receipt-not-found`, `number-not-shown`, `server-answer` for a receipt that does not bear the search out, `usage` where several have
 * the number, and what asking throws.
 */
export async function exhibitDeposit(
  asking: Asking,
  number: string,
  chosen: ReadonlySet<number> = new Set(),
): Promise<FoundExhibit> {
  const { client, policy, origin, depositor } = asking
  const index = await exhibitIndex(asking, number, chosen)
  const text = await settled(client.receipt(index), ...notForAsker)
  if (text instanceof EvidenceError)
    throw new EvidenceError(
      'number-not-shown',
      `the server says that entry ${index} has the exhibit number ${JSON.stringify(number)}, and does not show it to you: name the deposit by its receipt`,
      { where: number, index },
    )
  return { index, text, checked: requireReceiptOf(text, policy, { index, origin, exhibit: number, depositor }) }
}

/** The index that the ledger says, on its word alone. */
async function exhibitIndex(
  { client, depositor }: Asking,
  number: string,
  chosen: ReadonlySet<number>,
): Promise<number> {
  const all = await client.find({ exhibit: number, limit: '1000' })
  const isCut = all.next !== null && depositor !== undefined
  const { entries: found, next } = isCut
    ? await client.find({ exhibit: number, participant: depositor, limit: '1000' })
    : all
  // Of a deposit alone the ledger tells items.
  const entries = found.filter(
    ({ items, iss }) => items !== undefined && (depositor === undefined || iss === depositor),
  )
  const meant = entries.filter(({ index }) => chosen.has(index))
  const [one, ...more] = meant.length > 0 ? meant : entries
  const whose = depositor === undefined ? '' : ` by ${depositor}`
  if (one === undefined)
    throw new EvidenceError(
      'receipt-not-found',
      `${client.url} shows you no deposit${whose} with the exhibit number ${JSON.stringify(number)}: there is none, or you may not read it (--key, --id)`,
      { where: number },
    )
  if (more.length === 0 && (next === null || meant.length > 0)) return one.index
  const shown = entries.slice(0, listedAtMost).map(({ index, time, iss }) => `${index} (${time}, by ${iss})`)
  const rest = next !== null || entries.length > listedAtMost ? ', and more' : ''
  throw new EvidenceError(
    'usage',
    `several deposits${whose} have the exhibit number ${JSON.stringify(number)}; say whose is meant by --depositor ID, or which by its index (of a certificate: --entry INDEX): ${shown.join('; ')}${rest}`,
    { where: number },
  )
}
