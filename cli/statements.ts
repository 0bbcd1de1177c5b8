import { randomUUID } from 'node:crypto'
import type { Identity, LedgerClient } from '../src/client/index.ts'
import type { JsonValue } from '../src/core/index.ts'
import { type ComposedStatement, composeStatement, type Kind, type SealedClaim } from '../src/evidence/index.ts'
import { randomSalt } from '../src/node/index.ts'

/** Signs a statement for a ledger, with a new jti and the time of now. */
export function signStatement(
  origin: string,
  identity: Identity,
  kind: Kind,
  members: object,
  sealed: Partial<Record<SealedClaim, JsonValue>> = {},
): ComposedStatement {
  const context = { iss: identity.id, aud: origin, jti: randomUUID(), iat: Math.floor(Date.now() / 1000), kind }
  return composeStatement(context, members, sealed, identity.signer, randomSalt)
}

/** Signs and deposits in one go: for statements that no file goes with. */
export async function signAndDeposit(
  client: LedgerClient,
  identity: Identity,
  kind: Kind,
  members: object,
  sealed: Partial<Record<SealedClaim, JsonValue>> = {},
): Promise<{ index: number; time: string; leafHash: string; receipt: string }> {
  const { origin } = await client.ledger()
  return client.deposit(signStatement(origin, identity, kind, members, sealed).presentation)
}
