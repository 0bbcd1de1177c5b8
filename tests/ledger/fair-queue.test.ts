import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FairQueue } from '../../src/ledger/fair-queue.ts'

interface Item {
  readonly from: string
  readonly n: number
}

function queue(maxItems = 1000, maxGroup = 10, maxBytes = 64 * 1024 * 1024): FairQueue<Item> {
  return new FairQueue<Item>({ maxItems, maxBytes, maxGroup })
}

function fill(into: FairQueue<Item>, from: string, count: number, weight = 1000): number {
  let taken = 0
  for (let n = 0; n < count; n++) if (into.offer({ from, n }, from, weight) === undefined) taken++
  return taken
}

describe('FairQueue', () => {
  it('gives what has gathered as one group in its order, where it fits into one', () => {
    const fair = queue()
    fill(fair, 'a', 2)
    fill(fair, 'b', 1)
    fill(fair, 'a', 1)
    expect(fair.take().map(({ from, n }) => `${from}${n}`)).toEqual(['a0', 'a1', 'b0', 'a0'])
    expect([fair.size, fair.bytes, fair.participants]).toEqual([0, 0, 0])
    expect(fair.take()).toEqual([])
  })

  it('lets one alone have half of it, the next a quarter, and keeps room for one that has nothing', () => {
    const fair = queue(1000)
    expect(fill(fair, 'platform', 2000)).toBe(500)
    expect(fair.offer({ from: 'platform', n: 0 }, 'platform', 1)).toBe('share-full')
    expect(fill(fair, 'second', 2000)).toBe(250)
    expect(fair.offer({ from: 'station', n: 0 }, 'station', 1)).toBeUndefined()
  })

  it('bounds what one has waiting by the share of the moment, never what somebody sends who has nothing', () => {
    const fair = queue()
    expect(fair.offer({ from: 'a', n: 0 }, 'a', 900, 500)).toBeUndefined()
    expect(fair.offer({ from: 'a', n: 1 }, 'a', 1, 500)).toBe('share-full')
    expect(fair.offer({ from: 'b', n: 0 }, 'b', 900, 500)).toBeUndefined()
  })

  it('gives no more bytes than there is room for, and at least one item', () => {
    const fair = queue()
    fill(fair, 'a', 5)
    fill(fair, 'b', 5)
    expect(fair.take(1)).toHaveLength(1)
    expect(fair.take(2500)).toHaveLength(3)
    expect(fair.take()).toHaveLength(6)
  })

  it('is full in items, and in bytes', () => {
    const fair = queue(3, 10, 1000)
    for (const from of ['a', 'b', 'c']) expect(fair.offer({ from, n: 0 }, from, 1)).toBeUndefined()
    expect(fair.offer({ from: 'd', n: 0 }, 'd', 1)).toBe('full')
    const bytes = queue(100, 10, 1000)
    expect(bytes.offer({ from: 'a', n: 0 }, 'a', 400)).toBeUndefined()
    expect(bytes.offer({ from: 'a', n: 1 }, 'a', 400)).toBe('share-full')
    expect(bytes.offer({ from: 'b', n: 0 }, 'b', 601)).toBe('full')
    expect(bytes.offer({ from: 'b', n: 0 }, 'b', 600)).toBeUndefined()
  })

  it('seals the one statement of a station in the next group but one, however much a platform has waiting', () => {
    const fair = queue(100_000, 100)
    fill(fair, 'platform', 40_000)
    fair.take()
    fill(fair, 'station', 1)
    expect([...fair.take(), ...fair.take()].some(({ from }) => from === 'station')).toBe(true)
  })

  it('R5 closes a group by what its items cost to judge, and counts their bytes apart', () => {
    const fair = queue(1000, 1000)
    const mebi = 1024 * 1024
    for (let n = 0; n < 40; n++)
      expect(fair.offer({ from: 'referrer', n }, 'referrer', 100, Infinity, mebi)).toBeUndefined()
    expect(fair.bytes).toBe(4000)
    expect(fair.take()).toHaveLength(8)
    expect(fair.bytes).toBe(3200)
    expect(fair.offer({ from: 'station', n: 0 }, 'station', 1000)).toBeUndefined()
    const next = fair.take()
    expect(next.filter(({ from }) => from === 'station')).toHaveLength(1)
    expect(next.length).toBeLessThanOrEqual(9)
    while (fair.size > 0) expect(fair.take().length).toBeLessThanOrEqual(8)
    expect([fair.bytes, fair.participants]).toEqual([0, 0])
    // The cost of what is gone counts no more.
    const taken = fill(fair, 'a', 900)
    expect(fair.take()).toHaveLength(taken)
  })

  it('shares groups by bytes, not by statements', () => {
    const fair = queue(100_000, 100_000)
    fill(fair, 'large', 2000, 32_000)
    fill(fair, 'small', 20_000, 1000)
    const bytes = { large: 0, small: 0 }
    for (const { from } of fair.take()) bytes[from as 'large' | 'small'] += from === 'large' ? 32_000 : 1000
    expect(bytes.large / bytes.small).toBeGreaterThan(0.8)
    expect(bytes.large / bytes.small).toBeLessThan(1.25)
  })

  it('gives everything back at once where it is cleared', () => {
    const fair = queue(1000, 5)
    fill(fair, 'a', 20)
    fair.take()
    fill(fair, 'b', 7)
    expect(fair.clear()).toHaveLength(22)
    expect([fair.size, fair.bytes]).toEqual([0, 0])
  })

  it('loses nothing, doubles nothing, and keeps the order of each participant, in any course of events', () => {
    const event = fc.oneof(
      fc.record({
        from: fc.constantFrom('a', 'b', 'c', 'd'),
        count: fc.integer({ min: 1, max: 30 }),
        weight: fc.integer({ min: 1, max: 70_000 }),
      }),
      fc.constant('take' as const),
    )
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        const fair = queue(200, 9, 2_000_000)
        const next: Record<string, number> = {}
        const offered: Item[] = []
        const taken: Item[] = []
        let held = 0
        let isSound = true
        const weights = new Map<Item, number>()
        const take = (): number => {
          const group = fair.take()
          taken.push(...group)
          for (const item of group) held -= weights.get(item) as number
          return group.length
        }
        for (const one of events) {
          if (one === 'take') {
            const waiting = fair.size
            const count = take()
            isSound &&= count <= 9 && (waiting === 0 || count > 0)
            continue
          }
          for (let i = 0; i < one.count; i++) {
            const item = { from: one.from, n: (next[one.from] = (next[one.from] ?? 0) + 1) }
            if (fair.offer(item, one.from, one.weight) !== undefined) continue
            offered.push(item)
            weights.set(item, one.weight)
            held += one.weight
          }
          expect([fair.size, fair.bytes]).toEqual([offered.length - taken.length, held])
        }
        while (fair.size > 0) take()
        const of = (list: readonly Item[], from: string): Item[] => list.filter((item) => item.from === from)
        for (const from of ['a', 'b', 'c', 'd']) expect(of(taken, from)).toEqual(of(offered, from))
        expect([taken.length, held, isSound]).toEqual([offered.length, 0, true])
      }),
      { numRuns: 300 },
    )
  })
})
