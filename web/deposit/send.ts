import { LedgerClient } from '../../src/client/ledger-client.ts'
import { isEvidenceError } from '../../src/core/errors.ts'
import { Store } from '../ui/store.ts'

/** A deposit that was signed and has no receipt yet: what is sent, to the byte, however often it must be sent. */
export interface PendingDeposit {
  readonly id: string
  readonly origin: string
  readonly presentation: string
  readonly title: string
  readonly manifest: Uint8Array | undefined
  readonly signedAt: number
}

/** A receipt of a deposit that was made here, with what belongs to it. */
export interface KeptReceipt {
  readonly id: string
  readonly origin: string
  readonly index: number
  readonly time: string
  readonly title: string
  readonly receipt: string
  readonly manifest: Uint8Array | undefined
}

export const pending = new Store<PendingDeposit>('pending')
export const receipts = new Store<KeptReceipt>('receipts')

/**
 * Sends a deposit and keeps its receipt; until the receipt is on the disk the deposit stays pending, and the same bytes can be sent again. Throws
 * the client's codes: what the ledger refuses for good is not pending any more.
 */
export async function send(client: LedgerClient, deposit: PendingDeposit): Promise<KeptReceipt> {
  try {
    const { index, time, receipt } = await client.deposit(deposit.presentation)
    const { id, origin, title, manifest } = deposit
    const kept = { id, origin, index, time, title, receipt, manifest }
    await receipts.put(id, kept)
    await pending.delete(id)
    return kept
  } catch (error) {
    if (isEvidenceError(error) && isForGood(error.kind.status)) await pending.delete(deposit.id)
    throw error
  }
}

/** Whether the same bytes would be refused again: the ledger has judged them, and was not merely busy or away. */
function isForGood(status: number): boolean {
  return status === 400 || status === 409 || status === 413
}
