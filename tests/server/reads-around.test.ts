import { Level } from 'level'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { orderByChange, type OrderTarget, targetOf } from '../support/erasure.ts'
import { type Answer, type Party, type TestServer, testServer } from '../support/server.ts'
import { itemFor } from '../support/statements.ts'

/*
 * What an entry is about is read for who may read the entry, and for nobody else: how often storage is read, and how long an answer takes, would tell a
 * stranger what kind of entry it is and how many others it names (docs/spec/11-access.md).
 */
let server: TestServer
let stranger: Party
let court: Party
let hidden: Readonly<Record<string, OrderTarget>>

beforeAll(async () => {
  server = await testServer({ reading: 'participants' })
  stranger = await server.admit('stranger', ['attestor'])
  court = await server.admit('court', ['authority', 'auditor'])
  const take = async (by: Party, kind: string, members: object, sealed: object = {}): Promise<OrderTarget> => {
    const made = server.sign(by, kind, members, { sealed: sealed as never })
    const answer = await server.post(made.presentation)
    if (answer.status !== 201) throw new Error(answer.text)
    return targetOf(made, answer.json<DepositAnswer>())
  }
  const deposits: OrderTarget[] = []
  for (let i = 0; i < 30; i++)
    deposits.push(await take(server.depositor, 'evidence.deposit', { items: [itemFor(`${i}`)] }, { note: `${i}` }))
  const named = ({ index, leafHash }: OrderTarget): object => ({ index, leafHash })
  const [deposit] = deposits as [OrderTarget, ...OrderTarget[]]
  const challenge = await take(server.depositor, 'evidence.challenge', { of: named(deposit) }, { reasons: 'why' })
  const finding = await take(
    court,
    'evidence.finding',
    { of: named(challenge), finding: 'rejected' },
    { reasons: 'because' },
  )
  const order = await take(court, 'erasure.order', { of: deposits.slice(1) }, { basis: 'Decision 1' })
  // Since a rule of access stands, rights to claims depend on what entries are about.
  await take(
    server.depositor,
    'access.rule',
    {},
    { terms: { rule: 'grant', of: [named(deposit)], to: ['court'], basis: 'b' } },
  )
  hidden = { deposit, challenge, finding, order }
})
afterAll(() => server.remove())

/** The answer, and how often storage was read for it, with nothing of it known from before. */
async function counted(ask: () => Promise<Answer>): Promise<{ text: string; reads: number[] }> {
  server = await server.restart()
  const spies = (['get', 'getMany', 'getSync', 'keys', 'iterator', 'values'] as const).map((name) =>
    vi.spyOn(Level.prototype, name),
  )
  const { status, text } = await ask()
  const reads = spies.map((spy) => spy.mock.calls.length)
  for (const spy of spies) spy.mockRestore()
  const told = text
    .replace(/"request":"[^"]*"/, '')
    .replace(/[0-9a-f-]{36}/g, 'UUID')
    .replace(/\b(entry|entries\/) ?\d+/g, '$1 N')
  return { text: `${status} ${told}`, reads }
}

/** What is asked of each of the hidden entries is answered alike, after the same reads. */
async function requireAlike(ask: (of: OrderTarget) => Promise<Answer>): Promise<void> {
  const answers: Record<string, object> = {}
  for (const [name, of] of Object.entries(hidden)) answers[name] = await counted(() => ask(of))
  const [first] = Object.values(answers)
  expect(answers).toEqual(Object.fromEntries(Object.keys(hidden).map((name) => [name, first])))
}

describe('a stranger who asks for entries that differ in what they are about', () => {
  it.each(['', '/receipt', '/status', '/custody', '/access', '/served'])(
    'is refused after the same reads: %s',
    (path) => requireAlike(({ index }) => server.get(`/v1/entries/${index}${path}`, stranger)),
  )

  it('is refused after the same reads, where it shows an entry hash that is not theirs', () =>
    requireAlike(({ index }) => {
      const wrong = encodeURIComponent(Buffer.alloc(32).toString('base64'))
      return server.get(`/v1/entries/${index}/status?entryHash=${wrong}`, stranger)
    }))

  it('is refused after the same reads, where it signs a change that orders their erasure, with approvals that nobody gave', () => {
    const { jwk, thumbprint } = server.administrator.key
    const forger = { ...stranger.key, jwk, thumbprint }
    return requireAlike((of) => server.post(orderByChange(server.origin, [of], [forger], stranger)))
  })

  it('is refused after the same reads, where it is an authority and orders their erasure', async () => {
    const other = await server.admit('other-court', ['authority'])
    await requireAlike((of) => {
      const { presentation } = server.sign(other, 'erasure.order', { of: [of] }, { sealed: { basis: 'b' } as never })
      return server.post(presentation)
    })
  })
})

it('who may read all of it is told of a hold on what a target is about', async () => {
  const { finding, deposit } = hidden as { finding: OrderTarget; deposit: OrderTarget }
  const { index, leafHash } = deposit
  const terms = { rule: 'hold', of: [{ index, leafHash }], basis: 'b' }
  const held = await server.post(server.sign(court, 'access.rule', {}, { sealed: { terms } as never }).presentation)
  expect([held.status, held.text]).toEqual([201, expect.any(String)])
  const order = server.sign(court, 'erasure.order', { of: [finding] }, { sealed: { basis: 'b' } as never })
  const answer = await server.post(order.presentation)
  expect([answer.status, answer.text]).toEqual([409, expect.stringContaining('under-hold')])
})
