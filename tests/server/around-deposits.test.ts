import { Level } from 'level'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { AccessAnswer, DepositAnswer, EntriesAnswer, EntryAnswer } from '../../src/api/answers.ts'
import type { ComposedStatement } from '../../src/statements/compose.ts'
import { type Answer, type Party, problemIn, showing, type TestServer, testServer } from '../support/server.ts'
import { releaseBy, transferMembers } from '../support/custody.ts'

/* Seals and holds reach whatever is about a deposit, at any remove; and what erased terms leave to those who read by another right. */
let server: TestServer
afterEach(() => server.remove())

interface Made {
  readonly made: ComposedStatement
  readonly at: DepositAnswer
}
const named = ({ at: { index, leafHash } }: Made): { index: number; leafHash: string } => ({ index, leafHash })
async function say(by: Party, kind: string, members: object, sealed: object, ...shown: readonly Made[]): Promise<Made> {
  const made = server.sign(by, kind, members, { sealed: sealed as never })
  const receipts = shown.map(({ at }) => at.receipt)
  const answer = await server.post(made.presentation, receipts[0] === undefined ? {} : showing(receipts[0]))
  if (answer.status !== 201) throw new Error(`${kind}: ${answer.status} ${answer.text}`)
  return { made, at: answer.json<DepositAnswer>() }
}
const rule = (by: Party, terms: object): Promise<Made> =>
  say(by, 'access.rule', {}, { terms: { basis: 'order 17', ...terms } })
const order = (by: Party, target: Made): Promise<Answer> => {
  const digests = target.made.disclosures.map(({ digest }) => digest)
  const made = server.sign(
    by,
    'erasure.order',
    { of: [{ ...named(target), digests }] },
    { sealed: { basis: 'Decision' } },
  )
  return server.post(made.presentation, showing(target.at.receipt))
}
async function deposited(content: string, sealed: object = { note: content }): Promise<Made> {
  const made = server.deposit(content, { sealed: sealed as never })
  return { made, at: (await server.post(made.presentation)).json<DepositAnswer>() }
}
async function claims(reader: Party, { at }: Made): Promise<number | string> {
  const answer = await server.get(`/v1/entries/${at.index}`, reader)
  return answer.status === 200 ? Object.keys(answer.json<EntryAnswer>().claims).length : answer.status
}
async function found(reader: Party, query: string): Promise<number> {
  return (await server.get(`/v1/entries?${query}`, reader)).json<EntriesAnswer>().entries.length
}
const codeOf = (answer: Answer): string | number => (answer.status === 201 ? 201 : problemIn(answer).code)

describe('CR-H2: what is about a deposit at any remove', () => {
  async function tree(): Promise<
    Record<'of' | 'challenge' | 'finding' | 'order' | 'grant' | 'ofGrant' | 'above', Made>
  > {
    const court = await server.admit('court', ['authority'])
    const of = await deposited('a telephone')
    const reasons = { reasons: 'on what ground' }
    const challenge = await say(server.depositor, 'evidence.challenge', { of: named(of) }, reasons)
    const finding = await say(
      court,
      'evidence.finding',
      { of: named(challenge), finding: 'dismissed' },
      reasons,
      challenge,
    )
    const event = await say(server.depositor, 'evidence.event', { of: named(of), event: 'examined' }, { note: 'n' })
    const erased = (one: Made): object => ({
      of: [{ ...named(one), digests: one.made.disclosures.map(({ digest }) => digest) }],
    })
    const basis = { basis: 'Decision 12 names what it found' }
    const ordered = await say(court, 'erasure.order', erased(event), basis, event)
    const grant = await rule(server.depositor, { rule: 'grant', of: [named(of)], to: ['court'] })
    const ofGrant = await say(court, 'erasure.order', erased(grant), basis, grant)
    const other = await server.admit('other', ['authority'])
    const above = await say(other, 'erasure.order', erased(ordered), basis, ordered)
    return { of, challenge, finding, order: ordered, grant, ofGrant, above }
  }

  it('is closed by a seal on the deposit: findings on challenges, orders on records and on rules, and orders on those', async () => {
    server = await testServer({ reading: 'participants' })
    const made = await tree()
    const auditor = await server.admit('auditor', ['auditor'])
    const all = [made.challenge, made.finding, made.ofGrant, made.above]
    const shown = async (): Promise<unknown[]> => Promise.all(all.map((one) => claims(auditor, one)))
    expect(await shown()).toEqual([1, 1, 1, 1])
    const court = { id: 'court', key: (await server.admit('bench', ['authority'])).key }
    await rule({ ...court, id: 'bench' }, { rule: 'seal', of: [named(made.of)] })
    expect(await shown()).toEqual([0, 0, 0, 0])
    server = await server.restart()
    expect(await shown()).toEqual([0, 0, 0, 0])
  })

  it('is kept by a hold on the deposit', async () => {
    server = await testServer({ reading: 'participants' })
    const made = await tree()
    const third = await server.admit('third', ['authority'])
    const bench = await server.admit('bench', ['authority'])
    await rule(bench, { rule: 'hold', of: [named(made.of)] })
    for (const one of [made.challenge, made.finding, made.ofGrant, made.above])
      expect([one.at.index, codeOf(await order(third, one))]).toEqual([one.at.index, 'under-hold'])
    // What is about another deposit is nobody's under that hold.
    const free = await deposited('another')
    const challenge = await say(server.depositor, 'evidence.challenge', { of: named(free) }, { reasons: 'x' })
    expect(codeOf(await order(third, challenge))).toBe(201)
  })

  it('is kept too where the order comes in one group with the hold', async () => {
    server = await testServer({ reading: 'participants' })
    const bench = await server.admit('bench', ['authority'])
    const of = await deposited('a telephone')
    const challenge = await say(server.depositor, 'evidence.challenge', { of: named(of) }, { reasons: 'x' })
    const sealed = { reasons: 'r' }
    const finding = await say(bench, 'evidence.finding', { of: named(challenge), finding: 'x' }, sealed, challenge)
    const terms = { rule: 'hold', of: [named(of)], basis: 'order 17' }
    const digests = finding.made.disclosures.map(({ digest }) => digest)
    const lines = [
      server.sign(bench, 'access.rule', {}, { sealed: { terms: terms as never } }),
      server.sign(bench, 'erasure.order', { of: [{ ...named(finding), digests }] }, { sealed: { basis: 'Decision' } }),
    ]
    const answers = await server.batch(lines.map(({ presentation }) => presentation))
    expect(answers.map(({ code, status }) => code ?? status)).toEqual([201, 'under-hold'])
  })

  it('reading it under a seal is written down', async () => {
    server = await testServer({ reading: 'participants' })
    const made = await tree()
    const bench = await server.admit('bench', ['authority'])
    await rule(bench, { rule: 'seal', of: [named(made.of)] })
    expect(await claims(server.depositor, made.challenge)).toBe(1)
    const day = new Date().toISOString().slice(0, 10)
    expect((await server.get(`/v1/readings?day=${day}`, bench)).text).toContain(`"index":${made.challenge.at.index},`)
  })
})

it('CR-H2: what a stranger’s question about a record reads is the same, whether its deposit is sealed or not, or anything is', async () => {
  server = await testServer({ reading: 'participants' })
  const [stranger, bench] = [await server.admit('stranger', ['depositor']), await server.admit('bench', ['authority'])]
  const challenged = async (): Promise<{ of: Made; challenge: Made; finding: Made }> => {
    const of = await deposited('a telephone')
    const challenge = await say(server.depositor, 'evidence.challenge', { of: named(of) }, { reasons: 'x' })
    const finding = { of: named(challenge), finding: 'dismissed' }
    return { of, challenge, finding: await say(bench, 'evidence.finding', finding, { reasons: 'r' }, challenge) }
  }
  const asked = async ({ finding: { at } }: { finding: Made }): Promise<string> => {
    const spies = (['get', 'getMany', 'getSync', 'keys', 'iterator', 'values'] as const).map((name) =>
      vi.spyOn(Level.prototype, name),
    )
    try {
      const answer = await server.get(`/v1/entries/${at.index}`, stranger)
      const text = answer.text.replace(/"request":"[^"]*"/, '').replaceAll(String(at.index), 'N')
      return `${answer.status} ${text} ${spies.map((spy) => spy.mock.calls.length).join(' ')}`
    } finally {
      for (const spy of spies) spy.mockRestore()
    }
  }
  const [bare, sealed, open] = [await challenged(), await challenged(), await challenged()]
  const before = await asked(bare)
  await rule(bench, { rule: 'seal', of: [named(sealed.of)] })
  const [ofSealed, ofOpen] = [await asked(sealed), await asked(open)]
  expect(ofSealed).toBe(ofOpen)
  expect(ofSealed).toBe(before)
})

describe('CR-M2: an erased grant', () => {
  it('hides nothing from the searches of who holds the deposit, or sealed it', async () => {
    server = await testServer({ reading: 'participants' })
    const lab = await server.admit('lab', ['attestor'])
    const [court, other] = [await server.admit('court', ['authority']), await server.admit('other', ['authority'])]
    const collection = { collection: { exhibit: 'EX-1' } }
    const of = await deposited('a telephone', collection)
    const grant = await rule(server.depositor, { rule: 'grant', of: [named(of)], to: ['lab', 'court'] })
    const place = { aud: server.origin, iss: 'depositor', to: 'lab', exhibits: [named(of)] }
    const iat = Math.floor(Date.now() / 1000)
    const release = releaseBy(server.depositor.key, { ...place, since: (await server.size()) - 1, iat })
    await say(lab, 'custody.transfer', transferMembers(release, 'accepted', 1), {})
    await rule(court, { rule: 'seal', of: [named(of)] })
    expect(codeOf(await order(other, grant))).toBe(201)
    const finds = async (): Promise<number[]> => [await found(lab, 'exhibit=EX-1'), await found(court, 'exhibit=EX-1')]
    expect(await finds()).toEqual([1, 1])
    server = await server.restart()
    expect(await finds()).toEqual([1, 1])
  })
})

it('CR-M12: an authority is shown what it may end, and grants under its seal whatever the issuer granted', async () => {
  server = await testServer({ reading: 'participants' })
  const [court, other] = [await server.admit('court', ['authority']), await server.admit('other', ['authority'])]
  const of = await deposited('a telephone')
  await rule(server.depositor, { rule: 'grant', of: [named(of)], to: ['other'] })
  await rule(court, { rule: 'seal', of: [named(of)] })
  const shown = async (reader: Party): Promise<string[]> =>
    (await server.get(`/v1/entries/${of.at.index}/access`, reader))
      .json<AccessAnswer>()
      .rules.map((one) => `${one.rule} by ${one.by}`)
  expect(await shown(court)).toEqual(['grant by depositor', 'seal by court'])
  // Not the seal of another authority, which it may not lift.
  expect(await shown(other)).toEqual(['grant by depositor'])
})
