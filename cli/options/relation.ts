import { EvidenceError } from '../../src/core/errors.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { ShownEntries } from '../../src/core/shown.ts'
import type { Relation } from '../../src/statements/members.ts'
import { relations } from '../../src/statements/vocabulary.ts'
import type { Output } from '../render/output.ts'
import { targetOfReceipt } from './reference.ts'
import { indexArgument, openCodeArgument } from './values.ts'

/** A relation as it was given: to an entry by its leaf hash, or by its receipt. */
export interface WantedRelation {
  readonly rel: Relation['rel']
  readonly to: { readonly index: number; readonly leafHash: string } | { readonly receipt: string }
  readonly item?: number
}

/** Reads `rel:RECEIPT[:item]` or `rel:index:leafHash[:item]`. Throws `usage`. */
export function relationFrom(text: string, output: Output): WantedRelation {
  const [, name = '', index, leafHash, receipt, item] =
    /^([^:]*):(?:([0-9]+):([^:]+)|(.+\.tlog-proof))(?::([0-9]+))?$/s.exec(text) ?? []
  if (name === '')
    throw new EvidenceError('usage', `${JSON.stringify(text)} is not rel:RECEIPT[:item] or rel:index:leafHash[:item]`)
  const rel = openCodeArgument(name, relations, 'relation', output)
  const to = receipt === undefined ? { index: indexArgument(index ?? ''), leafHash: leafHash ?? '' } : { receipt }
  return { rel, to, ...(item === undefined ? {} : { item: indexArgument(item) }) }
}

/** Relations as statements have them, and what shows that the receipts are at hand. Throws as {@link targetOfReceipt}. */
export function relationsTo(
  wanted: readonly WantedRelation[],
  policy: Policy,
): { readonly relates: Relation[]; readonly shown: ShownEntries } {
  const shown = new Map<number, Uint8Array>()
  const relates = wanted.map(({ to, ...relation }) => {
    if (!('receipt' in to)) return { ...relation, ...to }
    const { index, leafHash, shown: own } = targetOfReceipt(to.receipt, policy)
    for (const [one, hash] of own) shown.set(one, hash)
    return { ...relation, index, leafHash }
  })
  return { relates, shown }
}
