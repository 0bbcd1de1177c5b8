import { fromBase64 } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import type { ErrorCode } from '../core/errors.ts'
import { counted } from '../core/text.ts'
import type { Asked } from './kind.ts'
import type { Placed } from './members.ts'
import { type Findings, leaveOpen, type SaidFacts, type TargetFacts, type TargetSort, violate } from './rules.ts'

/**
 * Judges a reference to a deposit of this ledger: its index lies below the entry's own, its hash is that entry's, the entry
 * deposits something, and has the item and the line (docs/spec/04-rulebook.md). An entry of a sort in `also` may be pointed at too; it has no
 * item. Returns what is known of the target, or undefined with the findings `reference-not-found`, `reference-hash`, `reference-kind`,
 * `reference-item`, `not-judged` added.
 */
export function judgeReference(
  placed: Placed | PlacedHash,
  referring: Referring,
  also: readonly TargetSort[] = [],
): TargetFacts | undefined {
  return judgeTarget({ ...placed, leafHash: hashOf(placed) }, referring, also)
}

/** A reference whose hash is its 32 bytes. */
export type PlacedHash = Omit<Placed, 'leafHash'> & { readonly leafHash: Uint8Array }

function hashOf({ leafHash }: Placed | PlacedHash): Uint8Array {
  return typeof leafHash === 'string' ? fromBase64(leafHash) : leafHash
}

/** What judging a reference asks of the entry that has it. */
export type Referring = Pick<Asked<unknown>, 'findings'> & {
  readonly history: Pick<Asked<unknown>['history'], 'target'>
  readonly entry: { readonly index: number }
}

/**
 * Judges that a reference points at an earlier entry of a known kind, whatever it says. Returns what is known of it, or undefined with the
 * findings `reference-not-found`, `reference-hash`, `not-judged` added.
 */
export function judgeEarlier(reference: PlacedHash, referring: Referring): TargetFacts | undefined {
  const target = judgeHash(reference, referring)
  if (target === undefined || target.kind !== undefined) return target
  return leaveUnread(referring.findings, reference.index, reference.where)
}

/** Judges what a reference points at, whose hash is given as its 32 bytes. */
export function judgeTarget(
  reference: PlacedHash,
  referring: Referring,
  also: readonly TargetSort[] = [],
): TargetFacts | undefined {
  const { index, item, line, where } = reference
  const { findings } = referring
  const refuse = (code: ErrorCode, message: string): undefined => {
    violate(findings, code, message, where)
    return undefined
  }
  const target = judgeEarlier(reference, referring)
  if (target === undefined) return undefined
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

/**
 * Judges a reference to an earlier entry of any kind, whose rule asks what it says. Returns that, or undefined with the findings
 * `reference-not-found`, `reference-hash`, `not-judged` added.
 */
export function judgeSaid(
  placed: Placed,
  referring: Referring,
): { readonly target: TargetFacts; readonly said: SaidFacts } | undefined {
  const { index, where } = placed
  const target = judgeHash({ ...placed, leafHash: fromBase64(placed.leafHash) }, referring)
  if (target === undefined) return undefined
  const said = target.kind === undefined ? undefined : target.said?.()
  return said === undefined ? leaveUnread(referring.findings, index, where) : { target, said }
}

function leaveUnread(findings: Findings, index: number, where: string): undefined {
  leaveOpen(findings, `what entry ${index} is cannot be read by this version`, where)
  return undefined
}

/** The entry that a reference names, where it lies before and has that leaf hash. */
function judgeHash(
  { index, leafHash, where }: PlacedHash,
  { entry, findings, history }: Referring,
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
  return target
}
