import { attempt } from '../core/attempt.ts'
import type { SignedCheckpoint } from '../core/checkpoint.ts'
import { parseVerifierKey, verifyNote } from '../core/note.ts'
import { readBody } from '../statements/body.ts'
import type { LedgerKeyChange } from '../statements/kind.ts'
import { changesRegistry } from '../statements/kinds.ts'
import { type Registry, signsAt } from '../statements/registry.ts'
import { ledgerKeyChangeOf } from '../statements/said.ts'
import type { Statement } from '../statements/statement.ts'
import type { FindingList } from './report.ts'

/* What a rotation of the ledger's key asks of a walk (docs/spec/14-ledger-keys.md, "The walk"). */

/** The change of the ledger's key that a statement says, by itself or as an approved change; of one that can be read. */
export function rotationOf(statement: Statement): LedgerKeyChange | undefined {
  if (!changesRegistry(statement.common.kind)) return undefined
  const body = attempt(() => readBody(statement))
  return body instanceof Error ? undefined : ledgerKeyChangeOf(body)
}

/** Whether a ledger key that signs at the checkpoint's size signed it. */
export function isSignedByLedger(registry: Registry, { checkpoint, note }: SignedCheckpoint): boolean {
  const keys = registry.ledgerKeys.filter((vkey) => signsAt(registry, vkey, checkpoint.size))
  const verified = attempt(() =>
    verifyNote(
      note,
      keys.map((vkey) => parseVerifierKey(vkey)),
    ),
  )
  return Array.isArray(verified) && verified.length > 0
}

/**
 * Each vkey that verified a checkpoint is one that the genesis or a rotation brought, and signs at its size. Asked after the
 * last entry, since any may be a rotation; and not judged where one could not be read, for that may have been it.
 */
export function judgeLedgerKeys(
  registry: Registry,
  verified: readonly string[],
  size: number,
  faults: FindingList,
  unjudged: FindingList,
): void {
  // Of a genesis that breaks a rule no key is known, and its own fault says so.
  if (registry.ledgerKeys.length === 0) return
  for (const vkey of verified) {
    if (signsAt(registry, vkey, size)) continue
    const isKnown = registry.ledgerKeys.includes(vkey)
    const message = isKnown
      ? `The checkpoint of size ${size} is signed by a key that does not sign for this ledger at that size.`
      : 'The checkpoint is signed by a key that neither the genesis nor a rotation names.'
    if (registry.uncertainSince !== undefined) {
      unjudged.add({
        code: 'not-judged',
        message: `${message} Entry ${registry.uncertainSince} may have changed that.`,
      })
    } else if (isKnown) faults.add({ code: 'ledger-key-retired', message, found: vkey })
    else faults.add({ code: 'genesis-ledger-keys', index: 0, message, found: vkey })
  }
}
