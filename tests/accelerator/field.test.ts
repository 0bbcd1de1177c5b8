import { randomBytes, randomInt } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { littleEndian } from '../../src/accelerator/arithmetic.ts'
import { get, getLimbs, numberAt, p, put, putLimbs, putNumber, room, valueOf, wasm } from './module.ts'

/* The field of the module against BigInt: its clear twin. */

const [a, b, out] = [room(0), room(1), room(2)] as const
const bitsOf = (i: number): number => 26 - (i & 1)

/** Limbs that are as large as the formulas let them be: `times` those of a tight element; ends are taken often. */
function limbs(times: number): number[] {
  return Array.from({ length: 10 }, (_, i) => {
    const most = Math.floor(times * 2 ** bitsOf(i))
    return [0, 1, most - 1, most, most, randomInt(most)][randomInt(6)] as number
  })
}

function random(): bigint {
  return BigInt(`0x${randomBytes(32).toString('hex')}`) % p
}

describe('products', () => {
  it.each([
    [1, 1],
    [4, 3],
    [3, 3],
    [2, 3],
  ])('of limbs at their limits, %d and %d times tight, are those of BigInt in each lane', (left, right) => {
    for (let n = 0; n < 5000; n++) {
      const [a0, a1, b0, b1] = [limbs(left), limbs(left), limbs(right), limbs(right)]
      putLimbs(a, [a0, a1])
      putLimbs(b, [b0, b1])
      wasm.mul(out, a, b)
      expect(valueOf(getLimbs(out, 0)) % p).toBe((valueOf(a0) * valueOf(b0)) % p)
      expect(valueOf(getLimbs(out, 1)) % p).toBe((valueOf(a1) * valueOf(b1)) % p)
      expect(numberAt(out, 0)).toBe((valueOf(a0) * valueOf(b0)) % p)
    }
  })

  it('of the largest limbs at once', () => {
    const [left, right] = [4, 3].map((times) => Array.from({ length: 10 }, (_, i) => times * 2 ** bitsOf(i)))
    putLimbs(a, [left as number[], left as number[]])
    putLimbs(b, [right as number[], right as number[]])
    wasm.mul(out, a, b)
    for (const lane of [0, 1])
      expect(numberAt(out, lane)).toBe((valueOf(left as number[]) * valueOf(right as number[])) % p)
  })

  it('may be written over a factor', () => {
    const [x, y] = [random(), random()]
    putNumber(a, x)
    putNumber(b, y)
    wasm.mul(a, a, b)
    wasm.mul(b, b, b)
    expect([numberAt(a, 0), numberAt(b, 1)]).toEqual([(x * y) % p, (y * y) % p])
  })
})

describe('sums, differences and inverses', () => {
  it('are those of BigInt', () => {
    for (let n = 0; n < 300; n++) {
      const [x, y] = [random(), random()]
      putNumber(a, x)
      putNumber(b, y)
      wasm.add(out, a, b)
      expect(valueOf(getLimbs(out, 1)) % p).toBe((x + y) % p)
      wasm.sub(out, a, b)
      expect(valueOf(getLimbs(out, 0)) % p).toBe((x - y + p) % p)
      wasm.invert(out, a)
      wasm.mul(out, out, a)
      expect(numberAt(out, 0)).toBe(x === 0n ? 0n : 1n)
    }
  })

  it('have 0 for the inverse of 0', () => {
    putNumber(a, 0n)
    wasm.invert(out, a)
    expect(numberAt(out, 0)).toBe(0n)
  })
})

describe('bytes', () => {
  it('are read as they were written, and are below p', () => {
    for (const value of [0n, 1n, 18n, 19n, 20n, p - 1n, p, p + 1n, p + 18n, 2n ** 255n - 1n, 2n ** 254n, random()]) {
      putNumber(a, value)
      for (const lane of [0, 1]) expect(numberAt(a, lane)).toBe(value % p)
    }
  })

  it('are below p for limbs at the limits of tight', () => {
    for (let n = 0; n < 5000; n++) {
      const lane = limbs(1).map((limb, i) => Math.min(limb, 2 ** bitsOf(i) - 1))
      if (n % 2 === 0) lane[1] = 2 ** 25 - 1 + randomInt(2 ** 19)
      putLimbs(a, [lane, lane])
      expect(numberAt(a, 1)).toBe(valueOf(lane) % p)
    }
  })
})

describe('one lane', () => {
  it('knows nothing of the other', () => {
    const [x, y] = [random(), random()]
    putNumber(a, x)
    const mine = getLimbs(a, 0)
    putNumber(a, y)
    putLimbs(a, [mine])
    wasm.mul(out, a, a)
    expect([numberAt(out, 0), numberAt(out, 1)]).toEqual([(x * x) % p, (y * y) % p])
    put(room(3), littleEndian(x))
    expect(get(room(3), 32)).toEqual(littleEndian(x))
  })
})
