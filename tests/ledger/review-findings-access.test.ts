import { expect, it } from 'vitest'
import { type AccessState, nothingStands } from '../../src/ledger/access/standing.ts'
import { stateTerms } from '../../src/ledger/access/terms.ts'

/* Finding R4 of the hostile review: fails until it is mended. */
const leaf = new Uint8Array(32)
const leafHash = Buffer.from(leaf).toString('base64')
const to = Array.from({ length: 64 }, (_, i) => `reader-${i}`)

/** Milliseconds that one grant of 64 deposits to 64 participants keeps the writer, who may read `each` deposits already. */
function costBeside(each: number): number {
  const list = Array.from({ length: each }, (_, index) => ({ index, iss: 'depositor' }))
  const access: AccessState = { ...nothingStands, letRead: new Map(to.map((id) => [id, list])) }
  const participants = new Map(['depositor', ...to].map((id) => [id, { id, roles: ['depositor'] }]))
  const target = { leafHash: leaf, kind: 'evidence.deposit', iss: 'depositor', items: 1 }
  const of = Array.from({ length: 64 }, (_, i) => ({ index: each + i, leafHash }))
  const begun = performance.now()
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
  return performance.now() - begun
}

it('R4: one grant keeps the writer, and everybody with it, no longer where its grantees may read much already', () => {
  costBeside(10)
  const [little, much] = [costBeside(100), costBeside(20_000)]
  expect({ much: much > 250 && much > 10 * little, ms: Math.round(much) }).toMatchObject({ much: false })
}, 120_000)
