import type { MembersOf, StatementBody } from '../../src/statements/kinds.ts'

/** The members of a deposit. */
export type DepositMembers = MembersOf<'evidence.deposit'>

/** The kind of statement that `deposit` and `anchor` sign. */
export const depositKind = 'evidence.deposit'

/** What a deposit says; undefined of another statement. */
export function depositIn(body: StatementBody | undefined): DepositMembers | undefined {
  return body?.kind === depositKind ? body.members : undefined
}
