import { describe, expect, it } from 'vitest'
import { withEntry } from '../../src/statements/grown-map.ts'
import { setsDuring } from '../support/map-sets.ts'

describe('F-B3: a map that grows version by version', () => {
  it('is in every version what a copied Map is, in its order, and no version changes', () => {
    let random = 1
    const next = (below: number): number => (random = (random * 48_271) % 2_147_483_647) % below
    const copies: ReadonlyMap<string, number>[] = [new Map([['first', -1]])]
    const grown: ReadonlyMap<string, number>[] = [copies[0] as ReadonlyMap<string, number>]
    for (let i = 0; i < 700; i++) {
      const key = `${next(500)}`
      copies.push(new Map(copies.at(-1)).set(key, i))
      grown.push(withEntry(grown.at(-1) as ReadonlyMap<string, number>, key, i))
    }
    // From one in the middle another history grows.
    copies.push(new Map(copies[300]).set('other', 0))
    grown.push(withEntry(grown[300] as ReadonlyMap<string, number>, 'other', 0))
    for (const [i, copy] of copies.entries()) {
      const map = grown[i] as ReadonlyMap<string, number>
      expect([...map]).toEqual([...copy])
      expect([map.size, [...map.keys()], [...map.values()]]).toEqual([copy.size, [...copy.keys()], [...copy.values()]])
      for (const key of ['first', 'other', '7', '499'])
        expect([map.get(key), map.has(key)]).toEqual([copy.get(key), copy.has(key)])
      const told: [string, number][] = []
      map.forEach((value, key) => told.push([key, value]))
      expect(told).toEqual([...copy])
    }
  })

  it('costs n log n, and not the square', () => {
    const grow = (n: number): number =>
      setsDuring(() => {
        let map: ReadonlyMap<number, number> = new Map()
        for (let i = 0; i < n; i++) map = withEntry(map, i, i)
        expect(map.size).toBe(n)
      })
    expect(grow(8000)).toBeLessThan(8000 * 16 * 4)
    expect(grow(8000)).toBeLessThan(6 * grow(2000))
  })
})
