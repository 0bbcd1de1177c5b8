import { describe, expect, it } from 'vitest'
import { attempt, failureOf, keepingRefusals, onlyOne, settled, settledOr, valueOr } from '../../src/core/attempt.ts'
import { EvidenceError } from '../../src/core/errors.ts'

const refusal = new EvidenceError('entry-not-found', 'there is no entry 7')
const other = new EvidenceError('jti-reused', 'used before')
const bug = new TypeError('undefined is no function')
const throwing = (error: Error) => (): number => {
  throw error
}

describe('a refusal as a value', () => {
  it('comes in the place of what is made', () => {
    expect(attempt(() => 7)).toBe(7)
    expect(attempt(throwing(refusal))).toBe(refusal)
    expect(valueOr(() => 7, undefined)).toBe(7)
    expect(valueOr(throwing(refusal), 'none')).toBe('none')
  })

  it('comes in the place of what a promise gives', async () => {
    expect(await settled(Promise.resolve(7))).toBe(7)
    expect(await settled(Promise.reject(refusal))).toBe(refusal)
    expect(await settledOr(Promise.resolve(7), undefined)).toBe(7)
    expect(await settledOr(Promise.reject(refusal), 'none')).toBe('none')
  })

  it('is one of the codes that are named; others are thrown on', async () => {
    expect(attempt(throwing(refusal), 'jti-reused', 'entry-not-found')).toBe(refusal)
    expect(() => attempt(throwing(other), 'entry-not-found')).toThrow(other)
    expect(() => valueOr(throwing(other), 0, 'entry-not-found')).toThrow(other)
    await expect(settled(Promise.reject(other), 'entry-not-found')).rejects.toBe(other)
    await expect(settledOr(Promise.reject(other), 0, 'entry-not-found')).rejects.toBe(other)
  })

  it('is never made of a fault of the program', async () => {
    expect(() => attempt(throwing(bug))).toThrow(bug)
    expect(() => valueOr(throwing(bug), 0)).toThrow(bug)
    await expect(settled(Promise.reject(bug))).rejects.toBe(bug)
    await expect(settledOr(Promise.reject(bug), 0)).rejects.toBe(bug)
  })

  it('or an internal-error that keeps its cause, where every failure is reported', () => {
    expect(failureOf(refusal, 'it could not be sent')).toBe(refusal)
    expect(failureOf(bug, 'it could not be sent')).toMatchObject({
      code: 'internal-error',
      message: 'it could not be sent',
      cause: bug,
    })
  })
})

describe('refusals that a check keeps', () => {
  it('are faults, or not judged where a newer verifier is needed; what is no refusal is thrown', () => {
    const newer = new EvidenceError('not-judged', 'it needs a newer verifier')
    const faults: string[] = []
    const unjudged: string[] = []
    const guard = keepingRefusals(faults, unjudged, ({ code }) => code)
    expect([guard(() => 1), guard(throwing(refusal)), guard(throwing(newer))]).toEqual([1, undefined, undefined])
    expect([faults, unjudged]).toEqual([['entry-not-found'], ['not-judged']])
    expect(() => guard(throwing(bug))).toThrow(bug)
  })
})

describe('a batch of one', () => {
  it('gives its result, or throws it', () => {
    expect(onlyOne([7])).toBe(7)
    expect(() => onlyOne([refusal])).toThrow(refusal)
  })
})
