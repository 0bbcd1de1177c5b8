import {
  equalBytes,
  type ErrorCode,
  EvidenceError,
  parseSignedCheckpoint,
  parseVerifierKey,
  signatureTypes,
  utf8,
  type VerifierKey,
  verifyNote,
} from '../core/index.ts'
import { activeWithRole, currentLedgerKeys, type LedgerKeySpan, type Registry } from './registry.ts'
import type { EntryUnderJudgement, Findings, History, KindRule } from './rules.ts'
import type { CloseBody, RotateLedgerKeyBody, SetApprovalsBody, SetFormatBody } from './schema.ts'

/* Rules of the ledger's own keys and of its end (docs/spec/14-ledger-keys.md). */

function violate(findings: Findings, code: ErrorCode, message: string, where: string): void {
  findings.violations.push(new EvidenceError(code, message, { where }))
}

/** Another key signs checkpoints from the next one on. */
export const judgeRotateLedgerKey: KindRule<RotateLedgerKeyBody> = (registry, entry, members, findings, history) => {
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
}

/** A key that the ledger never had, nor any participant. */
function judgeNewLedgerKey(registry: Registry, text: string, findings: Findings): VerifierKey | undefined {
  const refuse = (why: string): undefined => {
    violate(findings, 'ledger-key-invalid', `newKey ${why}`, 'newKey')
    return undefined
  }
  let key: VerifierKey
  try {
    key = parseVerifierKey(text)
  } catch (error) {
    return refuse(`cannot be read: ${(error as Error).message}`)
  }
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

/** The ledger ends here, and another may go on. */
export const judgeClose: KindRule<CloseBody> = (registry, entry, { successor }, findings) => {
  if (successor === undefined) return { ...registry, closedAt: entry.index }
  const why = successorFault(successor, registry.origin)
  if (why !== undefined) violate(findings, 'successor-invalid', `the successor’s checkpoint ${why}`, 'successor')
  return { ...registry, closedAt: entry.index, successor }
}

function successorFault(
  { origin, checkpoint: text }: NonNullable<CloseBody['successor']>,
  own: string,
): string | undefined {
  try {
    const { checkpoint } = parseSignedCheckpoint(utf8(text))
    if (checkpoint.origin !== origin) return 'is not of the origin that is named'
    if (origin === own) return 'is this ledger’s own'
    return checkpoint.size === 1 ? undefined : 'is not of size 1'
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error
    return `cannot be read: ${error.message}`
  }
}

/** Entries of a later version may come from here on. To announce one again changes nothing. */
export const judgeSetFormat: KindRule<SetFormatBody> = (registry, _entry, { version }) => ({
  ...registry,
  formats: new Set(registry.formats).add(version),
})

/** How many approve together from here on. */
export const judgeSetApprovals: KindRule<SetApprovalsBody> = (registry, _entry, members, findings) => {
  const { administrators, recovery } = members
  for (const [role, needed] of [
    ['administrator', administrators],
    ['recovery', recovery ?? 0],
  ] as const) {
    const active = activeWithRole(registry, role)
    if (needed > active) {
      violate(
        findings,
        'threshold-impossible',
        `${needed} approvals of the role ${role} are asked for, and ${active} could give one`,
        role === 'recovery' ? 'recovery' : 'administrators',
      )
      break
    }
  }
  return { ...registry, approvals: { administrators, ...(recovery === undefined ? {} : { recovery }) } }
}
