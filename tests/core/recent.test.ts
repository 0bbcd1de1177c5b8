import * as ed from '@noble/ed25519'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { isAcceptablePublicKey, noteAcceptablePublicKey, publicKeyOfSeed } from '../../src/core/ed25519.ts'
import { Recent } from '../../src/core/recent.ts'

afterEach(() => vi.restoreAllMocks())

describe('what is remembered of late', () => {
  it('R8 stays within its bound under churn, and keeps what is asked for', () => {
    const recent = new Recent<number>(8)
    recent.set('mine', 1)
    for (let i = 0; i < 1000; i++) {
      recent.set(`other ${i}`, i)
      expect(recent.get('mine')).toBe(1)
      expect(recent.size).toBeLessThanOrEqual(8)
    }
    expect(recent.get('other 0')).toBeUndefined()
  })

  it('R8 drops half of it at once at the most', () => {
    const recent = new Recent<number>(8)
    for (let i = 0; i < 9; i++) recent.set(`${i}`, i)
    expect([5, 6, 7, 8].map((i) => recent.get(`${i}`))).toEqual([5, 6, 7, 8])
  })

  it('is not grown by setting a name again', () => {
    const recent = new Recent<number>(4)
    for (let i = 0; i < 10; i++) recent.set('one', i)
    expect([recent.size, recent.get('one')]).toEqual([1, 9])
  })
})

describe('keys that were checked', () => {
  it('R8 checks a key once by its bytes, and not at all where its array is known', () => {
    const checks = vi.spyOn(ed.Point, 'fromBytes')
    const key = publicKeyOfSeed(new Uint8Array(32).fill(71))
    checks.mockClear()
    expect([isAcceptablePublicKey(key), isAcceptablePublicKey(key.slice())]).toEqual([true, true])
    expect(checks).toHaveBeenCalledTimes(1)
    const other = publicKeyOfSeed(new Uint8Array(32).fill(72))
    noteAcceptablePublicKey(other)
    checks.mockClear()
    expect(isAcceptablePublicKey(other)).toBe(true)
    expect(checks).toHaveBeenCalledTimes(0)
    // By identity alone: other bytes, or other arrays, are not vouched for.
    expect(isAcceptablePublicKey(other.slice())).toBe(true)
    expect(checks).toHaveBeenCalledTimes(1)
    expect(isAcceptablePublicKey(new Uint8Array(32))).toBe(false)
  })
})
