import { beforeAll, describe, expect, it } from 'vitest'
import { outcomeOf } from '../../src/check/steps/outcome.ts'
import type { AnyReport } from '../../src/check/steps/report.ts'
import { errorTable } from '../../src/core/errors.ts'
import { tell } from '../../src/told/tell.ts'
import { topicOf, topics } from '../../src/words/topic.ts'
import { wordsOf } from '../../src/words/index.ts'
import { policy, TestChain } from '../support/chain.ts'
import { reportOfDropped } from '../support/dropped.ts'
import { receiptOf } from '../support/small-package.ts'

let receipt: Buffer

beforeAll(async () => {
  receipt = await receiptOf(new TestChain().start().deposits(1).seal(), 2)
})

const reportOf = (files: Readonly<Record<string, string | Uint8Array>>): Promise<AnyReport> =>
  reportOfDropped(files, policy)

const kindOf = async (files: Readonly<Record<string, string | Uint8Array>>): Promise<string> =>
  outcomeOf(await reportOf(files)).kind

/** The receipt with one character of its text changed. */
function changed(find: RegExp, by: string): Buffer {
  const text = receipt.toString('latin1')
  expect(text).toMatch(find)
  return Buffer.from(text.replace(find, by), 'latin1')
}

describe('the six outcomes', () => {
  it('says unchanged of the file that was deposited', async () => {
    expect(await kindOf({ a: 'content 2', 'a.tlog-proof': receipt })).toBe('unchanged')
  })

  it('says that a file is not the one deposited where the proof holds', async () => {
    expect(await kindOf({ a: 'content 3', 'a.tlog-proof': receipt })).toBe('differs')
  })

  it('says that the proof does not hold before it says anything of the file', async () => {
    const broken = changed(/\n([A-Za-z0-9+/]{43}=)\n\n/, '\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n')
    expect(await kindOf({ a: 'content 2', 'a.tlog-proof': broken })).toBe('broken')
    expect(await kindOf({ a: 'content 3', 'a.tlog-proof': broken })).toBe('broken')
  })

  it('says that the file is missing where the receipt alone was handed over', async () => {
    const report = await reportOf({ 'a.tlog-proof': receipt })
    expect(outcomeOf(report)).toEqual({ kind: 'missing', standing: 'not-asked', why: undefined })
    expect(tell(report, wordsOf('en')).sentence).toMatch(/^The receipt holds\. The file/)
  })

  it('says that a newer checker is needed, and nothing worse, of what this version cannot judge', async () => {
    const report = await reportOf({ a: 'content 2', 'a.tlog-proof': receipt })
    const newer = { ...report, unjudged: [{ code: 'not-judged' as const, message: 'later version' }] }
    expect(outcomeOf(newer).kind).toBe('newer')
  })

  it('says of a deposit that was taken back that the file is unchanged, and that it was taken back', async () => {
    const report = await reportOf({ a: 'content 2', 'a.tlog-proof': receipt })
    const time = '2026-11-02T00:00:00.000Z'
    const event = { proven: true, what: 'retracted', index: 3, time, code: 'withdrawn' } as const
    const later = { url: 'x', size: 4, events: [event], flagged: false, faults: [], unjudged: [] }
    const told = tell({ ...report, later } as unknown as AnyReport, wordsOf('en'))
    expect(told.outcome).toMatchObject({ kind: 'noticed', standing: 'retracted' })
    expect(told.sentence).toBe('The file is unchanged. Its depositor took the deposit back.')
  })

  it('gives every code a topic, and what cannot be judged its own', () => {
    const codes = Object.keys(errorTable) as (keyof typeof errorTable)[]
    const later = codes.filter((code) => errorTable[code].exit === 4).map(topicOf)
    expect(codes.filter((code) => !topics.includes(topicOf(code)))).toEqual([])
    expect(later.filter((topic) => topic !== 'not-judged' && topic !== 'policy')).toEqual([])
  })
})
