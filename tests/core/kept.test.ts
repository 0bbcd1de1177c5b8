import { describe, expect, it } from 'vitest'
import { keptOf } from '../../src/core/kept.ts'

describe('elements of a list that have room', () => {
  const list = ['a2', 'b1', 'c2', 'd0', 'e1', 'f2']
  const place = (one: string): number => Number(one[1])

  it.each([
    [6, list],
    [5, ['b1', 'c2', 'd0', 'e1', 'f2']],
    [3, ['b1', 'd0', 'e1']],
    [2, ['d0', 'e1']],
    [0, []],
  ])('6: are of %i those of the lowest places, of one place the last, in their order', (most, kept) => {
    expect(keptOf(list, most, place)).toEqual(kept)
  })
})
