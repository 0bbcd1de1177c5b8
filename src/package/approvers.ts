import { EvidenceError, fromBase64url, parseHeader } from '../core/index.ts'
import { type ChangeBody, proposalTyp } from '../evidence/index.ts'

/**
 * Thumbprints of the keys that an approved change names as its approvers' (docs/spec/14-ledger-keys.md), each once. An approval
 * that cannot be read names nobody here: the rules refuse it.
 */
export function approversOf({ approvals }: ChangeBody): string[] {
  const kids = approvals.flatMap((approval) => {
    try {
      return [parseHeader(fromBase64url(approval.protected, 'approval'), proposalTyp, 'approval').kid]
    } catch (error) {
      if (error instanceof EvidenceError) return []
      throw error
    }
  })
  return [...new Set(kids)]
}
