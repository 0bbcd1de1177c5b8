import { count } from '../../src/core/text.ts'

/** What the entries of a ledger say of its end. */
export interface LedgerEnd {
  readonly intakeEndedAt?: number | undefined
  readonly closedAt?: number | undefined
  /** Origin of the ledger that goes on. */
  readonly successor?: string | undefined
}

/** Lines that say that a ledger takes no deposits, or nothing at all, and which one goes on; none for one that is open. */
export function endLines({ intakeEndedAt, closedAt, successor }: LedgerEnd): string[] {
  const lines: string[] = []
  if (intakeEndedAt !== undefined) lines.push(`intake ended by entry ${count(intakeEndedAt)}: it takes no deposits`)
  if (closedAt !== undefined) lines.push(`closed by entry ${count(closedAt)}: nothing comes after it`)
  if (successor !== undefined) lines.push(`the ledger that goes on is ${successor}`)
  return lines
}
