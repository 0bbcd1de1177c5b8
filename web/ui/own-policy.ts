import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parsePolicy, type Policy } from '../../src/core/policy.ts'
import { keptPolicy } from '../check/policies.ts'

/**
 * The policy that answers of this page's ledger are believed by: the one that is kept here, or else the ledger's own. Throws the client's codes,
 * `policy-malformed`, `policy-unsupported`.
 */
export async function ownPolicy(client: LedgerClient, origin: string): Promise<Policy> {
  const kept = keptPolicy(origin)
  return kept === undefined ? parsePolicy(utf8((await client.ledger()).policy)) : kept.policy
}
