import { applyPolicy, EvidenceError, parseReceipt, parseVerifierKey, type Policy } from '../core/index.ts'
import { checkReceipt } from './check-receipt.ts'
import { rotationOf } from './ledger-keys.ts'

/**
 * A policy brought forward by receipts of rotations, in their order (docs/spec/14-ledger-keys.md): each is checked under the
 * policy so far, whose key signed its checkpoint, and puts the new key in the old one's place. Throws the receipt's first
 * fault, and `ledger-key-invalid` where it is no rotation of a key that the policy names.
 */
export function rotatedPolicy(policy: Policy, receipts: readonly Uint8Array[]): Policy {
  return receipts.reduce(afterRotation, policy)
}

function afterRotation(policy: Policy, bytes: Uint8Array): Policy {
  const checked = checkReceipt(bytes, policy)
  const [finding] = [...checked.faults, ...checked.unjudged]
  if (finding !== undefined) throw new EvidenceError(finding.code, `the receipt of a rotation: ${finding.message}`)
  const { proof } = parseReceipt(bytes)
  const signed = applyPolicy(policy, proof.note, proof.checkpoint.origin).logs.map(({ text }) => text)
  const rotation =
    checked.receipt === undefined || checked.statement === undefined ? undefined : rotationOf(checked.statement)
  if (rotation === undefined || !signed.includes(rotation.oldKey)) {
    throw new EvidenceError('ledger-key-invalid', 'the receipt is of no rotation of a key that the policy names')
  }
  const key = parseVerifierKey(rotation.newKey)
  const { origin } = proof.checkpoint
  if (key.name !== origin)
    throw new EvidenceError('ledger-key-invalid', 'the new key is not named by the ledger’s origin')
  const logs = policy.logs.map((log) => (log.key.text === rotation.oldKey ? { ...log, key } : log))
  return { ...policy, logs }
}
