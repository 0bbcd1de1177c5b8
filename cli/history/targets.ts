import { existsSync } from 'node:fs'
import type { EntryPage, LedgerClient } from '../../src/client/ledger-client.ts'
import { foundPages } from '../../src/client/pages.ts'
import { type EntryName, requireNamed } from '../../src/client/named-entry.ts'
import { append } from '../../src/core/arrays.ts'
import { settled } from '../../src/core/attempt.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { Policy } from '../../src/core/policy.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { exhibitDeposit } from '../options/exhibit.ts'
import type { Asking } from '../options/named-deposit.ts'
import { targetOf } from '../options/reference.ts'
import { indexArgument } from '../options/values.ts'
import { findFile } from '../sources/file-search.ts'
import type { CheckedReceipt } from '../../src/verify/check-receipt.ts'
import { itemsOf } from '../../src/statements/said.ts'
import { claimOf } from './claims.ts'

/** The deposits that an argument names, and whether a receipt bears it out. */
export interface Named {
  readonly indices: readonly number[]
  /** What names them, for people. */
  readonly by: string
  /** Throws `server-answer`, or `number-not-shown`, where the receipt of a deposit does not bear out what the server found. */
  readonly requireBorneOut: (deposit: CheckedReceipt) => void
}

/**
 * The deposits that an argument names: by index, receipt, file, exhibit number or case number, in this order. Throws `receipt-not-found`, and
 * what asking and reading throw.
 */
export async function namedDeposits(
  argument: string,
  client: LedgerClient,
  policy: Policy,
  depositor?: string,
): Promise<Named> {
  if (/^[0-9]+$/.test(argument)) {
    const index = indexArgument(argument)
    return { indices: [index], by: `entry ${index}`, requireBorneOut: borneOutBy({}) }
  }
  if (existsSync(fsPath(argument))) return ofFile(argument, { client, policy, depositor })
  const found = await settled(exhibitDeposit({ client, policy, depositor }, argument), 'receipt-not-found')
  if (!(found instanceof EvidenceError))
    return { indices: [found.index], by: `exhibit ${argument}`, requireBorneOut: borneOutBy({ exhibit: argument }) }
  if (depositor !== undefined) throw found
  const indices = await ofCase(argument, client)
  if (indices.length > 0) return { indices, by: `case ${argument}`, requireBorneOut: borneOutBy({ case: argument }) }
  throw new EvidenceError(
    'receipt-not-found',
    `${JSON.stringify(argument)} is no index and no file here, and ${client.url} shows you no deposit with it as exhibit number or case number: there is none, or you may not read it (--key, --id)`,
    { where: argument },
  )
}

async function ofFile(path: string, { client, policy, depositor }: Asking): Promise<Named> {
  if (/\.(?:tlog-proof|file-proof)$/.test(path)) {
    const { index } = await targetOf(path, { client, policy })
    return { indices: [index], by: path, requireBorneOut: borneOutBy({}) }
  }
  const { page, digest } = await findFile(client, path)
  const entries = [...page.entries]
  // Anybody may deposit the same bytes, in any number: no other deposit is left out for it.
  if (page.next !== null) {
    const { size } = await client.ledger()
    for await (const more of foundPages(client, { digest: `sha256:${digest}` }, { after: page.next, size }))
      append(entries, more.entries)
  }
  const indices = deposits(entries.filter(({ iss }) => depositor === undefined || iss === depositor))
  if (indices.length === 0)
    throw new EvidenceError(
      'receipt-not-found',
      `${client.url} shows you no deposit of ${path}${depositor === undefined ? '' : ` by ${depositor}`}: there is none by its SHA-256, or you may not read it (--key, --id)`,
      { where: path },
    )
  const requireBorneOut = ({ body, receipt }: CheckedReceipt): void => {
    if (itemsOf(body).some((item) => item.digest['sha256'] === digest)) return
    const { index } = receipt.entry
    throw new EvidenceError('server-answer', `entry ${index} is not about ${path}, by its receipt`, { index })
  }
  return { indices, by: path, requireBorneOut }
}

async function ofCase(number: string, client: LedgerClient): Promise<number[]> {
  const { size } = await client.ledger()
  const found: number[] = []
  for await (const { entries } of foundPages(client, { case: number }, { size })) append(found, deposits(entries))
  return found
}

/** Holds a receipt that verified to the number that its entry was found by, as the ledger looks it up. */
function borneOutBy(number: Pick<EntryName, 'exhibit' | 'case'>): Named['requireBorneOut'] {
  return (deposit) => requireNamed(deposit, { index: deposit.receipt.entry.index, ...number })
}

/** Entries of a page that are deposits: the ledger tells items of these alone. */
function deposits(entries: EntryPage['entries']): number[] {
  return entries.filter(({ items }) => items !== undefined).map(({ index }) => index)
}

/** The number that its collector gave an exhibit, where the receipt shows it. */
export function exhibitOf(deposit: CheckedReceipt): string | undefined {
  const { exhibit } = (claimOf(deposit, 'collection') ?? {}) as { readonly exhibit?: unknown }
  return typeof exhibit === 'string' ? exhibit : undefined
}
