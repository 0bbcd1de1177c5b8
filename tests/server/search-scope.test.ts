import { randomUUID } from 'node:crypto'
import { Level } from 'level'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { DepositAnswer, EntriesAnswer } from '../../src/api/answers.ts'
import { approve, changeMembers, composeProposal } from '../../src/statements/approval-file.ts'
import { type Party, showing, type TestServer, testServer } from '../support/server.ts'
import { orderByChange, targetOf } from '../support/erasure.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor, sha256Hex } from '../support/statements.ts'

const caseNumber = '(2026)沪0104刑初123号'
const exhibit = 'EX-12'
const content = 'a file that others deposit too'
const hiddenEntries = 300

let server: TestServer
let other: Party
let auditor: Party
let second: Party
let openChange: number
/** An entry of the reader's own, to which others refer. */
let own: DepositAnswer

/** A deposit that every key of a search has in common. */
function alike(signer?: Party): string {
  const sealed = { case: [{ number: caseNumber }], collection: { exhibit } }
  if (signer === undefined) return server.deposit(content, { sealed }).presentation
  const { index, leafHash } = own
  const members = { items: [itemFor(content)], relates: [{ rel: 'later-version', index, leafHash }] }
  return server.sign(signer, 'evidence.deposit', members, { sealed }).presentation
}

beforeAll(async () => {
  server = await testServer({ reading: 'participants' })
  other = await server.admit('other', ['depositor'])
  auditor = await server.admit('auditor', ['auditor'])
  own = (await server.post(alike())).json<DepositAnswer>()
  await server.post(server.deposit('something else').presentation)
  await server.post(alike())
  // A change that every participant reads, beside those of which none is told.
  second = await server.admit('second', ['administrator'])
  const participant = { id: 'approved', type: 'court', roles: ['auditor'], keys: [signerNamed('approved').jwk] }
  const place = { aud: server.origin, jti: randomUUID(), exp: Math.floor(Date.now() / 1000) + 3600 }
  const proposal = composeProposal({ ...place, kind: 'participant.admit' }, { participant })
  const members = changeMembers(approve(proposal, server.administrator.key))
  const answer = await server.post(server.sign(server.administrator, 'ledger.change', members).presentation)
  if (answer.status !== 201) throw new Error(answer.text)
  openChange = answer.json<DepositAnswer>().index
})
afterAll(() => server.remove())
afterEach(() => vi.restoreAllMocks())

const queries: Readonly<Record<string, string>> = {
  digest: `digest=sha256:${sha256Hex(content)}`,
  'another digest': `digest=sha256:${sha256Hex('never deposited')}`,
  case: `case=${encodeURIComponent(caseNumber)}`,
  'another case': 'case=none',
  exhibit: `exhibit=${exhibit}`,
  'another exhibit': 'exhibit=none',
  'exhibit of the case': `exhibit=${exhibit}&case=${encodeURIComponent(caseNumber)}`,
  'own participant': 'participant=depositor',
  'another participant': 'participant=other',
  'kind of deposits': 'kind=evidence.deposit',
  'kind of attestations': 'kind=evidence.attest',
  'kind of admissions': 'kind=participant.admit',
  'kind of changes': 'kind=ledger.change',
  'changes of another': 'kind=ledger.change&participant=other',
  'changes of an administrator': 'kind=ledger.change&participant=administrator',
  'kind of orders': 'kind=erasure.order',
  'every entry': 'limit=1000',
}
const pages = ['', '&limit=1', '&limit=2', '&after=0&limit=1', '&after=4', '&after=100000']

/** Every answer of a reader, as bytes, and what the database was asked for each, by its methods. */
async function record(reader: Party): Promise<Record<string, { body: string; asked: Record<string, number> }>> {
  const out: Record<string, { body: string; asked: Record<string, number> }> = {}
  for (const [name, query] of Object.entries(queries)) {
    for (const page of query.includes('limit') ? [''] : pages) {
      const spies = (['get', 'getMany', 'getSync', 'keys', 'iterator', 'values'] as const).map((method) => ({
        method,
        // Calls through: it only counts.
        spy: vi.spyOn(Level.prototype, method),
      }))
      const answer = await server.get(`/v1/entries?${query}${page}`, reader)
      expect(answer.status).toBe(200)
      const asked = Object.fromEntries(spies.map(({ method, spy }) => [method, spy.mock.calls.length]))
      out[`${name}${page}`] = { body: answer.text, asked }
      for (const { spy } of spies) spy.mockRestore()
    }
  }
  return out
}

const indicesOf = (body: string): number[] => (JSON.parse(body) as EntriesAnswer).entries.map(({ index }) => index)

describe('F-M4: a search tells nothing of entries that its reader may not read', () => {
  it('answers the same bytes after the same reads, with 300 entries of others that match and without', async () => {
    const before = await record(server.depositor)
    expect(Object.values(before).some(({ asked }) => (asked['keys'] as number) > 0)).toBe(true)
    for (let i = 0; i < hiddenEntries; i += 50) {
      await server.batch(
        Array.from({ length: 50 }, () => alike(other)),
        showing(own.receipt),
      )
    }
    const of = { index: own.index, leafHash: own.leafHash }
    for (let i = 0; i < 20; i++)
      await server.post(server.sign(other, 'evidence.attest', { of, as: 'witness' }).presentation)
    const orders: number[] = []
    for (let i = 0; i < 3; i++) {
      const made = server.sign(other, 'evidence.deposit', { items: [itemFor('z')] }, { sealed: { note: 'z' } })
      const target = targetOf(made, (await server.post(made.presentation)).json<DepositAnswer>())
      const approvers = [server.administrator.key, second.key]
      const answer = await server.post(orderByChange(server.origin, [target], approvers, other))
      orders.push(answer.json<DepositAnswer>().index)
    }
    expect(await record(server.depositor)).toEqual(before)
    // They are there, and would have been found.
    for (const query of [
      'digest',
      'case',
      'exhibit',
      'exhibit of the case',
      'another participant',
      'kind of deposits',
    ]) {
      const found = await server.get(`/v1/entries?${queries[query] as string}&limit=1000`, auditor)
      expect(indicesOf(found.text).length).toBeGreaterThanOrEqual(hiddenEntries)
    }
    const changes = await server.get('/v1/entries?kind=ledger.change', auditor)
    expect(indicesOf(changes.text)).toEqual([openChange, ...orders])
    const theirs = await server.get('/v1/entries?kind=ledger.change', other)
    expect(indicesOf(theirs.text)).toEqual([openChange, ...orders])
    const all = await server.get('/v1/entries?participant=other&limit=1000', other)
    expect(indicesOf(all.text)).toEqual(expect.arrayContaining(orders))
    const open = await server.get('/v1/entries?kind=ledger.change', server.depositor)
    expect(indicesOf(open.text)).toEqual([openChange])
  })

  it('goes from page to page over own entries alone, wherever others lie between them', async () => {
    await server.post(alike())
    await server.batch(
      Array.from({ length: 40 }, () => alike(other)),
      showing(own.receipt),
    )
    const last = (await server.post(alike())).json<DepositAnswer>()
    for (const [name, query] of Object.entries(queries)) {
      const whole = (
        await server.get(`/v1/entries?${query}${query.includes('limit') ? '' : '&limit=1000'}`, server.depositor)
      ).text
      expect((JSON.parse(whole) as EntriesAnswer).next).toBeNull()
      const walked: number[] = []
      for (let after: number | null = -1; after !== null; ) {
        const base = query.includes('limit') ? '' : `${query}&`
        const from: string = after === -1 ? '' : `&after=${after}`
        const page: EntriesAnswer = (
          await server.get(`/v1/entries?${base}limit=2${from}`, server.depositor)
        ).json<EntriesAnswer>()
        walked.push(...page.entries.map(({ index }) => index))
        // A cursor is an entry that was shown, and there is one only where another follows; or one that was read and is of another kind.
        expect(
          page.next === null ||
            name === 'changes of an administrator' ||
            (page.entries.length === 2 && page.next === walked[walked.length - 1]),
        ).toBe(true)
        after = page.next
      }
      expect([name, walked]).toEqual([name, indicesOf(whole)])
    }
    const mine = indicesOf((await server.get(`/v1/entries?${queries['digest'] as string}`, server.depositor)).text)
    expect(mine).toHaveLength(4)
    expect(mine[3]).toBe(last.index)
  })

  it('finds everything for a reader who may read everything, in order, through entries of many', async () => {
    const all: number[] = []
    for (let after: number | null = -1; after !== null; ) {
      const from: string = after === -1 ? '' : `&after=${after}`
      const page: EntriesAnswer = (
        await server.get(`/v1/entries?${queries['digest'] as string}&limit=37${from}`, auditor)
      ).json<EntriesAnswer>()
      all.push(...page.entries.map(({ index }) => index))
      after = page.next
    }
    expect(all).toEqual([...new Set(all)].sort((a, b) => a - b))
    expect(all).toHaveLength(hiddenEntries + 40 + 4)
  })
})
