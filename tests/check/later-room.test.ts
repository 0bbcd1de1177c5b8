import { describe, expect, it } from 'vitest'
import { inTurns, laterBounds, LaterRoom } from '../../src/check/steps/later-room.ts'
import { errorTable } from '../../src/core/errors.ts'
import { laterEventNames } from '../../src/statements/later-event-names.ts'

describe('room for later events', () => {
  it('CR-7: of what any reader may add is no room of what decides, nor of custody', () => {
    const room = new LaterRoom({ bytes: 10_000 })
    const held = Array.from({ length: 100 }, () => room.holds('recorded', 1000)).filter((one) => one)
    expect(held).toHaveLength(6)
    for (const what of ['attested', 'related', 'challenged'] as const) expect(room.holds(what, 1000)).toBe(false)
    expect(room.leftOut().mayDecide).toBe(false)
    for (const what of ['handed-over', 'found', 'custody-ended', 'erasure-ordered', 'custody-resumed'] as const)
      expect(room.holds(what, 1000)).toBe(true)
    expect(room.holds('handed-over', 9000)).toBe(false)
    expect(room.leftOut().mayDecide).toBe(false)
    for (const what of ['retracted', 'part-retracted', 'key-rotated', 'key-revoked', 'participant-revoked'] as const)
      expect(room.holds(what, 1000)).toBe(true)
    const { counts, findings } = room.leftOut()
    expect([...counts]).toEqual([
      ['recorded', 94],
      ['attested', 1],
      ['related', 1],
      ['challenged', 1],
      ['handed-over', 1],
    ])
    expect(findings.map(({ message }) => message)).toEqual([
      'later events that were read are not all told, for their number: without 94 recorded, 1 attested, 1 related, 1 challenged, 1 handed-over',
    ])
    expect(room.holds('retracted', 9000)).toBe(false)
    expect(room.leftOut().mayDecide).toBe(true)
  })

  it('says nothing where nothing was left out, and exit code 3 of what was', () => {
    const room = new LaterRoom(laterBounds)
    for (const what of laterEventNames) expect(room.holds(what, 1_000_000)).toBe(true)
    expect(room.leftOut()).toEqual({ findings: [], mayDecide: false, counts: new Map() })
    room.skip(7, 41)
    room.cut(45, 100, 150, { decides: false })
    expect(room.leftOut().mayDecide).toBe(false)
    room.cut(41, 100, 150, { decides: true })
    expect(room.leftOut().mayDecide).toBe(true)
    const { findings } = room.leftOut()
    expect(findings.map(({ message }) => message)).toEqual([
      'what was found on 7 challenges of entry 41 was not asked: there are more than are asked of one deposit',
      'entry 45 has more than 100 later events: those after entry 150 were not asked',
      'entry 41 has more than 100 later events: those after entry 150 were not asked',
    ])
    expect(findings.map(({ code }) => errorTable[code].exit)).toEqual([3, 3, 3])
  })
})

describe('turns', () => {
  it('CR-7: give everybody one before anybody has another, and those that count more the first of each', () => {
    const all = ['a1', 'a2', 'a3', 'a4', 'b1', 'a5', 'c1', 'b2']
    const turns = (most: number): string[] =>
      inTurns(all, { by: (one) => one.slice(0, 1), isFirst: (who) => who === 'c', most })
    expect(turns(4)).toEqual(['c1', 'a1', 'b1', 'a2'])
    expect(turns(100).toSorted()).toEqual(all.toSorted())
    expect(inTurns([], { by: String, isFirst: () => false, most: 3 })).toEqual([])
  })
})
