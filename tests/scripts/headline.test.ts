import { describe, expect, it } from 'vitest'
import { headline } from '../../cli/render/later.ts'
import type { OnlineStatus } from '../../src/check/steps/later.ts'

/* What a check of a file or folder says first (docs/spec/15-status.md). Of a package: tests/interop/unjudged-packages.test.ts. */
function told(flagged: boolean, ...events: readonly object[]): string[] {
  const online = { url: 'http://ledger', size: 9, flagged, events, faults: [], unjudged: [] }
  return headline(online as unknown as OnlineStatus, { item: 0 }).map(({ text }) => text.split(':')[0] as string)
}
const retracted = { proven: true, what: 'retracted', index: 5, time: '2026-11-21T09:31:30.000Z', code: 'mistake' }

describe('R8: what a check of a file says first', () => {
  it('is that it was retracted, then that its key is compromised; neither hides the other', () => {
    expect(told(true, retracted)).toEqual(['RETRACTED', 'KEY COMPROMISED'])
    expect(told(true, { ...retracted, what: 'part-retracted', item: 0 })).toEqual(['RETRACTED', 'KEY COMPROMISED'])
    expect(told(true)).toEqual(['KEY COMPROMISED'])
    expect(told(false, retracted)).toEqual(['RETRACTED'])
    expect(told(true, { ...retracted, proven: false })).toEqual(['KEY COMPROMISED'])
    expect(told(false)).toEqual([])
  })
})
