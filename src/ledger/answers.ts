import { EvidenceError } from '../core/errors.ts'
import type { Placed } from './group.ts'
import type { ReceiptText, ReceiptWriter } from './receipt-writer.ts'
import type { Submission } from './submission.ts'

/** What a depositor is answered, once it holds for good. */
export interface Outcome {
  readonly kind: 'created' | 'existing'
  readonly index: number
  readonly time: string
  /** 32 bytes. */
  readonly leafHash: Uint8Array
  /** The receipt of a new entry, where it was asked for. An existing entry's receipt is read from the ledger. */
  readonly receipt?: ReceiptText
}

/** A statement in the queue, and who waits for its outcome. */
export interface Waiting {
  readonly submission: Submission
  readonly wantReceipt: boolean
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: Error) => void
}

/**
 * What each of a group is to be answered, as a call that does so. Receipts are written now, for the tree goes on; `placed` is what came
 * of each, in order.
 */
export function answersOf(
  group: readonly Waiting[],
  placed: readonly (Placed | EvidenceError)[],
  receipts: ReceiptWriter,
): (() => void)[] {
  return group.map(({ wantReceipt, resolve, reject }, i) => {
    const result = placed[i] as Placed | EvidenceError
    if (result instanceof EvidenceError) return () => reject(result)
    const { kind, index, time, leafHash, sequenced } = result
    const outcome = { kind, index, time, leafHash }
    const receipt = wantReceipt && sequenced !== undefined ? { receipt: receipts.write(index, sequenced) } : {}
    return () => resolve({ ...outcome, ...receipt })
  })
}
