import { fromBase64 } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import type { ErrorCode } from '../core/errors.ts'
import { counted } from '../core/text.ts'
import type { Asked } from './kind.ts'
import type { Placed } from './members.ts'
import { leaveOpen, type TargetFacts, type TargetSort, violate } from './rules.ts'

/**
 * Judges a reference to a deposit of this ledger: its index lies below the entry's own, its hash is that entry's, the entry
 * deposits something, and has the item and the line (docs/spec/04-rulebook.md). An entry of a sort in `also` may be pointed at too; it has no
 * item. Returns what is known of the target, or undefined with the findings `reference-not-found`, `reference-hash`, `reference-kind`,
 * `reference-item`, `not-judged` added.
 */
export function judgeReference(
  placed: Placed,
  asked: Asked<unknown>,
  also: readonly TargetSort[] = [],
): TargetFacts | undefined {
  return judgeTarget({ ...placed, leafHash: fromBase64(placed.leafHash) }, asked, also)
}

/** Judges what a reference points at, whose hash is given as its 32 bytes. */
export function judgeTarget(
  { index, leafHash, item, line, where }: Omit<Placed, 'leafHash'> & { readonly leafHash: Uint8Array },
  {
    entry,
    findings,
    history,
  }: Pick<Asked<unknown>, 'findings'> & {
    readonly history: Pick<Asked<unknown>['history'], 'target'>
    readonly entry: { readonly index: number }
  },
  also: readonly TargetSort[] = [],
): TargetFacts | undefined {
  const refuse = (code: ErrorCode, message: string): undefined => {
    violate(findings, code, message, where)
    return undefined
  }
  const target = index < entry.index ? history.target(index) : undefined
  if (target === undefined) return refuse('reference-not-found', `there is no entry ${index} before this one`)
  if (target.leafHash !== undefined && !equalBytes(target.leafHash, leafHash)) {
    return refuse('reference-hash', `the leaf hash is not that of entry ${index}`)
  }
  if (target.kind === undefined) {
    leaveOpen(findings, `what entry ${index} is cannot be read by this version`, where)
    return undefined
  }
  if (target.items === undefined) {
    const isOther = target.sort !== undefined && also.includes(target.sort)
    if (!isOther) return refuse('reference-kind', `entry ${index} is no ${['deposit', ...also].join(' and no ')}`)
    if (item === undefined && line === undefined) return target
    return refuse('reference-item', `entry ${index} is a ${target.sort}, which has no items`)
  }
  if (item !== undefined && item >= target.items) {
    const has = counted(target.items, 'item')
    return refuse('reference-item', `entry ${index} has ${has}, numbered from 0; there is no item ${item}`)
  }
  if (line === undefined) return target
  const lines = item === undefined ? undefined : target.lines?.get(item)
  if (lines === undefined) {
    const what =
      item === undefined ? 'a reference to a line names no item' : `item ${item} of entry ${index} is no manifest`
    return refuse('reference-item', `${what}: it has no line ${line}`)
  }
  if (line < lines) return target
  const has = counted(lines, 'line')
  return refuse(
    'reference-item',
    `item ${item} of entry ${index} has ${has}, numbered from 0; there is no line ${line}`,
  )
}
