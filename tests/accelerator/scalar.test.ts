import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Arithmetic, littleEndian, readModule, startModule, type Exports } from '../../src/accelerator/arithmetic.ts'
import { combinationOf } from '../../src/core/ed25519.ts'
import { L, numberOf } from '../core/torsion.ts'
import { get, put, room, wasm } from './module.ts'

/* Scalars, their digits and the hash of the module against BigInt, noble and the runtime: their clear twins. */

function wide(value: bigint): Uint8Array {
  return Buffer.concat([littleEndian(value & (2n ** 256n - 1n)), littleEndian(value >> 256n)])
}

describe('reduction modulo L', () => {
  const most = 2n ** 512n - 1n
  const ends = [
    0n,
    1n,
    L - 1n,
    L,
    L + 1n,
    2n * L - 1n,
    2n * L,
    2n ** 252n,
    2n ** 253n,
    2n ** 256n - 1n,
    2n ** 256n,
    most,
  ]
  // Where Barrett's guess is furthest from the quotient: multiples of L, and what lies just below them.
  const multiples = Array.from({ length: 400 }, (_, i) => (most / L - BigInt(i) ** 5n) * L)
  const random = Array.from({ length: 2000 }, () => numberOf(randomBytes(64)))

  it('is that of BigInt', () => {
    for (const value of [...ends, ...multiples, ...multiples.map((n) => n - 1n), ...random]) {
      put(room(0), wide(value))
      wasm.reduce(room(1), room(0))
      expect(numberOf(get(room(1), 36))).toBe(value % L)
    }
  })

  it('is not wanted of S: below L is what is asked, and L is not', () => {
    for (const value of [
      0n,
      1n,
      L - 1n,
      L,
      L + 1n,
      2n ** 252n,
      L + 2n ** 32n,
      L - 2n ** 32n,
      2n ** 256n - 1n,
      2n ** 255n,
    ]) {
      put(room(0), littleEndian(value))
      expect(wasm.isScalar(room(0)) === 1, `${value}`).toBe(value < L)
    }
  })
})

describe('SHA-512', () => {
  it.each([0, 1, 55, 63, 64, 65, 110, 111, 112, 113, 119, 120, 127, 128, 129, 239, 240, 255, 256, 257, 764, 65_535])(
    'of %d bytes is the runtime’s',
    (length) => {
      for (const message of [randomBytes(length), Buffer.alloc(length, 0xff), Buffer.alloc(length)]) {
        put(room(4), message)
        wasm.sha512(room(0), room(4), length)
        expect(Buffer.from(get(room(0), 64))).toEqual(createHash('sha512').update(message).digest())
      }
    },
  )
})

/** Scalars below L whose digits of `window` bits are at an end: all of them, every other one, and each alone. */
function extremeScalars(window: number): bigint[] {
  const digits = Math.ceil(254 / window)
  const half = 2n ** BigInt(window - 1)
  // A digit of half stays, one more is half - 1 below with a carry; all ones carry through to the top.
  const ends = [half, half + 1n, half - 1n, 2n * half - 1n, 1n, 0n]
  const out: bigint[] = []
  for (const [i, one] of ends.entries()) {
    const other = ends[(i + 1) % ends.length] as bigint
    let [same, alternating] = [0n, 0n]
    for (let d = 0; d < digits; d++) {
      const shift = BigInt(d * window)
      same |= one << shift
      alternating |= (d % 2 === 0 ? one : other) << shift
      out.push(one << shift)
    }
    out.push(same, alternating)
  }
  for (const top of [L - 1n, L - 2n, 2n ** 252n, 2n ** 252n - 1n, L / 2n, 1n, 2n]) out.push(top)
  // Cut to what a scalar may be: the lower digits stay, and the highest that fits.
  return [...new Set(out.map((value) => (value < L ? value : value % 2n ** 252n)).filter((value) => value > 0n))]
}

const key = Uint8Array.from(Buffer.from('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex'))

describe.each([
  { base: 9, key: 7 },
  { base: 8, key: 8 },
  { base: 8, key: 6 },
  { base: 5, key: 5 },
  { base: 10, key: 4 },
])('S·B - h·A with digits of $base and $key bits', (windows) => {
  const arithmetic = new Arithmetic(startModule(readModule()) as Exports, windows)
  const table = arithmetic.allocate(arithmetic.tableBytes)
  arithmetic.buildKey(table, key)

  it('is noble’s for digits at their ends', () => {
    const [ofBase, ofKey] = [extremeScalars(windows.base), extremeScalars(windows.key)]
    const count = Math.max(ofBase.length, ofKey.length)
    for (let i = 0; i < count; i++) {
      const s = ofBase[i % ofBase.length] as bigint
      const h = ofKey[(i * 7) % ofKey.length] as bigint
      expect(arithmetic.combination(table, s, h)).toEqual(combinationOf(key, s, h))
    }
  })

  it('is noble’s for random scalars', () => {
    for (let i = 0; i < 40; i++) {
      const [s, h] = [numberOf(randomBytes(32)) % L, numberOf(randomBytes(32)) % L]
      expect(arithmetic.combination(table, s, h)).toEqual(combinationOf(key, s, h))
    }
  })

  it('is the neutral point for no multiple at all', () => {
    expect(arithmetic.combination(table, 0n, 0n)).toEqual(littleEndian(1n))
  })
})
