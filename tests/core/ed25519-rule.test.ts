import * as ed from '@noble/ed25519'
import { afterEach, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import {
  installSignatureAccelerator,
  isAcceptablePublicKey,
  requireAcceptablePublicKey,
  verifyEd25519,
} from '../../src/core/ed25519.ts'
import { codeOf } from './support.ts'
import { type Crafted, challenge, craft, L, littleEndian, nobleStrict, numberOf, P, torsionPoints } from './torsion.ts'

const message = utf8('a statement')
const [a, r] = [0x1234567890abcdefn, 0xfedcba0987654321n]

function verifies({ publicKey, message: signed, signature }: Crafted): boolean {
  return verifyEd25519(publicKey, signed, signature)
}

describe('the torsion points of these tests', () => {
  it('are the eight points of small order', () => {
    expect(new Set(torsionPoints.map((point) => point.toHex())).size).toBe(8)
    for (const point of torsionPoints) expect(point.isSmallOrder()).toBe(true)
    expect((torsionPoints[4] as ed.Point).add(torsionPoints[4] as ed.Point).is0()).toBe(true)
    expect((torsionPoints[2] as ed.Point).add(torsionPoints[2] as ed.Point).is0()).toBe(false)
  })
})

describe('the rule for R', () => {
  it('accepts what is made without torsion', () => {
    expect(verifies(craft({ message, a, r }))).toBe(true)
  })

  it.each([1, 2, 3, 4, 5, 6, 7])('refuses R + T%d with S adjusted, which the cofactored equation accepts', (i) => {
    const crafted = craft({ message, a, r, nonceTorsion: i })
    expect(nobleStrict(crafted)).toBe(true)
    expect(verifies(crafted)).toBe(false)
  })

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('refuses the small-order point T%d itself as R', (i) => {
    expect(verifies(craft({ message, a, r: 0n, nonceTorsion: i }))).toBe(false)
  })

  it('refuses the identity as R though the cofactorless equation holds', () => {
    const crafted = craft({ message, a, r: 0n })
    const h = challenge(crafted.signature.subarray(0, 32), crafted.publicKey, message)
    const left = ed.Point.BASE.multiply(numberOf(crafted.signature.subarray(32)))
    expect(left.equals(ed.Point.BASE.multiply(a).multiply(h))).toBe(true)
    expect(verifies(crafted)).toBe(false)
  })

  it.each([
    ['y = p + 1', littleEndian(P + 1n)],
    ['y = 1 with the sign of x = 0 set', littleEndian(1n | (1n << 255n))],
    ['y = p + 1 with the sign set', littleEndian((P + 1n) | (1n << 255n))],
  ])('refuses the identity spelt %s as R', (_, encodedNonce) => {
    expect(verifies(craft({ message, a, r: 0n, encodedNonce }))).toBe(false)
  })

  it('refuses an R that is no point', () => {
    const { publicKey, signature } = craft({ message, a, r })
    for (const y of [2n, 7n, 8n, 11n, P - 2n]) {
      expect(() => ed.Point.fromBytes(littleEndian(y))).toThrow(/./)
      expect(verifyEd25519(publicKey, message, Buffer.concat([littleEndian(y), signature.subarray(32)]))).toBe(false)
    }
  })
})

describe('the rule for S', () => {
  const { publicKey, signature } = craft({ message, a, r })
  const s = numberOf(signature.subarray(32))
  const withS = (value: bigint): Uint8Array => Buffer.concat([signature.subarray(0, 32), littleEndian(value)])

  it('refuses S + L and every further multiple that fits', () => {
    expect(verifyEd25519(publicKey, message, withS(s))).toBe(true)
    for (let k = 1n; s + k * L < 1n << 256n; k++) {
      expect(verifyEd25519(publicKey, message, withS(s + k * L)), `S + ${k}L`).toBe(false)
    }
    for (const other of [0n, L - s, L - 1n, L, (1n << 256n) - 1n]) {
      expect(verifyEd25519(publicKey, message, withS(other))).toBe(false)
    }
  })
})

function isPoint(encoded: Uint8Array): boolean {
  try {
    ed.Point.fromBytes(encoded, false)
    return true
  } catch {
    return false
  }
}

describe('the rule for A', () => {
  it.each([1, 2, 3, 4, 5, 6, 7])('refuses A + T%d', (j) => {
    const crafted = craft({ message, a, r, keyTorsion: j })
    expect(nobleStrict(crafted)).toBe(true)
    expect(isAcceptablePublicKey(crafted.publicKey)).toBe(false)
    expect(verifies(crafted)).toBe(false)
  })

  it.each([0, 1, 2, 3, 4, 5, 6, 7])('refuses the small-order point T%d as A', (j) => {
    const crafted = craft({ message, a: 0n, r, keyTorsion: j })
    expect(codeOf(() => requireAcceptablePublicKey(crafted.publicKey))).toBe('key-weak')
    expect(verifies(crafted)).toBe(false)
  })

  it('refuses every y of p or more, also where the point of y - p is on the curve', () => {
    let onCurve = 0
    for (let y = P; y < 1n << 255n; y++) {
      for (const sign of [0n, 1n << 255n]) {
        expect(isAcceptablePublicKey(littleEndian(y | sign))).toBe(false)
        if (isPoint(littleEndian((y - P) | sign))) onCurve++
      }
    }
    expect(onCurve).toBeGreaterThan(10)
  })

  it('refuses bytes that are no point, and the sign of x = 0', () => {
    for (const y of [2n, 7n, 1n | (1n << 255n), (P - 1n) | (1n << 255n), (1n << 256n) - 1n]) {
      expect(isAcceptablePublicKey(littleEndian(y))).toBe(false)
    }
  })

  it('accepts a good key as often as it is asked', () => {
    const key = ed.Point.BASE.toBytes()
    expect([isAcceptablePublicKey(key), isAcceptablePublicKey(key)]).toEqual([true, true])
    expect(codeOf(() => requireAcceptablePublicKey(key))).toBe('accepted')
  })
})

describe('an accelerator', () => {
  afterEach(() => installSignatureAccelerator(undefined))
  const good = craft({ message, a, r })

  it('has the last word where it accepts, for an acceptable key only', () => {
    installSignatureAccelerator(() => true)
    expect(verifyEd25519(good.publicKey, message, new Uint8Array(64))).toBe(true)
    for (let j = 1; j < 8; j++) expect(verifies(craft({ message, a, r, keyTorsion: j }))).toBe(false)
    expect(verifyEd25519(good.publicKey, message, new Uint8Array(63))).toBe(false)
  })

  it('is overruled where it refuses', () => {
    installSignatureAccelerator(() => false)
    expect(verifies(good)).toBe(true)
    expect(verifies(craft({ message, a, r, nonceTorsion: 1 }))).toBe(false)
  })
})
