import { describe, expect, it } from 'vitest'
import { certificateWords } from '../../src/words/certificate.ts'

/* Types hold the keys equal; this holds what types do not see. */
describe('the words of certificates', () => {
  const { zh, en } = certificateWords
  const keys = Object.keys(en) as (keyof typeof en)[]

  it('are in each language, in no other, and never empty', () => {
    for (const key of keys) {
      if (typeof zh[key] !== 'string') continue
      expect(zh[key]).toMatch(/\p{Script=Han}/u)
      expect(en[key]).not.toMatch(/\p{Script=Han}/u)
      expect(en[key]).not.toBe('')
    }
    expect(zh.limits.length).toBe(en.limits.length)
    expect(Object.keys(zh.eventNames)).toEqual(Object.keys(en.eventNames))
  })

  it('say every argument that they are given', () => {
    for (const key of keys) {
      for (const words of [zh, en]) {
        const say = words[key]
        if (typeof say !== 'function') continue
        const args = Array.from({ length: Math.max(say.length, 1) }, (_, i) => 7001 + i)
        const text = (say as (...given: unknown[]) => string)(...args)
        for (const arg of args) expect(text).toContain(String(arg))
      }
    }
  })

  it('say no more of a result than it shows', () => {
    const all = JSON.stringify([zh, en], (_, value) => (typeof value === 'function' ? String(value) : value))
    expect(all).not.toMatch(/tamper|genuine|authentic|authenticity|篡改|伪造|真实有效|防伪|属实|权威/i)
  })
})
