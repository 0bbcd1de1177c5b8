import type { Checkpoint } from '../core/checkpoint-text.ts'
import type { SignedCheckpoint } from '../core/checkpoint.ts'
import type { ParsedEntry } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import type { KeyTransition } from '../core/key-transition.ts'
import { verifyConsistency } from '../core/merkle/verify.ts'
import { type Policy, type PolicySigners, readSigners, requireQuorum, statesTime } from '../core/policy.ts'
import type { Receipt } from '../core/receipt.ts'
import { timeText } from '../core/time.ts'

/* Who vouches for the tree that a receipt's entry stands in (docs/spec/06-receipt.md, step 2; 14-ledger-keys.md, "Key transition"). */

/**
 * Whether the policy accepts the receipt's checkpoint, or with a transition the later one; gives the witnesses of one that it
 * accepts. Whatever of this does not hold, the rest is judged all the same.
 */
export function judgeLedger(
  policy: Policy,
  { proof, entry }: Receipt,
  transition: KeyTransition | undefined,
  guard: <T>(step: () => T) => T | undefined,
): PolicySigners['witnesses'] {
  const { origin } = proof.checkpoint
  const signed = guard(() => signedCheckpointOf(policy, proof, transition))
  if (signed === undefined) return []
  if (transition !== undefined) guard(() => requireTransition(proof.checkpoint, transition))
  const signers = guard(() => readSigners(policy, signed.note, origin))
  if (signers === undefined) return []
  for (const witness of signers.witnesses) {
    if (statesTime(policy, witness)) guard(() => requireLater(witness, entry))
  }
  const accepted = guard(() => {
    requireQuorum(policy, signed.note, signers)
    return signers.witnesses
  })
  return accepted ?? []
}

/** The checkpoint that the policy is applied to: the receipt's, or with a transition the later one. */
function signedCheckpointOf(
  policy: Policy,
  proof: Receipt['proof'],
  transition: KeyTransition | undefined,
): SignedCheckpoint {
  const { origin } = proof.checkpoint
  if (!policy.logs.some(({ key }) => key.name === origin)) {
    throw new EvidenceError('receipt-other-ledger', 'the receipt is from another ledger than the policy names', {
      expected: policy.logs.map(({ key }) => key.name).join(', '),
      found: origin,
    })
  }
  if (transition === undefined) return proof
  const { origin: later } = transition.checkpoint
  if (later === origin) return transition
  throw new EvidenceError('receipt-other-ledger', 'the key transition is of another ledger than the receipt', {
    where: 'transition',
    expected: origin,
    found: later,
  })
}

/** Throws `consistency-invalid` unless the transition leads from the receipt's checkpoint to its own; signatures are not judged here. */
function requireTransition(
  { size: size1, root: root1 }: Checkpoint,
  { from, hashes, checkpoint }: KeyTransition,
): void {
  const { size: size2, root: root2 } = checkpoint
  if (from === size1 && verifyConsistency({ size1, size2, root1, root2, proof: hashes })) return
  throw new EvidenceError(
    'consistency-invalid',
    'the key transition does not lead from the receipt’s checkpoint to its own',
    { expected: `from ${size1}`, found: `from ${from}` },
  )
}

/** How far the clocks of a ledger and of a witness may be apart, in milliseconds. */
const cosignatureToleranceMs = 60_000

/** A witness that cosigned a tree with the entry in it did so after the entry was made (docs/spec/06-receipt.md). */
function requireLater(
  { name, timestamp }: { readonly name: string; readonly timestamp: number | undefined },
  { time, timeMs }: ParsedEntry,
): void {
  if (timestamp === undefined || timestamp * 1000 + cosignatureToleranceMs >= timeMs) return
  throw new EvidenceError('cosignature-early', `the witness ${name} cosigned before the entry says it was made`, {
    where: name,
    expected: `at least ${time}`,
    found: timeText(timestamp * 1000),
  })
}
