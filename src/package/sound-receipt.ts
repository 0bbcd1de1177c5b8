import { utf8 } from '../core/bytes.ts'
import { EvidenceError } from '../core/errors.ts'
import { type KeyTransition, parseKeyTransition } from '../core/key-transition.ts'
import type { Policy } from '../core/policy.ts'
import { parseReceipt } from '../core/receipt.ts'
import { type CheckedReceipt, checkReceipt } from '../verify/check-receipt.ts'
import { LogView } from '../log/view.ts'
import type { Sidecar } from './layout.ts'

/** A receipt that goes into a package. */
export interface ReceiptInput {
  readonly receipt: Uint8Array
  /** What lies beside it, by ending. */
  readonly sidecars: ReadonlyMap<Sidecar, Uint8Array>
}

/** A receipt that goes into a package, with the result of its check: no fault, nothing not judged. */
export interface SoundReceipt extends ReceiptInput {
  readonly checked: CheckedReceipt
}

/** Reads a receipt that goes into a package. Throws what is wrong with it first: a package of it would help nobody. */
export function soundReceipt(bytes: Uint8Array, policy: Policy, transition?: KeyTransition): CheckedReceipt {
  const checked = checkReceipt(bytes, policy, transition)
  const [fault] = [...checked.faults, ...checked.unjudged]
  if (fault !== undefined) throw new EvidenceError(fault.code, fault.message)
  return checked as CheckedReceipt
}

/**
 * Reads a receipt with what lies beside it. Where a retired key of the ledger signed its checkpoint, it needs a key transition
 * (docs/spec/14-ledger-keys.md): the one that lies there, or, where none does or a key signed that one which is retired as well, a new
 * one out of the ledger's tree. Throws as {@link soundReceipt}, and what the tree throws.
 */
export async function soundInput(
  { receipt, sidecars }: ReceiptInput,
  policy: Policy,
  tree: LogView | undefined,
): Promise<SoundReceipt> {
  const beside = sidecars.get('.key-transition')
  const transition = beside === undefined ? undefined : parseKeyTransition(beside)
  const { faults } = checkReceipt(receipt, policy, transition)
  const { checkpoint } = parseReceipt(receipt).proof
  if (!faults.some(({ code }) => code === 'checkpoint-untrusted') || tree?.origin !== checkpoint.origin)
    return { receipt, sidecars, checked: soundReceipt(receipt, policy, transition) }
  const made = utf8(await tree.transitionFrom(checkpoint.size))
  const checked = soundReceipt(receipt, policy, parseKeyTransition(made))
  return { receipt, sidecars: new Map(sidecars).set('.key-transition', made), checked }
}
