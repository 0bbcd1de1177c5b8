import { expect, it } from 'vitest'
import {
  type AccessState,
  nothingStands,
  type StandingRule,
  withAbout,
  withoutTerms,
  withReader,
} from '../../src/ledger/access/standing.ts'
import { stateTerms } from '../../src/ledger/access/terms.ts'

/* Finding R4 of the hostile review: fails until it is mended. */
const leaf = new Uint8Array(32)
const leafHash = Buffer.from(leaf).toString('base64')
const to = Array.from({ length: 64 }, (_, i) => `reader-${i}`)

/** How often a grant of 64 deposits to 64 participants looks at what they may read already, `each` deposits of each. */
function looksBeside(each: number): number {
  let looks = 0
  class Counted extends Map<number, string> {
    override get(index: number): string | undefined {
      looks++
      return super.get(index)
    }
    override has(index: number): boolean {
      looks++
      return super.has(index)
    }
    override *[Symbol.iterator](): MapIterator<[number, string]> {
      for (const one of super.entries()) {
        looks++
        yield one
      }
    }
  }
  const list = new Counted(Array.from({ length: each }, (_, index) => [index, 'depositor']))
  looks = 0
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

it('R4, CR-H4: what a grant costs does not grow with what its grantees may read already', () => {
  const looks = looksBeside(20_000)
  expect(looks).toBeGreaterThan(0)
  // Some for each deposit and grantee that it names.
  expect(looks).toBeLessThan(8 * to.length * 64)
})

it('CR-H4: an order that erases terms looks a few times at each participant that they let read, and at no other deposit', () => {
  let looks = 0
  const counted = new Proxy(to, {
    get(target, name, self) {
      if (typeof name === 'string' && /^\d+$/.test(name)) looks++
      return Reflect.get(target, name, self) as unknown
    },
  })
  const [grants, deposits] = [16, 64]
  const indices = Array.from({ length: deposits }, (_, i) => i)
  const rules = Array.from({ length: grants }, (_, i): StandingRule => {
    const entry = 1000 + i
    return { rule: 'grant', entry, by: 'depositor', as: 'issuer', issuer: 'depositor', to: counted, untilMs: undefined }
  })
  let access: AccessState = { ...nothingStands, rules: new Map([...indices, 999].map((index) => [index, rules])) }
  for (const { entry } of rules) access = withAbout(access, entry, { rule: 'grant', deposits: indices })
  const read = indices.map((index) => ({ index, iss: 'depositor' }))
  for (const id of to) access = withReader(access, id, read)
  looks = 0
  const left = withoutTerms(
    access,
    rules.map(({ entry }) => entry),
    (id, index) => id === 'reader-3' && index === 5,
  )
  expect(looks).toBeLessThanOrEqual(2 * grants * deposits * to.length)
  // Who holds a deposit goes on finding it, and nobody else does.
  expect([...(left.letRead.get('reader-3') ?? [])].filter(([, iss]) => iss !== undefined)).toEqual([[5, 'depositor']])
  expect([...(left.letRead.get('reader-4') ?? [])].filter(([, iss]) => iss !== undefined)).toEqual([])
  expect([left.rules.get(5), left.rules.get(999), left.about.get(1000)]).toEqual([[], rules, undefined])
})
