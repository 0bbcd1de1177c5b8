import { describe, expect, it } from 'vitest'
import { requireErasable } from '../../src/ledger/erasure-bars.ts'
import { emptyRegistry } from '../../src/statements/registry.ts'

const registry = emptyRegistry('court.example')
const targets = [3, 5].map((index) => ({ index, leafHash: '', digests: ['a'] }))

describe('what bars an erasure', () => {
  it('is nothing as yet', () => {
    expect(() => requireErasable(registry, targets)).not.toThrow()
  })

  it('is asked of each target, and refuses the order', () => {
    const bar = (_: unknown, { index }: { readonly index: number }): string | undefined =>
      index === 5 ? 'a court holds it' : undefined
    expect(() => requireErasable(registry, targets.slice(0, 1), [bar])).not.toThrow()
    expect(() => requireErasable(registry, targets, [bar])).toThrow(
      'claims of entry 5 are not erased: a court holds it',
    )
  })
})
