import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import {
  installMlDsaAccelerator,
  mlDsa44PublicKey,
  mlDsa44PublicKeyBytes,
  mlDsa44SignatureBytes,
  signMlDsa44,
  verifyMlDsa44,
} from '../../src/core/mldsa.ts'
import { flipBit } from './support.ts'

const seed = new Uint8Array(32).fill(7)
const publicKey = mlDsa44PublicKey(seed)
const message = utf8('a message')
const signature = signMlDsa44(seed, message)

describe('ML-DSA-44', () => {
  it('has the sizes of FIPS 204', () => {
    expect([publicKey.length, signature.length]).toEqual([mlDsa44PublicKeyBytes, mlDsa44SignatureBytes])
  })

  it('makes the key of a seed that others make', () => {
    // ACVP keyGen of FIPS 204, ML-DSA-44, test case 1, as its SHA-256; the seed is the vector's.
    const vector = Uint8Array.from(
      'D71361C000F9A7BC99DFB425BCB6BB27C32C36AB444FF3708B2D93B4E66D5B5B'.match(/../g) as string[],
      (pair) => Number.parseInt(pair, 16),
    )
    const made = mlDsa44PublicKey(vector)
    expect(Buffer.from(made.subarray(0, 16)).toString('hex').toUpperCase()).toBe('B845FA2881407A59183071629B082231')
  })

  it('is deterministic without randomness, and hedged with it; both verify', () => {
    const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
    expect(digest(signMlDsa44(seed, message))).toBe(digest(signature))
    const hedged = signMlDsa44(seed, message, new Uint8Array(32).fill(9))
    expect(digest(hedged)).not.toBe(digest(signature))
    expect(verifyMlDsa44(publicKey, message, hedged)).toBe(true)
    expect(verifyMlDsa44(publicKey, message, signature)).toBe(true)
  })

  it('refuses another message, another key, and any changed part of the signature', () => {
    expect(verifyMlDsa44(publicKey, utf8('another'), signature)).toBe(false)
    expect(verifyMlDsa44(mlDsa44PublicKey(new Uint8Array(32)), message, signature)).toBe(false)
    for (const bit of [0, 8 * 31, 8 * 32, 8 * 1000, 8 * 2335, 8 * 2400, 8 * 2419 + 7]) {
      expect(verifyMlDsa44(publicKey, message, flipBit(signature, bit))).toBe(false)
    }
  })

  it('refuses what is malformed, without a throw', () => {
    expect(verifyMlDsa44(publicKey.slice(1), message, signature)).toBe(false)
    expect(verifyMlDsa44(publicKey, message, signature.slice(1))).toBe(false)
    expect(verifyMlDsa44(publicKey, message, new Uint8Array(mlDsa44SignatureBytes).fill(255))).toBe(false)
    expect(verifyMlDsa44(undefined as never, message, signature)).toBe(false)
    expect(verifyMlDsa44(publicKey, 'text' as never, signature)).toBe(false)
  })

  it('takes an accelerator’s yes, and decides for itself after its no', () => {
    const asked: number[] = []
    try {
      installMlDsaAccelerator((_key, _message, given) => {
        asked.push(given.length)
        return false
      })
      expect(verifyMlDsa44(publicKey, message, signature)).toBe(true)
      expect(verifyMlDsa44(publicKey, message, flipBit(signature, 3))).toBe(false)
      expect(verifyMlDsa44(publicKey, message, signature.slice(1))).toBe(false)
      // What is too short never reaches it.
      expect(asked).toEqual([mlDsa44SignatureBytes, mlDsa44SignatureBytes])
    } finally {
      installMlDsaAccelerator(undefined)
    }
  })
})
