import type { Body, StatementKind } from './kind.ts'
import { evidenceAttest } from './kinds/evidence-attest.ts'
import { evidenceDeposit } from './kinds/evidence-deposit.ts'
import { evidenceRetract } from './kinds/evidence-retract.ts'
import { ledgerChange } from './kinds/ledger-change.ts'
import { ledgerClose } from './kinds/ledger-close.ts'
import { ledgerGenesis } from './kinds/ledger-genesis.ts'
import { ledgerRotateKey } from './kinds/ledger-rotate-key.ts'
import { ledgerSetApprovals } from './kinds/ledger-set-approvals.ts'
import { ledgerSetFormat } from './kinds/ledger-set-format.ts'
import { participantAdmit } from './kinds/participant-admit.ts'
import { participantRevoke } from './kinds/participant-revoke.ts'
import { participantRotateKey } from './kinds/participant-rotate-key.ts'

/** Every kind of statement that this version knows: one line each (docs/design/statement-kinds.md). */
export const kindTable = [
  ledgerGenesis,
  participantAdmit,
  participantRevoke,
  participantRotateKey,
  evidenceDeposit,
  evidenceAttest,
  evidenceRetract,
  ledgerRotateKey,
  ledgerSetApprovals,
  ledgerSetFormat,
  ledgerChange,
  ledgerClose,
] as const

type KnownKind = (typeof kindTable)[number]

/** The name of a kind. */
export type Kind = KnownKind['name']

type BodyOf<K> = K extends StatementKind<infer Name, infer Members> ? Body<Name, Members> : never

/** A statement's own members, by kind. */
export type StatementBody = BodyOf<KnownKind>

/** The members of a kind, for code that composes it. */
export type MembersOf<Name extends Kind> = Extract<StatementBody, { readonly kind: Name }>['members']

/** The names of the kinds, in the order of the table. */
export const kinds: readonly Kind[] = kindTable.map(({ name }) => name)

const byName = new Map<string, StatementKind>(kindTable.map((kind) => [kind.name, kind]))

/** The kind of this name; undefined where this version has none. */
export function kindNamed(name: string): StatementKind | undefined {
  return byName.get(name)
}

export function isKind(name: string): name is Kind {
  return byName.has(name)
}

/** Whether a kind may be a change that several approve. */
export function isProposable(name: string): name is Kind {
  return kindNamed(name)?.proposal !== undefined
}

/** Whether entries of a kind, this version's or not, change who may do what: every participant may read them. */
export function changesRegistry(kind: string): boolean {
  return kind.startsWith('ledger.') || kind.startsWith('participant.')
}

/** Kinds whose entries are judged again at start: those that change the registry, and those whose rule keeps state in it. */
export function replayedKinds(): Kind[] {
  const table: readonly StatementKind<Kind>[] = kindTable
  return table.filter(({ name, hasState }) => hasState === true || changesRegistry(name)).map(({ name }) => name)
}
