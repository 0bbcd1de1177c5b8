import { describe, expect, it } from 'vitest'
import { compareFolder } from '../../src/check/steps/compare.ts'
import { utf8 } from '../../src/core/bytes.ts'

describe('R8: a comparison of a folder', () => {
  it('tells which file is at hand before it is read, and how many are done after', async () => {
    const told: (string | number)[] = []
    const names = ['a.txt', 'missing.txt', 'z.txt']
    const files = ['a.txt', 'z.txt'].map((name) => ({
      name: utf8(name),
      sha256: () => {
        told.push(`reads ${name}`)
        return Promise.resolve('00')
      },
    }))
    const lines = names.map((name) => ({ path: utf8(name), sha256: '00' }))
    const progress = { of: (name: string) => void told.push(name), update: (done: number) => void told.push(done) }
    await compareFolder('folder', { files, skipped: [], unreadable: [] }, lines, progress)
    expect(told).toEqual(['a.txt', 'reads a.txt', 1, 'missing.txt', 2, 'z.txt', 'reads z.txt', 3])
  })
})
