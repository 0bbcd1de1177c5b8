import { openedAgainstOrder } from '../../src/package/ordered-claims.ts'
import type { PackageReport } from '../../src/package/package-report.ts'
import { visible } from '../../src/core/text.ts'
import type { LaterEvents } from './later.ts'

/** What who packs must know before the package is handed over; the code is stable, for programs. */
export interface PackageWarning {
  /** The package opens sealed claims whose erasure was ordered. */
  readonly code: 'erasure-ordered'
  readonly index: number
  /** Index of the order. */
  readonly by: number
  /** Names of the claims; undefined where the order may not be read, and so which it names is not known. */
  readonly claims?: readonly string[]
  readonly message: string
}

/** Warns of sealed claims that a package opens though their erasure was ordered, out of receipts from before the order. */
export function warningsOf(
  { deposits, related }: Pick<PackageReport, 'deposits' | 'related'>,
  later: Pick<LaterEvents, 'orders'> | undefined,
): PackageWarning[] {
  const receipts = [...deposits, ...related].map(({ checked }) => checked)
  const opened = openedAgainstOrder(
    receipts,
    related.map(({ checked }) => checked),
  )
  const opens = new Set(
    receipts.filter(({ disclosures }) => disclosures.length > 0).map(({ receipt }) => receipt.entry.index),
  )
  return [
    ...opened.map(({ index, by, claims }) => {
      const names = claims.map(visible).join(', ')
      const what = `entry ${by} orders the sealed claims of entry ${index} to be erased that this package opens: ${names}`
      return { code: 'erasure-ordered', index, by, claims, message: `${what}. ${stays}` } as const
    }),
    ...(later?.orders ?? [])
      .filter(({ index }) => opens.has(index))
      .map(({ index, by }) => {
        const what = `entry ${by} is said to order sealed claims of entry ${index} to be erased, which ones you may not read, and this package opens claims of that entry`
        return { code: 'erasure-ordered', index, by, message: `${what}. ${stays}` } as const
      }),
  ]
}

const stays =
  'The receipt is from before the order and stays valid; who hands the package over shows the claims. To leave them out, get the receipt anew ("evidence show INDEX --receipt FILE"), and pack by that one'
