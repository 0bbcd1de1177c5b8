import { caseNumbersOf, lookupForm } from '../../src/statements/disclosures.ts'
import { foundPages } from '../../src/client/pages.ts'
import { settled } from '../../src/core/attempt.ts'
import { type ErrorCode, EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import type { PackageGathering } from './gather.ts'
import type { PackageLedger } from './ledger.ts'

/** What a package of a case may lack. */
export interface NotGathered {
  readonly case: string
  /** The entry that was found, and whose receipt is not for the asker; without it the server was not searched at all. */
  readonly index?: number
  /** Why; without it there was no server to search. */
  readonly code?: ErrorCode
  readonly message?: string
}

/** By these a server says that a search, or a receipt, is not for the asker. */
const closed: readonly ErrorCode[] = ['not-authenticated', 'token-invalid', 'not-permitted', 'not-found']

/**
 * Gathers the deposits of a case: from the receipts at hand, and from the server, where the asker may read them. Gives what was not gathered.
 * Throws `receipt-not-found` where there is none, and `server-answer` and whatever else ends a search in the middle: what was found until then
 * would pass for all.
 */
export async function addCase(
  gathering: PackageGathering,
  number: string,
  from: string,
  receipts: readonly string[],
  ledger: PackageLedger | undefined,
): Promise<NotGathered[]> {
  const atHand = await gathering.addCase(number, receipts)
  const { found, notGathered } = await searchServer(gathering, number, ledger)
  if (atHand + found > 0) return notGathered
  throw new EvidenceError('receipt-not-found', `no receipt below ${from} discloses the case number ${number}`, {
    where: number,
  })
}

async function searchServer(
  gathering: PackageGathering,
  number: string,
  ledger: PackageLedger | undefined,
): Promise<{ found: number; notGathered: NotGathered[] }> {
  const client = ledger?.client
  if (ledger === undefined || client === undefined) return { found: 0, notGathered: [{ case: number }] }
  const notGathered: NotGathered[] = []
  let found = 0
  let hasBegun = false
  try {
    for await (const { entries } of foundPages(client, { case: number }, { size: ledger.tree.size })) {
      hasBegun = true
      for (const { index } of entries) {
        const receipt = await settled(client.receipt(index), ...closed)
        if (receipt instanceof EvidenceError) {
          notGathered.push({ case: number, index, code: receipt.code, message: receipt.message })
          continue
        }
        const bytes = Buffer.from(receipt)
        const { proof, disclosures } = parseReceipt(bytes)
        if (proof.index !== index)
          throw new EvidenceError('server-answer', `the server gives the receipt of another entry than ${index}`, {
            index,
          })
        if (!caseNumbersOf(disclosures).includes(lookupForm(number))) {
          const message = `the receipt of entry ${index}, which the server found, does not disclose the case number`
          notGathered.push({ case: number, index, code: 'number-not-shown', message })
          continue
        }
        await gathering.addBytes(bytes)
        found++
      }
    }
  } catch (error) {
    // A mirror has files alone, and answers no search.
    const isClosed = isEvidenceError(error) && (closed.includes(error.code) || isMirrors(error, ledger))
    if (hasBegun || !isClosed) throw error
    return { found: 0, notGathered: [{ case: number, code: error.code, message: error.message }] }
  }
  return { found, notGathered }
}

function isMirrors(error: EvidenceError, { answers }: PackageLedger): boolean {
  return answers === undefined && error.code === 'server-answer'
}

/** What was not gathered, for people. */
export function notGatheredLines(notGathered: readonly NotGathered[]): string[] {
  return notGathered.map(({ case: number, index, code, message }) => {
    const why = code === undefined ? 'there was no server to ask' : `${code}: ${message}`
    return index === undefined
      ? `  case ${number}: the ledger was NOT SEARCHED, and there may be more deposits than the receipts at hand (${why})`
      : `  case ${number}: entry ${index} was found and is NOT PACKED (${why})`
  })
}
