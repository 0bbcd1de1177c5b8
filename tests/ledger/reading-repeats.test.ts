import { describe, expect, it } from 'vitest'
import type { Reading } from '../../src/ledger/access/reading-log.ts'
import { ReadingRepeats } from '../../src/ledger/access/reading-repeats.ts'

const reading = (index: number): Reading => ({
  reader: 'lab',
  index,
  shown: 'claims',
  seals: [{ entry: 9, by: 'court' }],
})

describe('readings that are repeated', () => {
  const add = (repeats: ReadingRepeats, day: string, index: number): number => {
    const staged = repeats.on(day)
    const times = staged.add(reading(index))
    staged.keep()
    return times
  }

  it('have lines that stand for all of them, at powers of two', () => {
    const repeats = new ReadingRepeats()
    const times = Array.from({ length: 9 }, () => add(repeats, 'day 1', 1))
    expect(times).toEqual([1, 1, 0, 2, 0, 0, 0, 4, 0])
    expect(add(repeats, 'day 1', 2)).toBe(1)
  })

  it('are counted once they are kept, and a day is another’s no more', () => {
    const repeats = new ReadingRepeats()
    expect([repeats.on('day 1').add(reading(1)), repeats.on('day 1').add(reading(1))]).toEqual([1, 1])
    const staged = repeats.on('day 1')
    expect([staged.add(reading(1)), staged.add(reading(1)), staged.add(reading(1))]).toEqual([1, 1, 0])
    staged.keep()
    expect([add(repeats, 'day 1', 1), add(repeats, 'day 2', 1)]).toEqual([2, 1])
  })

  it('are remembered up to so many, those of late before others', () => {
    const repeats = new ReadingRepeats(3)
    for (const index of [1, 2, 3, 1, 4]) add(repeats, 'day 1', index)
    // 2 is forgotten: it was read longest ago.
    expect([add(repeats, 'day 1', 1), add(repeats, 'day 1', 2)]).toEqual([0, 1])
  })
})
