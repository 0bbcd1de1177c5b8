import { EvidenceError } from '../../src/core/errors.ts'
import type { ShownEntries } from '../../src/core/shown.ts'
import type { Relation } from '../../src/statements/members.ts'
import { relations } from '../../src/statements/vocabulary.ts'
import type { Output } from '../render/output.ts'
import type { Asking } from './named-deposit.ts'
import { referenceTo, splitPart, type Target, targetOf } from './reference.ts'
import { indexArgument, openCodeArgument } from './values.ts'

/** How a relation is written. */
export const relationNotation = 'rel:TARGET[:item[:line]]'

/** A relation as it was given: to an entry by its leaf hash, or by its index or receipt. */
export interface WantedRelation {
  readonly rel: Relation['rel']
  readonly to: Omit<Target, 'shown'> | { readonly named: string }
}

/** Reads `rel:TARGET[:item[:line]]`, TARGET an index, a receipt, or index:leafHash. Throws `usage`. */
export function relationFrom(text: string, output: Output): WantedRelation {
  const [, name = '', target = ''] = /^([^:]*):(.+)$/s.exec(text) ?? []
  const to = toOf(target)
  if (name === '' || to === undefined)
    throw new EvidenceError(
      'usage',
      `${JSON.stringify(text)} is not ${relationNotation}, TARGET an index, a receipt (.tlog-proof) or index:leafHash`,
    )
  return { rel: openCodeArgument(name, relations, 'relation', output), to }
}

function toOf(target: string): WantedRelation['to'] | undefined {
  const { name, part } = splitPart(target)
  const [, index, leafHash] = /^([0-9]+):([^:]+)$/.exec(name) ?? []
  if (index !== undefined && leafHash !== undefined) return { index: indexArgument(index), leafHash, ...part }
  return /^(?:[0-9]+|.+\.(?:tlog-proof|file-proof))$/s.test(name) ? { named: target } : undefined
}

/** Relations as statements have them, and what shows that the receipts are at hand. Throws as {@link targetOf}. */
export async function relationsTo(
  wanted: readonly WantedRelation[],
  asking: Asking,
): Promise<{ readonly relates: Relation[]; readonly shown: ShownEntries }> {
  const shown = new Map<number, Uint8Array>()
  const relates: Relation[] = []
  for (const { rel, to } of wanted) {
    const target = 'named' in to ? await targetOf(to.named, asking) : { ...to, shown: new Map() }
    for (const [one, hash] of target.shown) shown.set(one, hash)
    relates.push({ rel, ...referenceTo(target) })
  }
  return { relates, shown }
}
