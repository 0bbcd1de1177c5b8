import { attempt } from '../core/attempt.ts'
import { equalBytes } from '../core/bytes.ts'
import { signatureTypes } from '../core/cosignature.ts'
import { EvidenceError } from '../core/errors.ts'
import { parseVerifierKey, type VerifierKey } from '../core/note.ts'
import { applyPolicy, type Policy } from '../core/policy.ts'
import { parseReceipt } from '../core/receipt.ts'
import { checkReceipt, type CheckedReceipt } from './check-receipt.ts'
import { judgeAlone } from './judge-alone.ts'
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
  if (checked.receipt === undefined || rotation === undefined || !signed.includes(rotation.oldKey)) {
    throw new EvidenceError('ledger-key-invalid', 'the receipt is of no rotation of a key that the policy names')
  }
  const key = newKeyOf(rotation.newKey, proof.checkpoint.origin, policy)
  requireRules(checked, proof.checkpoint.origin)
  const logs = policy.logs.map((log) => (log.key.text === rotation.oldKey ? { ...log, key } : log))
  return { ...policy, logs }
}

/**
 * Throws the first rule of the ledger that the entry of a checked receipt breaks by itself, such as `ledger-possession`, and `not-judged`
 * for what is not judged of it. Who may sign it the receipt alone does not show.
 */
function requireRules({ receipt, statement }: CheckedReceipt, origin: string): void {
  if (statement === undefined || !receipt.entry.known) return
  const { index, time, timeMs } = receipt.entry
  const { violations, unjudged } = judgeAlone({ index, time, timeMs, statement }, origin)
  const [broken] = [...violations, ...unjudged]
  if (broken !== undefined) throw new EvidenceError(broken.code, `the receipt of a rotation: ${broken.message}`)
}

/** The new key, as a log of the policy can have it. Throws `ledger-key-invalid`. */
function newKeyOf(text: string, origin: string, policy: Policy): VerifierKey {
  const key = attempt(() => parseVerifierKey(text))
  if (key instanceof EvidenceError)
    throw new EvidenceError('ledger-key-invalid', `the new key cannot be read: ${key.message}`)
  if (key.type !== signatureTypes.ed25519 || key.name !== origin)
    throw new EvidenceError(
      'ledger-key-invalid',
      'the new key is not of type 0x01, or not named by the ledger’s origin',
    )
  if (policy.logs.some((log) => equalBytes(log.key.publicKey, key.publicKey)))
    throw new EvidenceError('ledger-key-invalid', 'the new key is in the policy already')
  return key
}
