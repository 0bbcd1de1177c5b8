import { append } from '../core/arrays.ts'
import { attempt } from '../core/attempt.ts'
import { equalBytes } from '../core/bytes.ts'
import type { Checkpoint } from '../core/checkpoint-text.ts'
import { digestsOf } from '../core/digest.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { verifyConsistency } from '../core/merkle/verify.ts'
import type { Policy } from '../core/policy.ts'
import { parseReceipt } from '../core/receipt.ts'
import type { StatementBody } from '../statements/kinds.ts'
import { type Anchor, type AnchorLink, parseAnchor } from './anchor.ts'
import { algorithmsOf, checkFile, checkManifest } from './check-file.ts'
import { checkReceipt } from './check-receipt.ts'
import { type Finding, findingOf } from './report.ts'

/** One step upward: a lower ledger's checkpoint in an upper ledger. */
export interface AnchorStep {
  readonly lower: { readonly origin: string; readonly size: number }
  readonly upper: {
    readonly origin: string
    readonly index: number
    readonly time: string
    /** Who says that they deposited it, and with which key. */
    readonly iss: string | undefined
    readonly kid: string | undefined
  }
}

export interface CheckedAnchors {
  /** True where the policy names the receipt's own ledger, and no anchor is asked for. */
  readonly isOwn: boolean
  /** From the receipt's ledger up to one of the policy; none unless every receipt above is sound, with no part unjudged. */
  readonly steps: readonly AnchorStep[]
  readonly faults: readonly Finding[]
  readonly unjudged: readonly Finding[]
}

/** What a path of anchors can never show. */
export const anchorLimits: readonly string[] = [
  'That a lower ledger’s key signed its checkpoint: it is vouched for by the upper entry’s digest alone, and so by who deposited it.',
  'The time in a lower entry: that is the lower ledger’s clock. It existed by the time of the upper entry.',
  'That a lower ledger kept one history: it may have anchored one of two.',
]

/** Anchors that are followed at most. */
const maxSteps = 16

/** A consistency proof that the caller has got for a lower ledger, between two sizes; undefined where there is none. */
export type LinkSource = (origin: string, from: number, to: number) => readonly Uint8Array[] | undefined

/**
 * Follows anchors from a receipt to a ledger that the policy names (docs/spec/16-anchors.md). Never throws for what receipts
 * and anchors hold.
 */
export function checkAnchors(
  receipt: Uint8Array,
  anchors: readonly Uint8Array[],
  policy: Policy,
  linkOf: LinkSource = () => undefined,
): CheckedAnchors {
  const steps: AnchorStep[] = []
  const faults: Finding[] = []
  const unjudged: Finding[] = []
  let isShown = true
  // A step is a fact only where the whole way up is: what is unjudged above may be about anything.
  const verdict = (): CheckedAnchors => {
    const isOwn = isNamed(receipt, policy)
    return { isOwn, steps: isShown && faults.length === 0 ? steps : [], faults, unjudged }
  }
  try {
    const left = anchors.map((bytes) => parseAnchor(bytes))
    for (let current = receipt; ; ) {
      const checked = checkReceipt(current, policy)
      const { origin } = parseReceipt(current).proof.checkpoint
      const isRoot = policy.logs.some(({ key }) => key.name === origin)
      append(
        faults,
        checked.faults.filter(({ code }) => isRoot || code !== 'receipt-other-ledger'),
      )
      append(unjudged, checked.unjudged)
      if (current !== receipt && checked.unjudged.length > 0) isShown = false
      if (isRoot || faults.length > 0) return verdict()
      if (steps.length === maxSteps) throw new EvidenceError('anchor-missing', `more than ${maxSteps} anchors lead on`)
      const anchor = takeAnchor(left, parseReceipt(current).proof.checkpoint, linkOf)
      const { deposit, step } = judgeDeposit(anchor, policy)
      append(faults, deposit.faults)
      append(unjudged, deposit.unjudged)
      if (deposit.unjudged.length > 0) isShown = false
      steps.push(step)
      current = anchor.upper
    }
  } catch (error) {
    if (!isEvidenceError(error)) throw error
    faults.push(findingOf(error))
    return verdict()
  }
}

/** Whether the policy has a log of a receipt's origin. */
function isNamed(receipt: Uint8Array, policy: Policy): boolean {
  const parsed = attempt(() => parseReceipt(receipt))
  return (
    !(parsed instanceof EvidenceError) && policy.logs.some(({ key }) => key.name === parsed.proof.checkpoint.origin)
  )
}

/** The first anchor that leads on from a checkpoint, taken out of those that are left. */
function takeAnchor(left: Anchor[], checkpoint: Checkpoint, linkOf: LinkSource): Anchor {
  const { origin, size } = checkpoint
  const own = left.filter(({ checkpoint: lower }) => lower.origin === origin)
  if (own.length === 0) {
    throw new EvidenceError('anchor-missing', `no anchor leads on from ${origin}, which the policy does not name`)
  }
  const found = own.find((anchor) => leadsOn(checkpoint, anchor, linkOf))
  if (found === undefined) {
    const message = `no anchor of ${origin} is shown to go on from the receipt’s checkpoint`
    const sizes = own.map(({ checkpoint: lower }) => lower.size).join(', ')
    throw new EvidenceError('anchor-unconnected', message, {
      expected: `a proof from size ${size}`,
      found: `sizes ${sizes}`,
    })
  }
  left.splice(left.indexOf(found), 1)
  return found
}

function leadsOn({ origin, size, root }: Checkpoint, { checkpoint, link }: Anchor, linkOf: LinkSource): boolean {
  if (size === checkpoint.size) return equalBytes(root, checkpoint.root)
  if (size > checkpoint.size) return false
  const holds = (hashes: AnchorLink['hashes']): boolean =>
    verifyConsistency({ size1: size, size2: checkpoint.size, root1: root, root2: checkpoint.root, proof: hashes })
  if (link?.from === size && holds(link.hashes)) return true
  const fetched = linkOf(origin, size, checkpoint.size)
  return fetched !== undefined && holds(fetched)
}

/** The upper receipt must be for a deposit of exactly this note. */
function judgeDeposit(
  { lower, checkpoint, upper }: Anchor,
  policy: Policy,
): {
  readonly deposit: { readonly faults: readonly Finding[]; readonly unjudged: readonly Finding[] }
  readonly step: AnchorStep
} {
  const checked = checkReceipt(upper, policy)
  if (checked.receipt === undefined) throw new EvidenceError('anchor-malformed', 'the anchor’s receipt cannot be read')
  const { proof, entry } = checked.receipt
  const iss = checked.statement?.common.iss
  const kid = checked.statement?.header.kid
  const deposit = checked.body === undefined ? { faults: [], unjudged: [] } : heldAgainst(checked.body, lower)
  const step: AnchorStep = {
    lower: { origin: checkpoint.origin, size: checkpoint.size },
    upper: { origin: proof.checkpoint.origin, index: proof.index, time: entry.time, iss, kid },
  }
  return { deposit, step }
}

/** The note as a file: size, every digest, and where the item is a manifest its tree. */
function heldAgainst(
  body: StatementBody,
  note: Uint8Array,
): { readonly faults: readonly Finding[]; readonly unjudged: readonly Finding[] } {
  const { item, faults, unjudged } = checkFile(body, { size: note.length, digest: digestsOf(note, algorithmsOf(body)) })
  return { faults: [...faults, ...(item === undefined ? [] : checkManifest(body, item, note))], unjudged }
}
