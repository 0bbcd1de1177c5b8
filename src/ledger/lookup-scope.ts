import type { DepositName } from '../statements/kind.ts'
import { allKinds, changesRegistry, closedWithin, kinds } from '../statements/kinds.ts'
import { closedName, type LookupKey, type LookupList } from './lookup.ts'
import type { LeftOut } from './storage.ts'

/**
 * What a search may find: everything but what is hidden; or the entries that change the registry, those of some issuers, and other deposits
 * that are named. A search in a scope reads what belongs to that scope alone, so that neither its time nor its pages tell of entries outside it.
 */
export type SearchScope =
  | {
      readonly of: 'all'
      readonly hides?: (index: number) => boolean
      /** What may be hidden from anybody: how often is read does not tell which of it is there. */
      readonly out?: LeftOut
    }
  | {
      readonly of: 'issuers'
      readonly issuers: readonly string[]
      /** Ascending by index. */
      readonly others: readonly DepositName[]
      /** Whether one of the others may be found now; asked of those that would be. */
      readonly mayRead: (index: number) => boolean
    }

/** All entries. */
export const everything: SearchScope = { of: 'all' }

const depositKinds: readonly string[] = allKinds.filter((kind) => kind.items !== undefined).map(({ name }) => name)
const registryKinds = kinds.filter(changesRegistry)
/** What the lists of participants are called that only their owners read. */
const ownLists = [...kinds.filter((kind) => !changesRegistry(kind)), ...registryKinds.flatMap(closedLists)]

/** The lists that hold what issuers' scope has of a key, or of all entries: how many there are follows from the question alone. */
export function listsWithin(key: LookupKey | undefined, issuers: readonly string[]): LookupList[] {
  if (key === undefined)
    return [...registryKinds.map(openList), ...ownLists.flatMap((list) => byIssuers(list, issuers))]
  switch (key.by) {
    case 'kind':
      if (!changesRegistry(key.kind)) return byIssuers(key.kind, issuers)
      return [openList(key.kind), ...closedLists(key.kind).flatMap((list) => byIssuers(list, issuers))]
    case 'participant':
      // What is about a participant, and not by them, changes the registry.
      return [...registryKinds, ...(issuers.includes(key.id) ? ownLists : [])].map((list) => ({ key, list }))
    case 'digest':
    case 'case':
    case 'exhibit':
    case 'handling':
    case 'target':
    case 'record':
    case 'key':
    case 'revoked':
      return ['', ...issuers].map((list) => ({ key, list }))
  }
}

/** The lists of a key, one of which has a deposit if the key leads to it. */
export function listsWithDeposit(key: LookupKey, iss: string): LookupList[] {
  switch (key.by) {
    case 'kind':
      return depositKinds.includes(key.kind) ? [openList(key.kind)] : []
    case 'participant':
      return key.id === iss ? depositKinds.map((list) => ({ key, list })) : []
    case 'digest':
    case 'case':
    case 'exhibit':
    case 'handling':
    case 'target':
    case 'record':
    case 'key':
    case 'revoked':
      return [{ key, list: iss }]
  }
}

/** The lists of a kind, which have all its entries, each in one of them. */
export function kindLists(kind: string): LookupList[] {
  return [openList(kind), ...closedWithin(kind).map((list) => ({ key: { by: 'kind', kind } as const, list }))]
}

/** The list of a kind that has all its entries, but for changes that carry what not every participant may read. */
function openList(kind: string): LookupList {
  return { key: { by: 'kind', kind }, list: '' }
}

/** The list of the kind that most deposits are of. */
export const depositList: LookupList = openList(depositKinds[0] as string)

/** What participants' lists are called of entries of a kind that carry what not every participant may read. */
function closedLists(kind: string): string[] {
  return closedWithin(kind).map((carried) => closedName(kind, carried))
}

function byIssuers(list: string, issuers: readonly string[]): LookupList[] {
  return issuers.map((id) => ({ key: { by: 'participant', id }, list }))
}

/** The smallest of several ascending lists, at most `limit`, each once. */
export function mergeIndices(lists: readonly (readonly number[])[], limit: number): number[] {
  return [...new Set(lists.flat())].sort((a, b) => a - b).slice(0, limit)
}

/** The most entries of look-up lists that a search looks at: as the question and the scope have it, and not what is found. */
export function reachOf(key: LookupKey | undefined, scope: SearchScope, limit: number): number {
  if (scope.of === 'issuers') return listsWithin(key, scope.issuers).length * limit + scope.others.length
  if (key === undefined) return limit
  if (key.by === 'kind') return limit * kindLists(key.kind).length
  // In all lists together, and in each that has some, everything that may be hidden.
  const hidden = scope.out?.indices.size ?? 0
  return limit + 2 * hidden + limit * (scope.out?.lists.size ?? 0)
}
