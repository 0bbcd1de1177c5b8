import { append } from '../core/arrays.ts'
import { valueOr } from '../core/attempt.ts'
import { disclosureDigest, type Disclosure, parseDisclosure } from '../core/disclosure.ts'
import { readBody } from '../statements/body.ts'
import type { Body, Erasing } from '../statements/kind.ts'
import { orderingKinds } from '../statements/kinds.ts'
import type { Registry } from '../statements/registry.ts'
import { cosignersOf, erasedBy, type ListedBy, listedBy } from '../statements/said.ts'
import { readStored } from './entry-facts.ts'
import { addErasures, type Erasure, readErasures } from './erasures.ts'
import { isSealedKey, lookupsGone, lookupsOfDisclosures } from './lookup.ts'
import { kindLists } from './lookup-scope.ts'
import type { ErasedClaims, LedgerStorage, StoredEntry } from './storage.ts'
import type { LedgerTree } from './tree.ts'

/*
 * Orders to erase that stand in the ledger, and their execution (docs/design/erasure.md). What is stored was judged when it was sequenced, or
 * copied: it has no violation, and nothing of it is left open.
 */

/** An order that stands in the ledger. */
export interface StandingOrder {
  /** Index of its entry. */
  readonly by: number
  readonly of: readonly Erasing[]
}

/** The order that an entry is; undefined where it orders nothing of this ledger. */
export function orderIn(index: number, body: Body | undefined): StandingOrder | undefined {
  const of = erasedBy(body)
  return of.length === 0 ? undefined : { by: index, of }
}

/** All orders of a ledger, ascending. Throws `storage-damaged`. */
export async function readOrders(storage: LedgerStorage, tree: Pick<LedgerTree, 'entry'>): Promise<StandingOrder[]> {
  const indices: number[] = []
  for (const list of orderingKinds().flatMap(kindLists)) {
    for (let after = -1; ; ) {
      const page = await storage.lookupList(list, after, 1000)
      append(indices, page)
      if (page.length < 1000) break
      after = page[page.length - 1] as number
    }
  }
  const orders: StandingOrder[] = []
  for (const index of indices.sort((a, b) => a - b)) {
    const { statement } = readStored(await tree.entry(index), index)
    const order = orderIn(
      index,
      valueOr(() => readBody(statement), undefined),
    )
    if (order !== undefined) orders.push(order)
  }
  return orders
}

/** Who ordered: the signer of an order, or of a change that orders those whose keys approved it. Of an entry that orders nothing: nobody. */
export function orderersOf(
  { iss }: { readonly iss: string },
  body: Body | undefined,
  { keys }: Registry,
): readonly string[] {
  if (erasedBy(body).length === 0) return []
  const approved = cosignersOf(body).flatMap((kid) => keys.get(kid)?.participant ?? [])
  return approved.length > 0 ? approved : [iss]
}

/** What orders take from each entry: digests, by index. */
function orderedByTarget(orders: readonly StandingOrder[]): Map<number, Set<string>> {
  const named = new Map<number, Set<string>>()
  for (const { index, digests } of orders.flatMap(({ of }) => of)) {
    const all = named.get(index) ?? new Set()
    named.set(index, all)
    for (const digest of digests) all.add(digest)
  }
  return named
}

/** What an entry becomes where orders of its own group take claims of it: they are never written. */
export function withoutOrdered(stored: StoredEntry, digests: readonly string[]): StoredEntry {
  const disclosures = stored.disclosures.filter((text) => !digests.includes(disclosureDigest(text)))
  if (disclosures.length === stored.disclosures.length) return stored
  const kept = lookupsOfDisclosures({ iss: stored.iss, kind: '' }, disclosures.flatMap(read))
  const stay = new Set(kept.map(({ key }) => JSON.stringify(key)))
  const lookups = stored.lookups.filter(({ key }) => !isSealedKey(key) || stay.has(JSON.stringify(key)))
  return { ...stored, disclosures, lookups }
}

/** Stored entries without what `orders` take from them, and the others as they are. */
export function withoutAllOrdered(entries: readonly StoredEntry[], orders: readonly StandingOrder[]): StoredEntry[] {
  const named = orderedByTarget(orders)
  return entries.map((entry) => {
    const digests = named.get(entry.index)
    return digests === undefined ? entry : withoutOrdered(entry, [...digests])
  })
}

/** What is listed by of each target of some orders, as its entry says. Throws `storage-damaged`. */
export async function targetsOf(
  orders: readonly StandingOrder[],
  tree: Pick<LedgerTree, 'entry'>,
): Promise<Map<number, ListedBy>> {
  const targets = new Map<number, ListedBy>()
  for (const index of orderedByTarget(orders).keys())
    targets.set(index, listedBy(readStored(await tree.entry(index), index).statement))
  return targets
}

/** What is needed to execute orders. */
export interface Execution {
  /** The storage, which nothing else uses meanwhile. */
  readonly storage: LedgerStorage
  readonly orders: readonly StandingOrder[]
  /** Targets that the storage may hold claims of; claims of others were never written. */
  readonly targets: ReadonlyMap<number, ListedBy>
}

/**
 * Executes orders: no file of the database holds what they name when this returns. Done again from the beginning, it finishes what was cut
 * off anywhere: which orders are executed is marked last. Throws what reading and writing throw.
 */
export async function executeOrders({ storage, orders, targets }: Execution): Promise<void> {
  const last = orders[orders.length - 1]
  if (last === undefined) return
  const erased: ErasedClaims[] = []
  for (const [index, digests] of orderedByTarget(orders)) {
    const listedBy = targets.get(index)
    if (listedBy === undefined) continue
    const held = await storage.disclosures(index)
    const keep = held.filter((text) => !digests.has(disclosureDigest(text)))
    const gone = held.filter((text) => !keep.includes(text))
    erased.push({ index, keep, lists: lookupsGone(listedBy, gone.flatMap(read), keep.flatMap(read)) })
  }
  if (erased.length > 0) await storage.eraseDisclosures(erased)
  await storage.markExecuted(last.by)
}

/** A stored disclosure; none where it cannot be read: it led to no look-up key. */
function read(text: string): Disclosure[] {
  return valueOr(() => [parseDisclosure(text)], [])
}

/** Writes into a list of erasures what orders take, where it is not there: a copy learns by it why a claim is missing. */
export function listOrders(list: string, orders: readonly StandingOrder[]): void {
  if (orders.length === 0) return
  const listed = new Set(readErasures(list).map(({ by }) => by))
  const added = orders.flatMap(({ by, of }): Erasure[] =>
    listed.has(by) ? [] : of.map(({ index, digests }) => ({ index, digests: [...digests], by })),
  )
  addErasures(list, added)
}
