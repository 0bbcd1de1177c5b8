import type { Identity } from '../../src/client/ledger-client.ts'
import type { JsonValue } from '../../src/core/json.ts'
import type { ComposedStatement } from '../../src/statements/compose.ts'
import type { MembersOf, StatementBody } from '../../src/statements/kinds.ts'
import type { SealedClaim } from '../../src/statements/vocabulary.ts'
import { signStatement } from '../statements/sign.ts'

/** The members of a deposit. */
export type DepositMembers = MembersOf<'evidence.deposit'>

/** The kind of statement that `deposit` and `anchor` sign. */
export const depositKind = 'evidence.deposit'

/** What a deposit says; undefined of another statement. */
export function depositIn(body: StatementBody | undefined): DepositMembers | undefined {
  return body?.kind === depositKind ? body.members : undefined
}

/** Signs a deposit, with a new jti and the time of now. */
export function signDeposit(
  origin: string,
  identity: Identity,
  members: DepositMembers,
  sealed: Partial<Record<SealedClaim, JsonValue>>,
): ComposedStatement {
  return signStatement(origin, identity, depositKind, members, sealed)
}
