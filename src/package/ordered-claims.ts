import type { Disclosure } from '../core/disclosure.ts'
import { erasedBy } from '../statements/said.ts'
import { type CheckedReceipt, ledgerOf, subjectOf } from '../verify/check-receipt.ts'

/** An entry of which a receipt opens claims that a later entry orders to be erased. Receipts handed out before stay valid (docs/spec/22-erasure.md). */
export interface OrderedClaims {
  readonly index: number
  /** Index of the order. */
  readonly by: number
  /** Names of the claims. */
  readonly claims: readonly string[]
}

/** Claims that receipts open though one of the later entries orders their erasure, in the order of the receipts and then of the orders. */
export function openedAgainstOrder(
  receipts: readonly CheckedReceipt[],
  later: readonly CheckedReceipt[],
): OrderedClaims[] {
  return receipts.flatMap((opened) => {
    const { index, leafHash } = subjectOf(opened)
    return later.flatMap((order) => {
      if (ledgerOf(order) !== ledgerOf(opened)) return []
      const target = erasedBy(order.body).find((one) => one.index === index && one.leafHash === leafHash)
      const claims = target === undefined ? [] : named(opened.disclosures, target.digests)
      return claims.length === 0 ? [] : [{ index, by: order.receipt.entry.index, claims }]
    })
  })
}

function named(disclosures: readonly Disclosure[], digests: readonly string[]): string[] {
  return disclosures.filter(({ digest }) => digests.includes(digest)).map(({ claim }) => claim)
}
