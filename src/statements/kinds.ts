import type { Body, StatementKind } from './kind.ts'
import { kindTable } from './kind-table.ts'
import type { Registry } from './registry.ts'

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

/** Every kind, in the order of the table. */
export const allKinds: readonly StatementKind<Kind>[] = kindTable

const byName = new Map<string, StatementKind>(allKinds.map((kind) => [kind.name, kind]))

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

/** Kinds that kinds of later versions may share their state with. */
const families = allKinds.flatMap(({ family }) => (family === undefined ? [] : [family]))

/**
 * Whether entries of a kind are judged again at start: those that may change the registry, whether they do or not, and those whose rule
 * keeps state in it, or may in a later version.
 */
export function isReplayed(kind: string): boolean {
  return (
    changesRegistry(kind) ||
    kindNamed(kind)?.hasState === true ||
    families.some(({ prefix }) => kind.startsWith(prefix))
  )
}

/** How the names of all kinds begin that are judged again at start, those of later versions too. */
export function replayedPrefixes(): string[] {
  const prefixes = ['ledger.', 'participant.', ...families.map(({ prefix }) => prefix)]
  return [...prefixes, ...replayedKinds().filter((kind) => !prefixes.some((prefix) => kind.startsWith(prefix)))]
}

/** The registry after an entry of a kind that this version does not know. */
export function afterUnknownKind(registry: Registry, kind: string, index: number): Registry {
  let next = registry
  for (const { prefix, unknown } of families) if (kind.startsWith(prefix)) next = unknown(next, index)
  return next
}

/** All kinds that may order an erasure, by themselves or by what they carry. */
export function orderingKinds(): Kind[] {
  const ordering = allKinds.filter((kind) => kind.erases !== undefined || kind.carries !== undefined)
  return ordering.map(({ name }) => name)
}

/** Kinds that a statement of a kind may carry and that not every participant may read, though all of what else it carries. */
export function closedWithin(kind: string): Kind[] {
  if (kindNamed(kind)?.carries === undefined) return []
  return kinds.filter((name) => isProposable(name) && !changesRegistry(name))
}

/** All kinds that are judged again at start. */
export function replayedKinds(): Kind[] {
  return allKinds.map(({ name }) => name).filter(isReplayed)
}
