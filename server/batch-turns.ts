import { addressGroup } from './address-group.ts'
import { PacedTurns } from './paced-turns.ts'

/** Parts of batches that are opened at once: while the signatures of one are verified, another is taken apart. */
export const maxOpening = 2
/** Batches whose repeats are answered at once. */
export const maxAnswering = 2

/** Whose work it is: its address, and whether its connection is gone. */
export interface BatchSender {
  readonly address: string
  readonly isGone: () => boolean
}

/**
 * Turns of all batches at work (docs/design/hostile-input.md): in one turn of the event loop one part of one batch begins, and addresses
 * have turns one after another, however many batches each has. Opening and answering have turns apart, so that repeats, which
 * everybody can send, keep no new statements waiting.
 */
export class BatchTurns {
  private readonly forOpening = new PacedTurns(maxOpening, 1)
  private readonly forAnswering = new PacedTurns(maxAnswering, 1)

  /** Opens a part of a batch when its turn has come; undefined, and nothing opened, where the connection is gone by then. */
  opening<T>(sender: BatchSender, work: () => Promise<T>): Promise<T | undefined> {
    return inTurn(this.forOpening, sender, work)
  }

  /** Makes receipts of earlier entries when its turn has come; undefined, and nothing made, where the connection is gone by then. */
  answering<T>(sender: BatchSender, work: () => Promise<T>): Promise<T | undefined> {
    return inTurn(this.forAnswering, sender, work)
  }
}

async function inTurn<T>(
  turns: PacedTurns,
  { address, isGone }: BatchSender,
  work: () => Promise<T>,
): Promise<T | undefined> {
  if (isGone()) return undefined
  await new Promise<void>((begin) => turns.whenTurn(begin, addressGroup(address)))
  try {
    return isGone() ? undefined : await work()
  } finally {
    turns.give()
  }
}
