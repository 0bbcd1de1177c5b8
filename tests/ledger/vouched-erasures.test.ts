import { describe, expect, it } from 'vitest'
import type { ErasedDigests } from '../../src/ledger/erasures.ts'
import { relisted, unvouchedIn, vouched } from '../../src/ledger/copy/vouched-erasures.ts'

const [a, b] = ['A'.repeat(43), 'B'.repeat(43)]
/** Entry 7 orders one claim of entry 3 to be erased; no other entry orders anything. */
const ordered = (by: number): readonly ErasedDigests[] => (by === 7 ? [{ index: 3, digests: [a] }] : [])
const size = 10
const [true_, other, more, pending, own] = [
  { index: 3, digests: [a], by: 7 },
  { index: 3, digests: [a], by: 6 },
  { index: 3, digests: [a, b], by: 7 },
  { index: 3, digests: [a], by: 12 },
  { index: 5, digests: [b], kept: true as const },
]

describe('a line that names an order', () => {
  it('keeps it where that entry orders all of it, or is not here yet, and else loses it', async () => {
    expect(await vouched([true_, other, more, pending, own], { size }, ordered)).toEqual([
      true_,
      { index: 3, digests: [a] },
      { index: 3, digests: [a, b] },
      pending,
      own,
    ])
    // What names an entry below was looked at before.
    expect(await vouched([other], { from: 8, size }, ordered)).toEqual([other])
  })

  it('is listed anew in its place, as its operator’s where it lost the order', async () => {
    const lost = { index: 3, digests: [a], kept: true }
    expect(await relisted([own, other, true_], { size }, ordered, false)).toEqual({
      list: [own, lost, true_],
      claimed: [lost],
    })
    const followed = { index: 3, digests: [a] }
    expect(await relisted([own, other, true_], { size }, ordered, true)).toEqual({
      list: [own, followed, true_],
      claimed: [followed],
    })
  })

  it('is counted as long as nothing vouches for it', () => {
    expect(unvouchedIn([true_, pending, own], size)).toBe(2)
  })
})
