import { describe, expect, it } from 'vitest'
import type { Standing } from '../../src/ledger/access/reading.ts'
import {
  type AccessState,
  nothingStands,
  type StandingKind,
  withAbout,
  withoutTerms,
  withRule,
} from '../../src/ledger/access/standing.ts'
import { requireErasable as requireErasableOf } from '../../src/ledger/erasure-bars.ts'
import { emptyRegistry } from '../../src/statements/registry.ts'

const registry = emptyRegistry('court.example')
/** Entries that are about nothing but themselves. */
const requireErasable = (standing: Standing, targets: ReturnType<typeof orders>): void =>
  requireErasableOf(standing, targets, () => ({ of: [], isWhole: true }))
const orders = (...indices: number[]) => indices.map((index) => ({ index, leafHash: '', digests: ['a'] }))
const standing = (access: AccessState, nowMs = 0): Standing => ({ registry, access, nowMs })

/** Entry `entry` set a rule on deposit 5. */
function after(rule: StandingKind, entry: number, untilMs?: number): AccessState {
  const stated = withAbout(nothingStands, entry, { rule, deposits: [5] })
  return withRule(stated, 5, { rule, entry, by: 'court', as: 'authority', issuer: 'x', to: [], untilMs })
}

describe('what bars an erasure', () => {
  it('is nothing where nothing stands', () => {
    expect(() => requireErasable(standing(nothingStands), orders(3, 5))).not.toThrow()
  })

  it('is a hold on the deposit, until it ends', () => {
    const access = after('hold', 9, 1000)
    expect(() => requireErasable(standing(access), orders(3))).not.toThrow()
    expect(() => requireErasable(standing(access, 999), orders(3, 5))).toThrow(
      'claims of entry 5 are not erased: it is under the hold of entry 9',
    )
    expect(() => requireErasable(standing(access, 1000), orders(5, 9))).not.toThrow()
  })

  it('is that the terms are of a seal or hold that stands, and of no grant', () => {
    for (const rule of ['seal', 'hold'] as const)
      expect(() => requireErasable(standing(after(rule, 9)), orders(9))).toThrow('rests on')
    expect(() => requireErasable(standing(after('grant', 9)), orders(9))).not.toThrow()
    // A deposit that sealed itself.
    expect(() => requireErasable(standing(after('seal', 5)), orders(5))).toThrow('rests on')
  })

  it('is that the terms ended a rule', () => {
    for (const rule of ['end', 'unseal', 'unhold'] as const) {
      const access = withAbout(nothingStands, 9, { rule, deposits: [5] })
      expect(() => requireErasable(standing(access), orders(9))).toThrow('would stand again')
    }
  })
})

it('a grant whose terms are erased stands no more', () => {
  const left = withoutTerms(after('grant', 9), [9], () => false)
  expect(left.rules.get(5)).toEqual([])
})
