import { describe, expect, it } from 'vitest'
import { lineOf, median, quantile, rowOf, spread } from '../../bench/stats.mjs'
import { steadyOf } from '../../bench/steady.mjs'

describe('medians and spreads', () => {
  it('are those of the list in any order, which stays as it was', () => {
    const list = [5, 1, 4, 2, 3]
    expect([median(list), spread(list)]).toEqual([3, { min: 1, q1: 2, q3: 4, max: 5 }])
    expect(list).toEqual([5, 1, 4, 2, 3])
  })

  it('lie between two members of an even number, and are the one member of one', () => {
    expect([median([1, 2]), quantile([0, 10], 0.25), median([7])]).toEqual([1.5, 2.5, 7])
    expect(spread([7])).toEqual({ min: 7, q1: 7, q3: 7, max: 7 })
  })

  it('compare numbers, not their texts', () => {
    expect(median([9, 100, 20])).toBe(20)
  })

  it('are none of nothing', () => {
    expect(() => median([])).toThrow('nothing')
  })
})

describe('a row', () => {
  const known = { name: 'verify.full', unit: 'entries/s' }

  it('takes each ratio to the V of its own round, not to that of another', () => {
    // The machine slowed down by half in the second round: the rate fell, the ratio did not.
    const samples = [
      { value: 1000, v: 2000, cpuPerEntry: 10 },
      { value: 500, v: 1000, cpuPerEntry: 30 },
      { value: 900, v: 1800, cpuPerEntry: 20 },
    ]
    const row = rowOf({ ...known, ratio: 'V' }, samples)
    expect(row).toMatchObject({ value: 900, ratio: 0.5, cpuPerEntry: 20, v: 1800, rounds: 3 })
    expect(row.spread.value).toMatchObject({ min: 500, max: 1000 })
    expect(row.spread.ratio).toMatchObject({ min: 0.5, max: 0.5 })
  })

  it('takes the ratio to what it is compared with, or none', () => {
    expect(rowOf({ ...known, ratio: 'against' }, [{ value: 6, v: 1, against: 3 }]).ratio).toBe(2)
    const bare = rowOf({ ...known, ratio: null }, [{ value: 6, v: 1 }])
    expect([bare.ratio, bare.spread.ratio, bare.cpuPerEntry]).toEqual([null, null, null])
  })

  it('is printed with median, spread, processor time and V', () => {
    const row = rowOf({ ...known, ratio: 'V' }, [
      { value: 12_345.6, v: 20_000, cpuPerEntry: 125.04 },
      { value: 10_000, v: 20_000, cpuPerEntry: 125.04 },
      { value: 13_000, v: 20_000, cpuPerEntry: 125.04 },
    ])
    expect(lineOf(row).replace(/ +/g, ' ')).toBe(
      'verify.full 12,346 entries/s (10,000 to 13,000); ratio 0.62 (0.50 to 0.65); 125.0 µs of processor an entry; V 20,000',
    )
  })
})

describe('the steady part of a process', () => {
  const points = [
    { done: 512, at: 5, cpu: 5 },
    { done: 1024, at: 6, cpu: 7 },
    { done: 2024, at: 8, cpu: 10 },
  ]

  it('lies between the first progress point from an entry on and the last: its start does not count', () => {
    expect(steadyOf(points, 1000)).toEqual({ value: 500, cpuPerEntry: 3000 })
  })

  it.each([
    ['none', []],
    ['none from there on', points.slice(0, 1)],
    ['one', points.slice(0, 2)],
  ])('is refused where there are no two points: %s', (_what, few) => {
    expect(() => steadyOf(few, 1000)).toThrow('no steady part')
  })
})
