import { describe, expect, it } from 'vitest'
import { nothingStands, withAbout, withTermsGone } from '../../src/ledger/access/standing.ts'
import { followSubjects, maxSubjects, ruledBy, type Subjects } from '../../src/ledger/access/subjects.ts'

/** Follows from entry 1000 on, by what each entry is about; counts what is read. */
async function follow(
  first: readonly number[],
  about: (index: number) => readonly number[] | undefined,
): Promise<Subjects & { readonly reads: number }> {
  let reads = 0
  const subjects = await followSubjects(first, (indices) => {
    reads += indices.length
    return Promise.resolve(indices.map(about))
  })
  return { ...subjects, reads }
}

describe('the subjects of an entry', () => {
  it('are all that it is about at any remove, each read once', async () => {
    const about: Record<number, readonly number[]> = { 9: [7, 8], 8: [7, 3], 7: [2], 3: [2] }
    const { of, isWhole, reads } = await follow([9, 8], (index) => about[index] ?? [])
    expect([[...of].sort((a, b) => a - b), isWhole, reads]).toEqual([[2, 3, 7, 8, 9], true, 5])
    expect(await follow([], () => [])).toEqual({ of: [], isWhole: true, reads: 0 })
  })

  it('are not known where one cannot be read', async () => {
    expect(await follow([9], (index) => (index === 9 ? [4, 5] : index === 4 ? undefined : []))).toMatchObject({
      isWhole: false,
      of: [9, 4, 5],
    })
  })

  it('are not known beyond so many, of which no more are read', async () => {
    const chain = await follow([100_000], (index) => [index - 1])
    expect(chain.isWhole).toBe(false)
    expect(chain.reads).toBeLessThanOrEqual(maxSubjects)
    const wide = await follow([100_000], (index) => Array.from({ length: 64 }, (_, i) => index * 64 - i - 1))
    expect(wide.isWhole).toBe(false)
    expect(wide.reads).toBeLessThanOrEqual(maxSubjects)
    const fits = Array.from({ length: maxSubjects }, (_, i) => i)
    expect(await follow(fits, () => [])).toMatchObject({ isWhole: true, reads: maxSubjects })
  })

  it('take in the deposits that terms among them are about, and are not known where those terms are gone', () => {
    const stated = withAbout(nothingStands, 9, { rule: 'grant', deposits: [2, 3] })
    expect(ruledBy(stated, 12, { of: [9], isWhole: true })).toEqual({ of: [12, 9, 2, 3], isWhole: true })
    expect(ruledBy(stated, 9, { of: [], isWhole: true })).toEqual({ of: [9, 2, 3], isWhole: true })
    expect(ruledBy(withTermsGone(stated, 9), 12, { of: [9], isWhole: true })).toEqual({ of: [12, 9], isWhole: false })
  })
})
