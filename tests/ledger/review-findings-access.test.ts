import { expect, it } from 'vitest'
import { type AccessState, nothingStands } from '../../src/ledger/access/standing.ts'
import { stateTerms } from '../../src/ledger/access/terms.ts'

/* Finding R4 of the hostile review: fails until it is mended. */
const leaf = new Uint8Array(32)
const leafHash = Buffer.from(leaf).toString('base64')
const to = Array.from({ length: 64 }, (_, i) => `reader-${i}`)

/** How often a grant of 64 deposits to 64 participants looks at what they may read already, `each` deposits of each. */
function looksBeside(each: number): number {
  let looks = 0
  const list = Array.from({ length: each }, (_, index) => ({
    get index() {
      looks++
      return index
    },
    iss: 'depositor',
  }))
  const access: AccessState = { ...nothingStands, letRead: new Map(to.map((id) => [id, list])) }
  const participants = new Map(['depositor', ...to].map((id) => [id, { id, roles: ['depositor'] }]))
  const target = { leafHash: leaf, kind: 'evidence.deposit', iss: 'depositor', items: 1 }
  const of = Array.from({ length: 64 }, (_, i) => ({ index: each + i, leafHash }))
  stateTerms({
    access,
    registry: { participants, keys: new Map() } as never,
    index: each + 100,
    timeMs: 1e12,
    by: 'depositor',
    terms: { rule: 'grant', of, to, basis: 'x' },
    history: { target: () => target as never },
    mayRefer: () => true,
  })
  return looks
}

it('R4: one grant goes once through what its grantees may read already, however many deposits it names', () => {
  const each = 20_000
  const looks = looksBeside(each)
  expect(looks).toBeGreaterThanOrEqual(each)
  // Once for each of them; not once more for each deposit.
  expect(looks).toBeLessThan(8 * to.length * each)
})
