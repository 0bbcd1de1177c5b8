import { randomUUID } from 'node:crypto'
import { requireAnswerFor } from '../../src/client/deposit-answer.ts'
import type { DepositResult, Identity } from '../../src/client/ledger-client.ts'
import { utf8 } from '../../src/core/bytes.ts'
import type { Disclosure } from '../../src/core/disclosure.ts'
import type { JsonValue } from '../../src/core/json.ts'
import type { Policy } from '../../src/core/policy.ts'
import type { ShownEntries } from '../../src/core/shown.ts'
import { type ComposedStatement, composeStatement, type StatementContext } from '../../src/statements/compose.ts'
import type { Kind } from '../../src/statements/kinds.ts'
import type { SealedClaim } from '../../src/statements/vocabulary.ts'
import { randomSalt } from '../../src/node/key-file.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import type { Audience, SigningLedger } from './signing-ledger.ts'

/** What a statement says besides its members: with a new jti, and the time of now. */
export function statementContext(aud: Audience, iss: string, kind: Kind): StatementContext & { readonly kind: Kind } {
  return { iss, aud, jti: randomUUID(), iat: Math.floor(Date.now() / 1000), kind }
}

/** Signs a statement for a ledger, with a new jti and the time of now. `given`: disclosures of others that it seals too. */
export function signStatement(
  aud: Audience,
  identity: Identity,
  kind: Kind,
  members: object,
  sealed: Partial<Record<SealedClaim, JsonValue>> = {},
  given: readonly Disclosure[] = [],
): ComposedStatement {
  const context = statementContext(aud, identity.id, kind)
  return composeStatement(context, members, sealed, identity.signer, randomSalt, given)
}

/** True where the receipt has the policy's quorum too. */
export function isCosigned(receipt: string, policy: Policy): boolean {
  const { faults, unjudged } = checkReceipt(utf8(receipt), policy)
  return faults.length === 0 && unjudged.length === 0
}

/**
 * Deposits a statement that no file goes with, and gives the answer, which is one for it. `shown` are entries whose receipts are at hand.
 * Throws the ledger's refusals, and as {@link requireAnswerFor}.
 */
export async function depositSigned(
  { client, policy }: SigningLedger,
  presentation: string,
  shown: ShownEntries = new Map(),
): Promise<DepositResult> {
  const result = await client.deposit(presentation, { shown })
  requireAnswerFor(result, presentation, policy)
  return result
}

/**
 * Signs and deposits in one go: for changes of the registry, which the rulebook takes once whatever is sent, and for anchors. Every other
 * statement is kept first: cli/statements/kept.ts.
 */
export async function signAndDeposit(
  ledger: SigningLedger,
  identity: Identity,
  kind: Kind,
  members: object,
  sealed: Partial<Record<SealedClaim, JsonValue>> = {},
): Promise<DepositResult> {
  const { presentation } = signStatement(ledger.origin, identity, kind, members, sealed)
  return depositSigned(ledger, presentation)
}
