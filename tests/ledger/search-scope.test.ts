import { Level } from 'level'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { toBase64 } from '../../src/core/base64.ts'
import { thumbprint } from '../../src/core/jwk.ts'
import type { Ledger } from '../../src/ledger/ledger.ts'
import { everything, type SearchScope } from '../../src/ledger/lookup-scope.ts'
import type { LookupKey } from '../../src/ledger/lookup.ts'
import { type TestFolder, trialFolder } from '../support/folder.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor, sha256Hex, statement } from '../support/statements.ts'

const caseNumber = '(2026)沪0104刑初123号'
const content = 'a file that others deposit too'
const other = signerNamed('other')
let test: TestFolder
let ledger: Ledger
let own: { index: number; leafHash: string }

async function deposit(signer: typeof other, iss: string): Promise<{ index: number; leafHash: Uint8Array }> {
  const relates = own === undefined ? {} : { relates: [{ rel: 'later-version', ...own }] }
  const members = { items: [itemFor(content)], ...relates }
  const made = statement(signer, test.origin, 'evidence.deposit', members, {
    iss,
    sealed: { case: [{ number: caseNumber }], collection: { exhibit: 'EX-12' } },
  })
  return ledger.deposit(made.presentation)
}

beforeAll(async () => {
  test = await trialFolder()
  ledger = await test.open()
  const participant = { id: 'other', type: 'court', roles: ['depositor'], keys: [other.jwk] }
  const admit = statement(
    test.administrator,
    test.origin,
    'participant.admit',
    { participant },
    { iss: 'administrator' },
  )
  await ledger.deposit(admit.presentation)
  const { index, leafHash } = await deposit(test.depositor as typeof other, 'depositor')
  own = { index, leafHash: toBase64(leafHash) }
  await deposit(test.depositor as typeof other, 'depositor')
})
afterAll(async () => {
  await ledger.close()
  test.remove()
})

const keys = (): readonly (LookupKey | undefined)[] => [
  undefined,
  { by: 'digest', algorithm: 'sha256', hex: sha256Hex(content) },
  { by: 'case', number: caseNumber },
  { by: 'exhibit', number: 'EX-12' },
  { by: 'participant', id: 'depositor' },
  { by: 'participant', id: 'other' },
  { by: 'kind', kind: 'evidence.deposit' },
  { by: 'kind', kind: 'participant.admit' },
  { by: 'target', index: own.index },
  { by: 'key', thumbprint: thumbprint(test.depositor.jwk) },
  { by: 'revoked', participant: 'depositor' },
]

/** What every key finds in a scope, from several places on, and what that read of the database: keys and values too. */
async function record(scope: SearchScope): Promise<{ found: number[]; reads: number; items: number }[]> {
  const out: { found: number[]; reads: number; items: number }[] = []
  for (const key of keys()) {
    for (const [after, limit] of [
      [-1, 1],
      [-1, 1000],
      [own.index, 2],
      [10_000, 5],
    ] as const) {
      let items = 0
      const spy = vi.spyOn(Level.prototype, 'keys')
      const found = await ledger.reads.search(key, scope, after, limit)
      for (const result of spy.mock.results) items += (result.value as { count: number }).count
      out.push({ found, reads: spy.mock.calls.length, items })
      spy.mockRestore()
    }
  }
  return out
}

describe('F-M4: a search within the entries of some issuers', () => {
  it('finds, and reads, the same by every key, with 300 entries of others that match and without', async () => {
    const mine: SearchScope = { of: 'issuers', issuers: ['depositor'], others: [], mayRead: () => true }
    const before = await record(mine)
    expect(before.reduce((sum, { found }) => sum + found.length, 0)).toBeGreaterThan(20)
    await Promise.all(Array.from({ length: 300 }, () => deposit(other, 'other')))
    expect(await record(mine)).toEqual(before)
    // By each key but those that only registry entries have, others are there to be found.
    const all = await record(everything)
    expect(all.filter(({ found }, i) => found.length > (before[i]?.found.length ?? 0) + 250)).toHaveLength(7)
  })

  it('finds what is of any of several issuers, each once, in order', async () => {
    const both = await record({ of: 'issuers', issuers: ['depositor', 'other'], others: [], mayRead: () => true })
    const all = await record(everything)
    expect(both.map(({ found }) => found)).toEqual(all.map(({ found }) => found))
  })
})
