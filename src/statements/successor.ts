import { attempt } from '../core/attempt.ts'
import { utf8 } from '../core/bytes.ts'
import { parseSignedCheckpoint } from '../core/checkpoint.ts'
import { EvidenceError } from '../core/errors.ts'
import { z } from 'zod'
import { clearText, code, origin } from './members.ts'
import { type Findings, violate } from './rules.ts'

/** The ledger that goes on from this one: its origin, and its first signed checkpoint (docs/spec/14-ledger-keys.md). */
const successor = z.strictObject({ origin, checkpoint: clearText(4096) })
type Successor = z.infer<typeof successor>

/** Members of a statement that ends something of the ledger: why, and who goes on. */
export const ending = z.strictObject({ reason: code, successor: successor.optional() })
export type Ending = z.infer<typeof ending>

/** Adds `successor-invalid` where what goes on from the ledger `own` cannot be its successor. */
export function judgeSuccessor({ successor: named }: Ending, own: string, findings: Findings): void {
  const why = named === undefined ? undefined : successorFault(named, own)
  if (why !== undefined) violate(findings, 'successor-invalid', `the successor’s checkpoint ${why}`, 'successor')
}

/** Why a checkpoint cannot be the first of a ledger that goes on from the ledger `own`; undefined where it can. */
function successorFault({ origin: named, checkpoint: text }: Successor, own: string): string | undefined {
  const signed = attempt(() => parseSignedCheckpoint(utf8(text)))
  if (signed instanceof EvidenceError) return `cannot be read: ${signed.message}`
  const { origin: found, size } = signed.checkpoint
  if (found !== named) return 'is not of the origin that is named'
  if (named === own) return 'is this ledger’s own'
  return size === 1 ? undefined : 'is not of size 1'
}
