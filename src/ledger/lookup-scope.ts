import { changesRegistry, kinds } from '../statements/kinds.ts'
import type { LookupKey, LookupList } from './lookup.ts'

/**
 * What a search may find: everything, or the entries that change the registry and those of some issuers. A search in a scope
 * reads the lists of that scope alone, so that neither its time nor its pages tell of entries outside it.
 */
export type SearchScope = 'everything' | { readonly issuers: readonly string[] }

const registryKinds = kinds.filter(changesRegistry)
const otherKinds = kinds.filter((kind) => !changesRegistry(kind))

/** The lists that hold what issuers' scope has of a key, or of all entries: how many there are follows from the question alone. */
export function listsWithin(key: LookupKey | undefined, issuers: readonly string[]): LookupList[] {
  if (key === undefined)
    return [...registryKinds.map(kindList), ...otherKinds.flatMap((kind) => byIssuers(kind, issuers))]
  switch (key.by) {
    case 'kind':
      return changesRegistry(key.kind) ? [kindList(key.kind)] : byIssuers(key.kind, issuers)
    case 'participant':
      // What is about a participant, and not by them, changes the registry.
      return (issuers.includes(key.id) ? kinds : registryKinds).map((list) => ({ key, list }))
    case 'digest':
    case 'case':
    case 'exhibit':
    case 'target':
    case 'key':
    case 'revoked':
      return ['', ...issuers].map((list) => ({ key, list }))
  }
}

/** The one list of a kind: all its entries. */
export function kindList(kind: string): LookupList {
  return { key: { by: 'kind', kind }, list: '' }
}

function byIssuers(kind: string, issuers: readonly string[]): LookupList[] {
  return issuers.map((id) => ({ key: { by: 'participant', id }, list: kind }))
}

/** The smallest of several ascending lists, at most `limit`, each once. */
export function mergeIndices(lists: readonly (readonly number[])[], limit: number): number[] {
  return [...new Set(lists.flat())].sort((a, b) => a - b).slice(0, limit)
}
