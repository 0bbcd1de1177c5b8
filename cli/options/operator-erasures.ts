import { count } from '../../src/core/text.ts'
import type { OptionsOf } from './declare.ts'

/** For copies: an operator's erasures are followed only where the copy's own operator says so. */
export const operatorErasuresFlag = [
  '--operator-erasures',
  'erase here too what the source’s operator erased without an order in the ledger',
] as const

export type OperatorErasuresOptions = OptionsOf<[typeof operatorErasuresFlag]>

/** What a copy says of erasures that it does not follow; nothing where there are none. */
export function keptText(kept: number): string[] {
  if (kept === 0) return []
  return [
    `kept: claims of ${count(kept)} erasures that the source’s operator made without an order; --operator-erasures erases them here`,
  ]
}
