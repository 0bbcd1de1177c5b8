import { append, type ErrorCode, type EvidenceError } from '../core/index.ts'
import type { Registry } from './registry.ts'
import type { Findings } from './rules.ts'
import { isApproverKnown } from './rules-approvals.ts'
import type { StatementBody } from './schema.ts'
import { effectiveBody } from './statement.ts'

/** Of what a partial registry leaves open: what says whether the entry was entitled to do anything. */
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
]

/** Takes out of the findings what may be otherwise by entries that are not at hand (docs/spec/18-package.md). */
export function takeUnshown(
  { violations, unjudged }: Findings,
  registry: Registry,
  body: StatementBody | undefined,
): EvidenceError[] {
  const isOpen = ({ code, facts }: EvidenceError): boolean => {
    if (code === 'approval-unknown')
      return body?.kind === 'ledger.change' && !isApproverKnown(registry, body.members, facts.where)
    const said = body === undefined ? undefined : effectiveBody(body)
    if (code === 'ledger-key-retired')
      return said?.kind === 'ledger.rotate-key' && !registry.ledgerKeys.includes(said.members.oldKey)
    return unshownCodes.includes(code)
  }
  // What a reference points at may lie in an entry that is not at hand.
  const isReference = ({ facts }: EvidenceError): boolean => /^(?:of$|relates\[)/.test(facts.where ?? '')
  const open = [...violations.filter(isOpen), ...unjudged.filter(isReference)]
  for (const list of [violations, unjudged]) {
    const kept = list.filter((finding) => !open.includes(finding))
    list.length = 0
    append(list, kept)
  }
  return open
}
