import { toBase64 } from '../core/base64.ts'
import { equalBytes } from '../core/bytes.ts'
import type { SignedCheckpoint } from '../core/checkpoint.ts'
import { isEvidenceError } from '../core/errors.ts'
import { type Policy, type PolicySigners, readSigners, requireQuorum } from '../core/policy.ts'
import type { Registry } from '../statements/registry.ts'
import { isSignedByLedger } from './ledger-keys.ts'
import { type Finding, FindingList, findingOf } from './report.ts'
import type { TreeFacts } from './walk-tree.ts'

/* What a walk says of signed checkpoints: the one of the ledger, those that were kept, and the one whose ledger was verified before. */

/** The policy, and where what the walk finds goes. */
export interface CheckpointContext {
  readonly policy: Policy
  readonly faults: FindingList
  readonly unjudged: FindingList
}

export interface Trust {
  readonly trusted: boolean
  readonly origin: string
  /** vkeys of the policy, of the checkpoint's origin, that verified the checkpoint; whether or not the quorum is met. */
  readonly verified: readonly string[]
  readonly witnesses: PolicySigners['witnesses']
}

/** Judges a checkpoint by the policy; what is wrong with it is added to the findings. */
export function judgeCheckpoint(
  { policy, faults, unjudged }: CheckpointContext,
  { note, checkpoint }: SignedCheckpoint,
): Trust {
  let verified: readonly string[] = []
  try {
    const signers = readSigners(policy, note, checkpoint.origin)
    verified = signers.logs.map(({ text }) => text)
    requireQuorum(policy, note, signers)
    return { trusted: true, origin: checkpoint.origin, verified, witnesses: signers.witnesses }
  } catch (error) {
    if (!isEvidenceError(error)) throw error
    ;(error.kind.exit === 4 ? unjudged : faults).add(findingOf(error))
    // Go on under the name that the policy expects, so that entries are judged as this ledger's.
    const [only, ...others] = policy.logs
    const origin = only !== undefined && others.length === 0 ? only.key.name : checkpoint.origin
    return { trusted: false, origin, verified, witnesses: [] }
  }
}

/** A kept checkpoint that the policy does not trust, of a history that this ledger goes on from: a retired key may have signed it. */
export interface Doubted {
  readonly kept: SignedCheckpoint
  readonly finding: Finding
}

/** Judges kept checkpoints: each, signed as the policy asks, must be of a history that this ledger goes on from. */
export function judgeEarlier(
  context: CheckpointContext,
  earlier: readonly SignedCheckpoint[],
  { checkpoint: { origin, size } }: SignedCheckpoint,
  tree: TreeFacts,
): Doubted[] {
  const doubted: Doubted[] = []
  for (const kept of earlier) {
    const own = new FindingList()
    judgeCheckpoint({ ...context, faults: own }, kept)
    const [finding] = own.kept
    const broken = historyFault(kept, origin, Math.min(size, tree.leaves), tree)
    if (broken === undefined && finding?.code === 'checkpoint-untrusted') doubted.push({ kept, finding })
    else if (finding !== undefined) context.faults.add(finding)
    if (broken !== undefined) context.faults.add(broken)
  }
  return doubted
}

/**
 * What kept checkpoints that the policy trusts say against one of whose tree nothing could be read: that it reaches less far, or has another root of the
 * same size.
 */
export function contradictionsOf(
  context: CheckpointContext,
  earlier: readonly SignedCheckpoint[],
  { checkpoint: { origin, size, root } }: SignedCheckpoint,
): Finding[] {
  return earlier.flatMap((kept) => {
    if (kept.checkpoint.size < size) return []
    const own = new FindingList()
    judgeCheckpoint({ ...context, faults: own }, kept)
    return own.total > 0 ? [] : (historyFault(kept, origin, size, { rootAt: () => root }) ?? [])
  })
}

/** Why a ledger of which `size` entries are shown does not go on from a kept checkpoint; undefined where it does. */
function historyFault(
  { checkpoint: kept }: SignedCheckpoint,
  origin: string,
  size: number,
  tree: Pick<TreeFacts, 'rootAt'>,
): Finding | undefined {
  const fault = (message: string, expected: string, found: string): Finding => {
    const where = `kept checkpoint of size ${kept.size}`
    return { code: 'consistency-invalid', message, where, expected, found }
  }
  if (kept.origin !== origin) return fault('A checkpoint that was kept is of another ledger.', kept.origin, origin)
  if (kept.size > size) {
    const message = `The ledger does not reach a checkpoint of ${kept.size} entries that was kept.`
    return fault(message, `at least ${kept.size}`, `${size}`)
  }
  const root = tree.rootAt(kept.size)
  if (equalBytes(root, kept.root)) return undefined
  const message = 'The ledger is not the history that a kept checkpoint signs: both are signed, and they differ.'
  return fault(message, toBase64(kept.root), toBase64(root))
}

/**
 * Judges kept checkpoints that the policy does not trust, after the last entry: one is in order if a key that signed for the ledger at
 * its size signed it; and whether one did is not judged where an entry could not be read, which may have brought that key.
 */
export function judgeDoubted(
  { faults, unjudged }: CheckpointContext,
  registry: Registry,
  doubted: readonly Doubted[],
): void {
  for (const { kept, finding } of doubted) {
    if (isSignedByLedger(registry, kept)) continue
    if (registry.uncertainSince === undefined) faults.add(finding)
    else unjudged.add({ ...finding, code: 'not-judged' })
  }
}

/** How many entries need no judging again: none where the trusted checkpoint is not one of this history. */
export function trustedBelow(
  context: CheckpointContext,
  trusted: SignedCheckpoint | undefined,
  signed: SignedCheckpoint,
  tree: TreeFacts,
): number {
  if (trusted === undefined || !tree.authentic) return 0
  const { faults, unjudged } = context
  const before = faults.total + unjudged.kept.length
  const doubted = judgeEarlier(context, [trusted], signed, tree)
  // Signed by a key that may have been retired: all is judged, for only that tells.
  if (doubted.length > 0) return 0
  return faults.total + unjudged.kept.length === before ? trusted.checkpoint.size : 0
}
