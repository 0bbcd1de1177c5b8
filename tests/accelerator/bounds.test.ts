import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { allocate, builtins, peek, poke, seen, type Vector } from './intervals.ts'
import { p, valueOf } from './module.ts'

/*
 * No lane overflows: field.ts and point.ts themselves, as they are compiled, run on intervals. What mul leaves is within `tight`; a point
 * and an entry that are tight go in, and a tight point comes out, so that this holds however many are added.
 */

type Field = Record<'add' | 'sub' | 'mul', (out: number, a: number, b: number) => void>
type Point = Record<'addPoints' | 'addEntries', (out: number, a: number, b: number) => void> & { readonly twoD: number }
let field: Field
let point: Point

const before = new Map<string, PropertyDescriptor | undefined>()
const scope = globalThis as unknown as Record<string, unknown>
beforeAll(async () => {
  for (const [name, value] of Object.entries(builtins)) {
    before.set(name, Object.getOwnPropertyDescriptor(globalThis, name))
    scope[name] = value
  }
  // No project of the compiler has these files: their types are AssemblyScript's.
  const source = (name: string): Promise<unknown> =>
    import(/* @vite-ignore */ `../../src/accelerator/assembly/${name}.ts`)
  field = (await source('field')) as Field
  point = (await source('point')) as Point
  putElement(point.twoD, tight)
})
afterAll(() => {
  for (const [name, descriptor] of before) {
    if (descriptor === undefined) delete scope[name]
    else Object.defineProperty(globalThis, name, descriptor)
  }
})

/** The largest limbs that mul leaves: 26 and 25 bits in turn, and what the last two carries bring into limbs 1 and 6. */
const tight = Array.from(
  { length: 10 },
  (_, i) => 2n ** (i % 2 === 0 ? 26n : 25n) - 1n + (i === 1 || i === 6 ? 2n ** 19n : 0n),
)

/** Limbs from 0 to these, in both lanes. */
function putElement(at: number, limbs: readonly bigint[]): void {
  for (let k = 0; k < 5; k++) {
    const [even, odd] = [limbs[2 * k] as bigint, limbs[2 * k + 1] as bigint]
    poke(at + 16 * k, { bits: 32, lanes: [even, even, odd, odd].map((high) => [0n, high] as const) } satisfies Vector)
  }
}

/** The largest limbs of both lanes. */
function largest(at: number): bigint[] {
  return Array.from({ length: 10 }, (_, i) => {
    const { lanes } = peek(at + 16 * (i >> 1))
    const highs = [0, 1].map((lane) => (lanes[2 * (i & 1) + lane] as readonly [bigint, bigint])[1])
    return highs.reduce((a, b) => (a > b ? a : b))
  })
}

function element(limbs: readonly bigint[] = tight): number {
  const at = allocate(128)
  putElement(at, limbs)
  return at
}

function tightPoint(): number {
  const at = allocate(320)
  for (let i = 0; i < 4; i++) putElement(at + 80 * i, tight)
  return at
}

/** An entry lies limb after limb, not in lanes: every vector that may be loaded from it. */
function tightEntry(): number {
  const at = allocate(128)
  for (let coordinate = 0; coordinate < 3; coordinate++) {
    for (let limb = 0; limb < 10; limb += 4) {
      const lanes = [0, 1, 2, 3].map((i) => [0n, limb + i < 10 ? (tight[limb + i] as bigint) : 0n] as const)
      poke(at + 40 * coordinate + 4 * limb, { bits: 32, lanes })
    }
  }
  return at
}

function expectTight(at: number): void {
  largest(at).forEach((limb, i) => expect(limb, `limb ${i}`).toBeLessThanOrEqual(tight[i] as bigint))
}

describe('intervals of the field', () => {
  it('are tight after a product of tight elements', () => {
    const out = allocate(128)
    field.mul(out, element(), element())
    expectTight(out)
  })

  it('are tight after a product of the sum by the difference of tight elements, and the reverse', () => {
    const [sum, difference, out] = [allocate(128), allocate(128), allocate(128)]
    field.add(sum, element(), element())
    field.sub(difference, element(), element())
    for (const [a, b] of [
      [sum, difference],
      [difference, sum],
      [difference, difference],
    ] as const) {
      field.mul(out, a, b)
      expectTight(out)
    }
  })

  it('are below 2p where they are tight, which toBytes needs', () => {
    expect(valueOf(tight)).toBeLessThan(2n * p)
  })

  it('would be found to overflow: this proof can fail', () => {
    const wide = tight.map((limb) => limb * 8n)
    expect(() => field.mul(allocate(128), element(), element(wide))).toThrow(/32 bits may overflow/)
    const twice = tight.map((limb) => limb * 4n)
    expect(() => field.mul(allocate(128), element(twice), element(twice))).toThrow(/may overflow/)
    expect(() => field.sub(allocate(128), element(), element(twice))).toThrow(/below 0/)
  })
})

describe('intervals of points', () => {
  it.each([
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ])('are tight after entries were added, with the signs %d and %d', (first, second) => {
    const at = tightPoint()
    seen.widest = 0n
    point.addEntries(at, tightEntry() + first, tightEntry() + second)
    for (let i = 0; i < 4; i++) expectTight(at + 80 * i)
    // Two bits to spare would be too many to believe, and none too few.
    expect(seen.widest).toBeGreaterThan(2n ** 60n)
    expect(seen.widest).toBeLessThan(2n ** 63n)
  })

  it('are tight after points were added', () => {
    const out = allocate(320)
    point.addPoints(out, tightPoint(), tightPoint())
    for (let i = 0; i < 4; i++) expectTight(out + 80 * i)
  })
})
