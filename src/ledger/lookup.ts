import type { Disclosure } from '../core/disclosure.ts'
import type { DigestAlgorithm } from '../core/hash.ts'
import { caseNumbersOf, exhibitNumbersOf } from '../statements/disclosures.ts'
import { handlingsOf } from '../statements/handling.ts'
import { changesRegistry } from '../statements/kinds.ts'
import type { ListedBy, SearchFacts } from '../statements/said.ts'

/**
 * A look-up key: what a search names. Keys hold nothing that entries and disclosures do not, and can be made again from
 * them. Those that only disclosures give ({@link isSealedKey}) are kept under a keyed hash (lookup-codec.ts), and go with the disclosure.
 */
export type LookupKey =
  | { readonly by: 'digest'; readonly algorithm: DigestAlgorithm; readonly hex: string }
  | { readonly by: 'case'; readonly number: string }
  /** The number that who collected it gave an exhibit: of theirs alone, so that others may use the same. */
  | { readonly by: 'exhibit'; readonly number: string }
  /** How a deposit asks to be handled: a code. */
  | { readonly by: 'handling'; readonly number: string }
  | { readonly by: 'participant'; readonly id: string }
  | { readonly by: 'kind'; readonly kind: string }
  /** What refers to an entry of this ledger. */
  | { readonly by: 'target'; readonly index: number }
  /** What says of an entry what its readers alone are told. */
  | { readonly by: 'record'; readonly index: number }
  /** What rotates a key out, or revokes it. */
  | { readonly by: 'key'; readonly thumbprint: string }
  /** What revokes a participant. */
  | { readonly by: 'revoked'; readonly participant: string }

/** A look-up key that only sealed claims give: who may not read an entry's disclosures must not find it by one. */
export type SealedKey = Extract<LookupKey, { readonly by: 'case' | 'exhibit' | 'handling' }>

/** Whether a look-up key is one that only sealed claims give. */
export function isSealedKey(key: LookupKey | undefined): key is SealedKey {
  return key?.by === 'case' || key?.by === 'exhibit' || key?.by === 'handling'
}

/** Whether a seal closes the way to an entry by this look-up key: by what it holds or is about, and not by who signed it or of what kind it is. */
export function isClosedBySeals(key: LookupKey | undefined): boolean {
  return key?.by === 'digest' || isSealedKey(key)
}

/**
 * A list of indices that a look-up key leads to. Each key has several, so that a reader with a right to some entries reads only
 * lists of those (docs/design/storage.md): by kind of entry for a participant, one for a kind, and by issuer for all others.
 */
export interface LookupList {
  readonly key: LookupKey
  /** Name of the list: a kind, an issuer, or empty. Entries that change the registry, which every participant may read, are in the empty one. */
  readonly list: string
}

/** The list of a key by issuer that an entry stands in. */
function issuersList({ iss, kind, carried = kind }: ListedBy): string {
  return changesRegistry(carried) ? '' : iss
}

/**
 * The lists by kind that an entry stands in: that of its kind, and what a participant's list of it is called. A change that carries what not every participant
 * may read stands in lists of its own.
 */
function listedByKind({ kind, carried = kind }: ListedBy): { readonly list: string; readonly name: string } {
  const isClosed = carried !== kind && !changesRegistry(carried)
  return isClosed ? { list: carried, name: closedName(kind, carried) } : { list: '', name: kind }
}

/** What a participant's list is called of statements of a kind that carry one that not every participant may read. */
export function closedName(kind: string, carried: string): string {
  return `${kind} ${carried}`
}

/** The lists that an entry itself gives: digests of items, its issuer and whom it is about, its kind, what it refers to. */
export function lookupsOfEntry(facts: SearchFacts): LookupList[] {
  const { iss, kind, digests, subjects, targets, recordsOf, endings } = facts
  const list = issuersList(facts)
  const byKind = listedByKind(facts)
  const lists: LookupList[] = [
    { key: { by: 'kind', kind }, list: byKind.list },
    { key: { by: 'participant', id: iss }, list: byKind.name },
  ]
  // A digest is its algorithm and its value: one item's SM3 may be spelled as another's SHA-256.
  for (const { algorithm, hex } of once(digests, (digest) => `${digest.algorithm}:${digest.hex}`)) {
    lists.push({ key: { by: 'digest', algorithm, hex }, list })
  }
  for (const id of once(subjects)) {
    if (id !== iss) lists.push({ key: { by: 'participant', id }, list: byKind.name })
  }
  // By these the status of an earlier entry finds this one (docs/design/status.md).
  for (const index of once(targets)) lists.push({ key: { by: 'target', index }, list })
  for (const index of once(recordsOf)) lists.push({ key: { by: 'record', index }, list })
  for (const { of } of endings) {
    if (typeof of === 'string') continue
    lists.push({
      key: 'key' in of ? { by: 'key', thumbprint: of.key } : { by: 'revoked', participant: of.participant },
      list,
    })
  }
  return lists
}

/** Each of a list once, by its name. Most entries name one, which no set is made for. */
function once<T>(list: readonly T[], name: (item: T) => unknown = (item) => item): readonly T[] {
  if (list.length < 2) return list
  const seen = new Set<unknown>()
  return list.filter((item) => seen.size < seen.add(name(item)).size)
}

/** The lists that an entry's disclosures give, of {@link SealedKey}s: case numbers, the number of the exhibit, how it is to be handled. */
export function lookupsOfDisclosures(common: ListedBy, disclosures: readonly Disclosure[]): LookupList[] {
  const list = issuersList(common)
  const keys: SealedKey[] = [
    ...caseNumbersOf(disclosures).map((number) => ({ by: 'case', number }) as const),
    ...exhibitNumbersOf(disclosures).map((number) => ({ by: 'exhibit', number }) as const),
    ...handlingsOf(disclosures).map((number) => ({ by: 'handling', number }) as const),
  ]
  return keys.map((key) => ({ key, list }))
}

/** The lists that only erased disclosures gave, and those that stay do not. */
export function lookupsGone(
  common: ListedBy,
  erased: readonly Disclosure[],
  kept: readonly Disclosure[],
): LookupList[] {
  const stay = new Set(lookupsOfDisclosures(common, kept).map(({ key }) => JSON.stringify(key)))
  return lookupsOfDisclosures(common, erased).filter(({ key }) => !stay.has(JSON.stringify(key)))
}
