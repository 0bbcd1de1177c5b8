import { describe, expect, it } from 'vitest'
import { carriedLater } from '../../src/certificate/carried.ts'
import { leftOut, type SaidLater, untoldIn } from '../../src/certificate/left-out.ts'
import type { ShownEvent, StatedLater } from '../../src/certificate/model.ts'
import type { ProvenEvent } from '../../src/verify/check-status.ts'
import { answerWith, eventTime, provenEvent as event } from '../support/later-events.ts'

const later: StatedLater = {
  url: 'https://ledger.example',
  size: 100,
  events: [],
  others: [],
  steps: null,
  whole: true,
  admission: null,
}

function said(more: Partial<StatedLater>, shown: readonly object[] = []): SaidLater {
  const own = { time: eventTime, items: 1, part: null }
  return { ...own, stated: { ...later, ...more }, shown: shown as ShownEvent[] }
}

const moved = event(5, 'handed-over', { code: 'accepted', flags: ['moved-by-order'], inLieu: 'court-order' })
const refused = event(6, 'handed-over', { code: 'rejected', inLieu: 'court-order' })

describe('what a certificate leaves out', () => {
  it('is not what its maker may not have been told, as of custody', () => {
    const had = answerWith([event(5, 'handed-over'), event(6, 'recorded'), event(7, 'attested')])
    const codes = (more: Partial<StatedLater>, shown: readonly object[] = []): unknown => {
      const one = said(more, shown)
      return [leftOut(one, had).map(({ found }) => found), untoldIn(one.stated, one.shown, had)]
    }
    expect(codes({})).toEqual([['1'], [5, 6]])
    // Who tells of one was a reader, and was told of all.
    expect(codes({}, [{ index: 6, what: 'recorded' }])).toEqual([['1', '1'], []])
    expect(codes({ others: [{ what: 'recorded', count: 1 }] })).toEqual([['1', '1'], []])
    // What came after it was asked, nobody could tell.
    expect(codes({ size: 5 })).toEqual([[], []])
  })

  it('H5: is a step of custody that is counted among what is not attached, where there is room for it', () => {
    const found = leftOut(
      said({ others: [{ what: 'handed-over', count: 1 }], steps: [1] }, [refused]),
      answerWith([moved, refused]),
    )
    expect(found).toMatchObject([{ code: 'certificate-left-out', found: '1', expected: '0' }])
    expect(found[0]?.message).toContain('handed-over, entry 5')
  })

  it('H5: is a step of custody that the maker does not state', () => {
    const shown = Array.from({ length: 50 }, (_, i) => event(10 + i, 'handed-over', { code: 'accepted' }))
    const had = answerWith([moved, ...shown])
    const found = leftOut(said({ others: [{ what: 'handed-over', count: 1 }], steps: [50] }, shown), had)
    expect(found).toMatchObject([{ code: 'certificate-left-out', found: '51', expected: '50' }])
    expect(leftOut(said({ others: [{ what: 'handed-over', count: 1 }], steps: [51] }, shown), had)).toEqual([])
  })

  it.each<[string, readonly ProvenEvent[]]>([
    ['few', [moved, refused]],
    ['more steps than have room', Array.from({ length: 500 }, (_, i) => event(i, 'handed-over', { code: 'accepted' }))],
    [
      'more challenges and findings than have room',
      Array.from({ length: 800 }, (_, i) => (i < 400 ? event(i, 'challenged') : event(i, 'found', { on: i - 400 }))),
    ],
  ])('H5: is nothing where its maker carried what is to be carried: %s', (_what, events) => {
    const { receipts, stated } = carriedLater(answerWith(events), { time: eventTime, items: 1, part: null })
    const carried = new Set([...receipts.values()].map((bytes) => Number(Buffer.from(bytes).toString())))
    const shown = events.filter(({ index }) => carried.has(index))
    expect(leftOut(said({ ...stated, size: 10_000 }, shown), answerWith(events))).toEqual([])
  })
})
