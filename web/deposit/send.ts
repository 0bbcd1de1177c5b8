import { requireAnswerFor } from '../../src/client/deposit-answer.ts'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { type ErrorCode, isEvidenceError } from '../../src/core/errors.ts'
import { ownPolicy } from '../ui/own-policy.ts'
import { Store } from '../ui/store.ts'

/** A deposit that was signed and has no receipt yet: what is sent, to the byte, however often it must be sent. */
export interface PendingDeposit {
  readonly id: string
  readonly origin: string
  readonly presentation: string
  readonly title: string
  /** Name for its receipt and manifest, without their endings; undefined where several files have one receipt. */
  readonly name: string | undefined
  readonly manifest: Uint8Array | undefined
  readonly signedAt: number
  /** Digest of what it was signed from: key, files and words. */
  readonly of: string
  /** The draft that it was made of, as it is kept while it is typed. */
  readonly draft: string
}

/** A receipt of a deposit that was made here, with what belongs to it. */
export interface KeptReceipt {
  readonly id: string
  readonly origin: string
  readonly index: number
  readonly time: string
  readonly title: string
  readonly name: string | undefined
  readonly receipt: string
  readonly manifest: Uint8Array | undefined
  /** The draft that it was made of; undefined of those that were kept before drafts had names. */
  readonly draft?: string
}

export const pending = new Store<PendingDeposit>('pending')
export const receipts = new Store<KeptReceipt>('receipts')

/** The deposit of the same files, with the same words and by the same key, that waits for its receipt; undefined where none does. */
export async function waitingFor(of: string): Promise<PendingDeposit | undefined> {
  return (await pending.all()).find((one) => one.of === of)
}

/**
 * Sends a deposit and keeps its receipt; until the receipt is on the disk the deposit stays pending, and the same bytes can be sent again.
 * The receipt is believed as far as it proves, under the policy that is kept here for the ledger, or else the ledger's own.
 * `onWait` is told the milliseconds before each repetition where the ledger is busy or away. Throws the client's codes: what the ledger has
 * judged for good is not pending any more. `server-answer` where the receipt is none for this deposit, which then stays pending.
 */
export async function send(deposit: PendingDeposit, onWait: (waitMs: number) => void): Promise<KeptReceipt> {
  const onRetry = (_why: string, waitMs: number): void => onWait(waitMs)
  const client = new LedgerClient(location.origin, undefined, { retries: 4, timeoutMs: 30_000, onRetry })
  try {
    const result = await client.deposit(deposit.presentation)
    const { id, origin, title, name, manifest, presentation, draft } = deposit
    requireAnswerFor(result, presentation, await ownPolicy(client, origin))
    const { index, time, receipt } = result
    const kept = { id, origin, index, time, title, name, receipt, manifest, draft }
    await receipts.put(id, kept)
    await pending.delete(id)
    return kept
  } catch (error) {
    if (isForGood(error)) await pending.delete(deposit.id)
    throw error
  }
}

/** Refusals of the key that no later event takes back: the same bytes are refused ever after. */
const lost: ReadonlySet<ErrorCode> = new Set(['key-revoked', 'key-rotated', 'key-not-issuers', 'participant-revoked'])

/** Whether the same bytes would be refused again: the ledger has judged them, and was not merely busy or away. */
function isForGood(error: unknown): boolean {
  if (!isEvidenceError(error)) return false
  const { status } = error.kind
  return status === 400 || status === 409 || status === 410 || status === 413 || lost.has(error.code)
}
