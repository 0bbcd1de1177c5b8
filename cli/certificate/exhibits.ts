import { lstatSync } from 'node:fs'
import { utf8 } from '../../src/core/bytes.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { Policy } from '../../src/core/policy.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { exhibitNumbersOf, lookupForm } from '../../src/statements/disclosures.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { ledgerOf } from '../commands/check.ts'
import { type ClientOptions, urlNamed } from '../options/client.ts'
import { policyOf } from '../options/policy.ts'
import { exhibitIndex } from '../options/exhibit.ts'
import { indexArgument } from '../options/values.ts'
import type { Output } from '../render/output.ts'
import type { FetchedReceipt } from './gather.ts'

interface ExhibitOptions extends ClientOptions {
  readonly exhibit?: readonly string[]
  readonly entry?: readonly string[]
  readonly online?: boolean
}

/** Options that name files beside evidence: of an exhibit there is none. */
const ofFiles = ['receipt', 'manifest', 'folder', 'withClaims', 'transition', 'timeProof'] as const

/**
 * Which arguments are paths, and which are exhibit numbers: those of `--exhibit`, and what is no path where the ledger is to be asked. Throws
 * `usage`.
 */
export function exhibitNumbers(
  paths: readonly string[],
  options: ExhibitOptions,
): { readonly files: readonly string[]; readonly numbers: readonly string[] } {
  const mayAsk = options.online === true || options.url !== undefined
  const isNumber = (path: string): boolean => mayAsk && lstatSync(fsPath(path), { throwIfNoEntry: false }) === undefined
  const numbers = [...(options.exhibit ?? []), ...paths.filter(isNumber)]
  const files = paths.filter((path) => !isNumber(path))
  if (numbers.length + files.length === 0)
    throw new EvidenceError('usage', 'name a file, a folder, a receipt, or an exhibit by --exhibit NUMBER')
  const given = options as Readonly<Record<string, unknown>>
  const named = numbers.length === 0 ? undefined : ofFiles.find((name) => given[name] !== undefined)
  if (named !== undefined) {
    const flag = `--${named.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
    throw new EvidenceError('usage', `${flag} is for a file; of an exhibit the ledger gives the receipt`, {
      where: flag,
    })
  }
  if (numbers.length === 0 && options.entry !== undefined)
    throw new EvidenceError('usage', '--entry is for --exhibit: give the exhibit’s number too', { where: '--entry' })
  return { files, numbers: [...new Set(numbers)] }
}

/**
 * Receipts of the deposits with these exhibit numbers, one of each, as the ledger gives them to who asks; each holds by the policy, and shows
 * the number. Throws `receipt-not-found`, `usage` where several deposits have a number, `server-answer`, and what asking throws.
 */
export async function fetchExhibits(
  numbers: readonly string[],
  options: ExhibitOptions,
  output: Output,
): Promise<FetchedReceipt[]> {
  const policy = policyOf(options)
  const [log] = policy.logs
  if (urlNamed(options) === undefined && policy.logs.length !== 1)
    throw new EvidenceError('usage', 'the policy names several ledgers: say which is asked by --url', {
      where: '--url',
    })
  const client = await ledgerOf(log?.key.name ?? '', policy, options, output)
  const chosen = new Set(options.entry?.map(indexArgument))
  const fetched: FetchedReceipt[] = []
  for (const number of numbers) {
    const index = await exhibitIndex(client, number, chosen)
    fetched.push({ name: String(index), bytes: soundReceipt(await client.receipt(index), { index, number, policy }) })
  }
  return fetched
}

function soundReceipt(
  text: string,
  { index, number, policy }: { readonly index: number; readonly number: string; readonly policy: Policy },
): Uint8Array {
  const bytes = utf8(text)
  const checked = checkReceipt(bytes, policy)
  const [fault] = [...checked.faults, ...checked.unjudged]
  if (fault !== undefined)
    throw new EvidenceError(fault.code, `the ledger’s receipt of entry ${index}: ${fault.message}`, { index })
  if (checked.receipt === undefined || checked.receipt.entry.index !== index)
    throw new EvidenceError('server-answer', `the ledger gave the receipt of another entry than ${index}`, { index })
  if (exhibitNumbersOf(checked.disclosures).includes(lookupForm(number))) return bytes
  throw new EvidenceError(
    'server-answer',
    `the ledger says that entry ${index} has the exhibit number ${JSON.stringify(number)}, and its receipt does not show that`,
    { index },
  )
}
