import { attempt } from '../../core/attempt.ts'
import { equalBytes, utf8 } from '../../core/bytes.ts'
import { parseSignedCheckpoint } from '../../core/checkpoint.ts'
import { signatureTypes } from '../../core/cosignature.ts'
import { EvidenceError } from '../../core/errors.ts'
import { parseVerifierKey, type VerifierKey, verifyNote } from '../../core/note.ts'
import { z } from 'zod'
import type { StatementKind } from '../kind.ts'
import { clearText, code } from '../members.ts'
import { currentLedgerKeys, type LedgerKeySpan, type Registry } from '../registry.ts'
import { type EntryUnderJudgement, type Findings, type History, violate } from '../rules.ts'

const schema = z.strictObject({
  oldKey: clearText(1024),
  newKey: clearText(1024),
  reason: code,
  possession: clearText(4096),
})
export type RotateLedgerKeyMembers = z.infer<typeof schema>

/** Another key signs checkpoints from the next one on (docs/spec/14-ledger-keys.md). */
export const ledgerRotateKey: StatementKind<'ledger.rotate-key', RotateLedgerKeyMembers> = {
  name: 'ledger.rotate-key',
  schema,
  roles: ['administrator'],
  seals: {},
  proposal: { touchesRecovery: () => false, replacesAdministrator: () => false },
  ledgerKeyChange: (members) => members,
  holdsAnyway: (registry, { oldKey }, { code }) =>
    code === 'ledger-key-retired' && registry.ledgerKeys.includes(oldKey),
  judge({ registry, entry, members, findings, history }) {
    const { oldKey, newKey, possession } = members
    const isCurrent = currentLedgerKeys(registry).includes(oldKey)
    if (!isCurrent) violate(findings, 'ledger-key-retired', 'oldKey is no key that signs for this ledger now', 'oldKey')
    const key = judgeNewLedgerKey(registry, newKey, findings)
    if (key === undefined) return registry
    const why = possessionFault(possession, key, entry, history)
    if (why !== undefined) violate(findings, 'ledger-possession', `the new key’s checkpoint ${why}`, 'possession')
    if (!isCurrent) return registry
    const spans = new Map<string, LedgerKeySpan>(registry.ledgerKeySpans)
    spans.set(oldKey, { since: spans.get(oldKey)?.since ?? 0, until: entry.index })
    spans.set(newKey, { since: entry.index })
    return { ...registry, ledgerKeys: [...registry.ledgerKeys, newKey], ledgerKeySpans: spans }
  },
}

/** A key that the ledger never had, nor any participant. */
function judgeNewLedgerKey(registry: Registry, text: string, findings: Findings): VerifierKey | undefined {
  const refuse = (why: string): undefined => {
    violate(findings, 'ledger-key-invalid', `newKey ${why}`, 'newKey')
    return undefined
  }
  const key = attempt(() => parseVerifierKey(text))
  if (key instanceof EvidenceError) return refuse(`cannot be read: ${key.message}`)
  const { publicKey } = key
  if (key.type !== signatureTypes.ed25519) return refuse('is not of type 0x01')
  if (key.name !== registry.origin) return refuse('is not named by the ledger’s origin')
  if (registry.ledgerKeys.some((own) => equalBytes(parseVerifierKey(own).publicKey, publicKey)))
    return refuse('was this ledger’s before')
  for (const owned of registry.keys.values()) {
    if (equalBytes(owned.publicKey, publicKey)) return refuse(`is the key of ${owned.participant}`)
  }
  return key
}

/** Why a checkpoint does not show that somebody has the key; undefined where it does. */
function possessionFault(
  text: string,
  key: VerifierKey,
  entry: EntryUnderJudgement,
  history: History,
): string | undefined {
  try {
    const { checkpoint, note } = parseSignedCheckpoint(utf8(text))
    const { origin, size, root } = checkpoint
    if (origin !== key.name) return 'is of another ledger'
    if (size < 1 || size > entry.index) return 'is not of a size that the ledger had before'
    if (verifyNote(note, [key]).length !== 1) return 'is not signed by it'
    const known = history.rootAt?.(size)
    return known === undefined || equalBytes(known, root) ? undefined : 'has another root than the ledger had'
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    return `does not verify: ${error.message}`
  }
}
