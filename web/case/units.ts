import type { ParticipantInfo } from '../../src/client/ledger-client.ts'
import { count, visible } from '../../src/core/text.ts'
import type { UnitReference } from '../../src/statements/members.ts'
import { collected, type Exhibit } from './examine.ts'
import { isAuthority } from './people.tsx'

/* The units of a release: items of exhibits, chosen by who may release them. */

/** Most references of one release. */
export const mostReferences = 64

/** An exhibit with those of its items that somebody may release. */
export interface Offered {
  readonly exhibit: Exhibit
  readonly items: readonly number[]
}

/** What is chosen, by index of the deposit. */
export type Basket = ReadonlyMap<number, Offered>

export const noUnits: Basket = new Map()

/** What somebody may release of exhibits that verified, as far as that is shown: the items that it holds; of an authority all, in lieu of who holds them. */
export function offersOf(
  exhibits: readonly Exhibit[],
  participants: readonly ParticipantInfo[],
  id: string,
): Offered[] {
  const isAny = isAuthority(participants, id)
  return exhibits.flatMap((exhibit) => {
    if (!exhibit.mayBeNamed) return []
    const items = exhibit.custody.units.flatMap(({ holder, state }, item) =>
      isAny || (holder === id && state !== 'ended') ? [item] : [],
    )
    return items.length === 0 ? [] : [{ exhibit, items }]
  })
}

/** What is offered on this page, and before it what was chosen on others. */
export function shownOffers(offers: readonly Offered[], basket: Basket): Offered[] {
  const here = new Set(offers.map(({ exhibit }) => exhibit.index))
  return [...[...basket.values()].filter(({ exhibit }) => !here.has(exhibit.index)), ...offers]
}

/** A basket in which these items of an exhibit are chosen, and no others of it. */
export function withItems(basket: Basket, exhibit: Exhibit, items: readonly number[]): Basket {
  const next = new Map(basket)
  if (items.length === 0) next.delete(exhibit.index)
  else next.set(exhibit.index, { exhibit, items: [...items].sort((a, b) => a - b) })
  return next
}

/** References to what is chosen: an exhibit as a whole where all its items are, else one for each. */
export function referencesOf(basket: Basket): UnitReference[] {
  const chosen = [...basket.values()].sort((a, b) => a.exhibit.index - b.exhibit.index)
  return chosen.flatMap(({ exhibit: { index, leafHash, items: all }, items }) =>
    items.length === all.length ? [{ index, leafHash }] : items.map((item) => ({ index, leafHash, item })),
  )
}

/** What an exhibit is called: its number, or that of its entry. */
export function nameOf(exhibit: Exhibit): string {
  const number = collected(exhibit, 'exhibit')
  return number === undefined ? count(exhibit.index) : visible(number.slice(0, 100))
}
