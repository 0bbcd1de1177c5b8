import { parseDisclosure } from '../../src/core/disclosure.ts'
import { defined } from '../../src/core/objects.ts'
import { visible } from '../../src/core/text.ts'
import { openedAgainstOrder } from '../../src/package/ordered-claims.ts'
import type { PackageReport } from '../../src/package/package-report.ts'
import type { CheckedReceipt } from '../../src/verify/check-receipt.ts'
import type { LaterEvents } from './later.ts'

/** What who packs must know before the package is handed over; the code is stable, for programs. */
interface PackageWarning {
  /** The package opens sealed claims whose erasure was ordered. */
  readonly code: 'erasure-ordered'
  readonly index: number
  /** Index of the order. */
  readonly by: number
  /** Names of the claims; undefined where neither the order nor the deposit may be read, and so which it names is not known. */
  readonly claims?: readonly string[]
  readonly message: string
}

/** The sealed claims of an entry that the ledger shows who packs, as disclosures; none where it shows none. */
type ClaimsNow = (index: number) => Promise<readonly string[]>

/**
 * Warns of sealed claims that a package opens though their erasure was ordered, out of receipts from before the order. Throws what asking the ledger
 * throws.
 */
export async function warningsOf(
  { deposits, related }: Pick<PackageReport, 'deposits' | 'related'>,
  { orders }: Pick<LaterEvents, 'orders'>,
  claimsNow: ClaimsNow,
): Promise<PackageWarning[]> {
  const later = related.map(({ checked }) => checked)
  const receipts = [...deposits.map(({ checked }) => checked), ...later]
  const warnings = openedAgainstOrder(receipts, later).map(({ index, by, claims }) => warning(index, by, claims))
  for (const { index, by } of orders) {
    const opened = receipts.filter(({ receipt }) => receipt.entry.index === index)
    const claims = await goneClaims(opened, await claimsNow(index))
    if (claims === undefined || claims.length > 0) warnings.push(warning(index, by, claims))
  }
  return warnings
}

/** What an order that may not be read seems to have erased: the claims that receipts open and the ledger shows no more; undefined where it shows none at all. */
async function goneClaims(opened: readonly CheckedReceipt[], now: readonly string[]): Promise<string[] | undefined> {
  const disclosures = opened.flatMap((one) => one.disclosures)
  if (disclosures.length === 0) return []
  if (now.length === 0) return undefined
  const shown = new Set(now.map((text) => parseDisclosure(text).digest))
  return disclosures.filter(({ digest }) => !shown.has(digest)).map(({ claim }) => claim)
}

function warning(index: number, by: number, claims: readonly string[] | undefined): PackageWarning {
  const names =
    claims === undefined
      ? `entry ${by} is said to order sealed claims of entry ${index} to be erased; which ones you may not read, and this package opens claims of that entry`
      : `entry ${by} orders sealed claims of entry ${index} to be erased, and this package opens them: ${claims.map(visible).join(', ')}`
  return { code: 'erasure-ordered', index, by, ...defined({ claims }), message: `${names}. ${stays}` }
}

const stays =
  'The receipt is from before the order, and stays valid; who hands the package over shows the claims. To leave them out, get the receipt anew ("evidence show INDEX --receipt FILE"), and pack by that one'
