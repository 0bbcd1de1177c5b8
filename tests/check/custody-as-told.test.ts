import { describe, expect, it } from 'vitest'
import { custodyAsTold } from '../../src/check/steps/custody.ts'
import type { ShownCustody } from '../../src/package/shown-custody.ts'

const custody: ShownCustody = { units: [{ holder: 'lab', since: 4, state: 'held' }], troubles: new Map() }
const whole = { size: 9, faults: [], unjudged: [] }
const fault = { code: 'server-answer', message: 'more than 50 pages' } as const

describe('who holds a deposit by what a ledger told', () => {
  it('H5: is said where it told all', () => {
    expect(custodyAsTold(custody, whole)).toEqual(custody)
  })

  it.each([
    ['it was not asked', undefined],
    ['no answer could be trusted', { ...whole, size: undefined }],
    ['its answer broke off', { ...whole, faults: [fault] }],
    ['something of it is not judged', { ...whole, unjudged: [fault] }],
  ])('H5: is not judged where %s', (_what, later) => {
    expect(custodyAsTold(custody, later).units).toEqual([{ holder: 'lab', since: 4, state: 'not-judged' }])
  })
})
