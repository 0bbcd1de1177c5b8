import { lstatSync } from 'node:fs'
import { utf8 } from '../../src/core/bytes.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { fsPath } from '../../src/node/file-path.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { ledgerOf } from '../commands/check.ts'
import { type ClientOptions, urlNamed } from '../options/client.ts'
import { policyOf } from '../options/policy.ts'
import { exhibitDeposit } from '../options/exhibit.ts'
import { askNamedDeposit, depositText } from '../options/named-deposit.ts'
import { indexArgument } from '../options/values.ts'
import type { Output } from '../render/output.ts'
import type { FetchedReceipt } from './gather.ts'

interface ExhibitOptions extends ClientOptions {
  readonly exhibit?: readonly string[]
  readonly entry?: readonly string[]
  readonly depositor?: string
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
 * the number. Throws the codes of {@link exhibitDeposit}, and what asking throws.
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
  const asking = { client, policy, depositor: options.depositor }
  const fetched: FetchedReceipt[] = []
  for (const number of numbers) {
    const { index, text, checked } = await exhibitDeposit(asking, number, chosen)
    const { faults, unjudged } = checkReceipt(utf8(text), policy)
    const [fault] = [...faults, ...unjudged]
    if (fault !== undefined)
      throw new EvidenceError(fault.code, `the ledger’s receipt of entry ${index}: ${fault.message}`, { index })
    output.note(`${number} is ${depositText(index, await askNamedDeposit(checked, asking))}`)
    fetched.push({ name: String(index), bytes: utf8(text) })
  }
  return fetched
}
