import { describe, expect, it } from 'vitest'
import {
  churnEntries,
  churnSignatures,
  historyEvents,
  type Parameters,
  plan,
  randomOf,
  referenceLag,
  setUpEntries,
  zipf,
} from '../../bench/workload.mjs'

const steps = (parameters: Parameters) => [...plan(parameters)]

describe('Zipf', () => {
  const draws = (seed: number, count = 50_000) => {
    const next = zipf(2000, randomOf(seed))
    return Array.from({ length: count }, next)
  }

  it('draws the same for the same seed, and other for another', () => {
    expect(draws(7, 200)).toEqual(draws(7, 200))
    expect(draws(7, 200)).not.toEqual(draws(8, 200))
  })

  it('draws each rank in proportion to its place, within the ranks', () => {
    const counts = new Float64Array(2000)
    for (const rank of draws(1)) counts[rank] = (counts[rank] as number) + 1
    expect(counts.reduce((sum, one) => sum + one, 0)).toBe(50_000)
    const harmonic = Array.from({ length: 2000 }, (_, i) => 1 / (i + 1)).reduce((sum, one) => sum + one, 0)
    for (const rank of [0, 1, 3, 9]) {
      const expected = 50_000 / harmonic / (rank + 1)
      expect((counts[rank] as number) / expected).toBeGreaterThan(0.85)
      expect((counts[rank] as number) / expected).toBeLessThan(1.15)
    }
  })
})

describe.each([
  { workload: 'plain', entries: 3000 },
  { workload: 'mixed', entries: 12_000, keys: 200 },
  { workload: 'churn', keys: 300, entries: churnEntries(300) },
  { workload: 'stateful', entries: 6000 },
  { workload: 'custody', entries: 12_000 },
])('the workload $workload', (parameters) => {
  it('is the same for the same parameters, with a step for each entry', () => {
    const made = steps(parameters)
    expect(made).toEqual(steps(parameters))
    expect(made).toHaveLength(parameters.entries - setUpEntries)
  })

  it('refers to deposits that were sequenced long before alone, and signs by keys that stand alone', () => {
    let deposits = 0
    const active = new Set([-1])
    const refused: unknown[] = []
    for (const step of steps(parameters)) {
      const { what, signer, of } = step
      // Refers to nothing that may still be on its way.
      const mayRefer = of === undefined || of < (what === 'hand-over' ? 1000 : deposits - referenceLag)
      const maySign = active.has(signer) === (what !== 'admit')
      if (!mayRefer || !maySign) refused.push(step)
      if (what === 'admit') active.add(signer)
      if (what === 'revoke') active.delete(signer)
      if (what === 'deposit') deposits++
    }
    expect(refused).toEqual([])
  })
})

describe('shares', () => {
  it('of mixed: 1 % change the registry, 5 % attest, 30 % of deposits relate, once there is something to refer to', () => {
    const keys = 2000
    const made = steps({ workload: 'mixed', entries: 60_000, keys })
    expect(made.slice(0, keys).every(({ what }) => what === 'admit')).toBe(true)
    const later = made.slice(keys + 2 * referenceLag)
    const share = (list: typeof made, is: (step: (typeof made)[number]) => boolean) =>
      list.filter(is).length / list.length
    expect(share(later, ({ what }) => ['admit', 'rotate', 'revoke'].includes(what))).toBeCloseTo(0.01, 2)
    expect(share(later, ({ what }) => what === 'attest')).toBeCloseTo(0.05, 2)
    const deposits = later.filter(({ what }) => what === 'deposit')
    expect(share(deposits, ({ of }) => of !== undefined)).toBeCloseTo(0.3, 1)
    for (const what of ['admit', 'rotate', 'revoke']) expect(later.some((step) => step.what === what)).toBe(true)
    // Most keys sign.
    expect(new Set(later.map(({ signer }) => signer)).size).toBeGreaterThan(1500)
  })

  it('of churn: every key signs four times', () => {
    const counts = new Map<number, number>()
    for (const { what, signer } of steps({ workload: 'churn', keys: 300 }))
      if (what === 'deposit') counts.set(signer, (counts.get(signer) ?? 0) + 1)
    expect(counts.size).toBe(300)
    expect(new Set(counts.values())).toEqual(new Set([churnSignatures]))
  })

  it('of stateful: one entry in five, once there is something to hand over', () => {
    const later = steps({ workload: 'stateful', entries: 10_000 }).slice(4000)
    expect(later.filter(({ what }) => what === 'hand-over').length / later.length).toBeCloseTo(0.2, 2)
  })

  it('of custody: one entry in five hands over, each by who holds it; one deposit has a thousand later entries', () => {
    const holders: number[] = []
    const made = steps({ workload: 'custody', entries: 40_000 })
    let told = 0
    for (const { what, signer, giver, of } of made) {
      if (what === 'deposit') holders.push(signer)
      if (of === 0) told++
      if (what !== 'transfer' || of === undefined) continue
      expect(holders[of]).toBe(giver)
      expect(signer).not.toBe(giver)
      holders[of] = signer
    }
    expect(told).toBe(historyEvents)
    const later = made.slice(3 * referenceLag)
    const handed = later.filter(({ what, of }) => what === 'transfer' && of !== 0)
    expect(handed.length / later.length).toBeCloseTo(0.2, 1)
  })

  it('a workload that there is not is refused', () => {
    expect(() => steps({ workload: 'none' })).toThrow('no workload none')
  })
})
