import { append } from '../core/arrays.ts'
import type { ErrorCode, EvidenceError } from '../core/errors.ts'
import type { Registry } from './registry.ts'
import type { Findings } from './rules.ts'
import type { Body } from './kind.ts'

/** Codes that a partial registry may leave open and that say whether the entry's signer was entitled to it. */
export const authorityCodes: readonly ErrorCode[] = [
  'key-unknown',
  'approvals-needed',
  'approval-unknown',
  'approvals-missing',
]

/** Faults of a partial registry that an entry which is not at hand may explain. */
const unshownCodes: readonly ErrorCode[] = [
  ...authorityCodes,
  'participant-unknown',
  'last-administrator',
  'threshold-impossible',
  'ledger-key-retired',
  'release-key',
  'in-lieu-authority',
  'disposal-order',
  'custody-not-holder',
  'custody-ended',
  'custody-held',
  'custody-stale',
]

/** Whether an entry that is not at hand may explain a violation: never, where the registry is not partial. */
export function mayBeUnshown(finding: EvidenceError, registry: Registry, body: Body | undefined): boolean {
  if (registry.isPartial !== true || !unshownCodes.includes(finding.code)) return false
  return ![body, body?.carried].some((one) => one?.rule.holdsAnyway?.(registry, one.members, finding) === true)
}

/** Takes out of the findings what may be otherwise by entries that are not at hand (docs/spec/18-package.md). */
export function takeUnshown(
  { violations, unjudged }: Findings,
  registry: Registry,
  body: Body | undefined,
): EvidenceError[] {
  if (registry.isPartial !== true) return []
  const isOpen = (finding: EvidenceError): boolean => mayBeUnshown(finding, registry, body)
  // What a reference points at may lie in an entry that is not at hand.
  const isReference = ({ facts }: EvidenceError): boolean =>
    /^(?:of(?:$|\[)|relates\[|release\.exhibits\[|order$)/.test(facts.where ?? '')
  const open = [...violations.filter(isOpen), ...unjudged.filter(isReference)]
  for (const list of [violations, unjudged]) {
    const kept = list.filter((finding) => !open.includes(finding))
    list.length = 0
    append(list, kept)
  }
  return open
}
