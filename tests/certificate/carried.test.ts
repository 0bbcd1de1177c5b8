import { describe, expect, it } from 'vitest'
import { attachedBeside, attachedOfSort } from '../../src/certificate/attachments.ts'
import { type CarriedAbout, carriedLater } from '../../src/certificate/carried.ts'
import { laterEventNames } from '../../src/statements/later-event-names.ts'
import type { ProvenEvent } from '../../src/verify/check-status.ts'
import { answerWith, eventTime, provenEvent as event } from '../support/later-events.ts'

const about: CarriedAbout = { time: eventTime, items: 1, part: null }

/** What a certificate carries of these events: indices of entries, and what is stated. */
function carry(events: readonly ProvenEvent[], more: Partial<CarriedAbout> = {}) {
  const { receipts, stated } = carriedLater(answerWith(events), { ...about, ...more })
  return { entries: [...receipts.values()].map((bytes) => Number(Buffer.from(bytes).toString())), ...stated }
}

/** As many events, from an index on. */
function many(from: number, count: number, what: ProvenEvent['what'], more: object = {}): ProvenEvent[] {
  return Array.from({ length: count }, (_, i) => event(from + i, what, more))
}

const accepted = { code: 'accepted', giver: 'lab', receiver: 'court' }
const byOrder = { ...accepted, inLieu: 'court-order', flags: ['moved-by-order'] }
const differs = { ...accepted, flags: ['accepted-differs'] }
const rejected = { ...accepted, code: 'rejected', inLieu: 'court-order' }

describe('what of the ledger’s answer a certificate carries', () => {
  it('is fifty of every sort, so that none keeps another out, and what decides beside', () => {
    const names = laterEventNames.filter((name) => name !== 'related')
    const decide = ['retracted', 'part-retracted', 'found', 'custody-ended', 'custody-resumed']
    const { entries, others } = carry(names.flatMap((name, n) => many(n * 100, 60, name)))
    expect(entries).toHaveLength(names.length * attachedOfSort + decide.length * 10)
    expect(others).toEqual(
      names.filter((name) => name !== 'attested' && !decide.includes(name)).map((what) => ({ what, count: 10 })),
    )
  })

  it('is at most three hundred of what decides, beside fifty of each sort', () => {
    const { entries, others, steps } = carry(many(1, 500, 'handed-over', accepted))
    expect(entries).toHaveLength(attachedOfSort + attachedBeside)
    expect(others).toEqual([{ what: 'handed-over', count: 150 }])
    expect(steps).toEqual([500])
  })

  it('counts entries, not what each says of several items', () => {
    const events = Array.from({ length: 60 }, (_, i) =>
      Array.from({ length: 64 }, (_one, item) => event(i + 1, 'recorded', { code: 'opened', item })),
    )
    expect(carry(events.flat(), { items: 64 }).entries).toHaveLength(attachedOfSort)
  })

  it('is no finding on a challenge that is not carried, and every challenge that a finding is on', () => {
    const challenges = many(0, 451, 'challenged')
    const findings = Array.from({ length: 400 }, (_, i) => event(1000 + i, 'found', { on: i }))
    const { entries, others } = carry([...challenges, ...findings])
    const carried = new Set(entries)
    const groundless = findings.filter(({ index, on }) => carried.has(index) && !carried.has(on as number))
    expect(groundless).toEqual([])
    expect(entries.length).toBeGreaterThan(2 * attachedOfSort)
    const few = carry([...challenges, event(1000, 'found', { on: 0 })])
    expect(few.entries).toContain(0)
    expect(few.entries).toContain(1000)
    expect(others.map(({ what }) => what)).toEqual(['challenged', 'found'])
  })

  it.each<[string, ProvenEvent]>([
    ['a move by order', event(1, 'handed-over', byOrder)],
    ['what was accepted although it differs', event(1, 'handed-over', differs)],
    ['a step of custody', event(1, 'handed-over', accepted)],
    ['an end of custody', event(1, 'custody-ended', { code: 'lost' })],
    ['a retraction', event(1, 'retracted', { code: 'error' })],
    ['a compromised key', event(1, 'key-revoked', { compromisedSince: eventTime })],
    ['a finding', event(1, 'found', { code: 'excluded' })],
  ])('H5: has %s, whatever comes after it that decides nothing', (_what, decisive) => {
    const names = laterEventNames.filter((name) => name !== 'related' && name !== 'retracted' && name !== 'found')
    const floods = names.flatMap((name, n) => {
      const isCustodyStep = name === 'custody-ended' || name === 'custody-resumed' || name === 'part-retracted'
      return isCustodyStep ? [] : many(1000 * (n + 1), 400, name, name === 'handed-over' ? rejected : {})
    })
    expect(carry([decisive, ...floods]).entries).toContain(1)
  })

  it('H5: has moves by order before what differs, and both before ordinary steps', () => {
    const flood = [...many(100, 400, 'handed-over', differs), ...many(1000, 400, 'handed-over', accepted)]
    expect(carry([event(1, 'handed-over', byOrder), ...flood]).entries).toContain(1)
    expect(carry([event(1, 'handed-over', differs), ...many(100, 400, 'handed-over', accepted)]).entries).toContain(1)
  })

  it('H5: has the whole chain of one item, whatever is said of another', () => {
    const own = [...many(1, 60, 'handed-over', { ...accepted, item: 1 }), event(70, 'custody-ended', { item: 1 })]
    const flood = many(100, 800, 'handed-over', { ...accepted, item: 0 })
    const { entries, steps } = carry([...own, ...flood], { items: 2 })
    expect(own.every(({ index }) => entries.includes(index))).toBe(true)
    expect(steps).toEqual([800, 61])
  })

  it('H5: states no number of steps where the answer broke off', () => {
    const fault = { code: 'server-answer', message: 'broke off' } as const
    const broken = { ...answerWith(many(1, 3, 'handed-over', accepted)), faults: [fault] }
    expect(carriedLater(broken, about).stated.steps).toBeNull()
    expect(carry(many(1, 3, 'handed-over', rejected)).steps).toEqual([0])
  })
})
