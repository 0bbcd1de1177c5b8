import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer, ServedAnswer } from '../../src/api/answers.ts'
import type { ComposedStatement } from '../../src/statements/compose.ts'
import { type Party, problemIn, showing, type TestServer, testServer } from '../support/server.ts'

/* Who ordered claims to be erased learns to whom the ledger showed them, as far as it knows. */
describe('who was served what an order erases', () => {
  let server: TestServer
  const parties = {} as Record<'court' | 'other' | 'lab' | 'reader' | 'auditor', Party>
  let made: ComposedStatement
  let deposited: DepositAnswer
  let order: DepositAnswer

  const sent = async (statement: ComposedStatement, shown?: string): Promise<DepositAnswer> => {
    const answer = await server.post(statement.presentation, shown === undefined ? {} : showing(shown))
    expect([answer.status, answer.text]).toEqual([201, expect.any(String)])
    return answer.json<DepositAnswer>()
  }
  const rule = (by: Party, terms: object): Promise<DepositAnswer> => {
    const { index, leafHash } = deposited
    const sealed = { terms: { of: [{ index, leafHash }], basis: 'order 9', ...terms } }
    return sent(server.sign(by, 'access.rule', {}, { sealed: sealed as never }), deposited.receipt)
  }
  const read = (who: Party): Promise<unknown> => server.get(`/v1/entries/${deposited.index}`, who)
  const served = async (who?: Party, index = order.index, query = ''): Promise<unknown> => {
    const path = `/v1/entries/${index}/served${query}`
    const answer = who === undefined ? await server.request(path) : await server.get(path, who)
    return answer.status === 200 ? answer.json<ServedAnswer>() : [answer.status, problemIn(answer).code]
  }

  beforeAll(async () => {
    server = await testServer({ reading: 'participants' })
    const roles = { court: 'authority', other: 'authority', lab: 'attestor', reader: 'depositor', auditor: 'auditor' }
    for (const [id, role] of Object.entries(roles)) parties[id as keyof typeof parties] = await server.admit(id, [role])
    made = server.deposit('evidence', { sealed: { note: 'about it', case: [{ number: '7' }] } })
    deposited = (await server.post(made.presentation)).json<DepositAnswer>()
    const { court, lab, reader } = parties
    // Before any seal nothing is written down.
    await rule(server.depositor, { rule: 'grant', to: ['reader'] })
    await read(reader)
    await rule(court, { rule: 'seal' })
    await read(reader)
    await rule(court, { rule: 'grant', to: ['lab'] })
    await read(lab)
    await read(lab)
    await server.get(`/v1/entries?case=7`, lab)
    await read(parties.auditor)
  })
  afterAll(() => server.remove())

  it('is told to the authority that ordered, whose seal it was or not, and to nobody else', async () => {
    const { index, leafHash, receipt } = deposited
    const of = [{ index, leafHash, digests: made.disclosures.map(({ digest }) => digest) }]
    const statement = server.sign(parties.other, 'erasure.order', { of }, { sealed: { basis: 'Decision 12' } })
    order = await sent(statement, receipt)
    const said = (await served(parties.other)) as ServedAnswer
    expect(said).toMatchObject({ index: order.index, of: [index], next: null })
    expect(said.served.map(({ reader, shown, times, ...one }) => [one.index, reader, shown, times])).toEqual([
      [index, 'lab', 'claims', 2],
      [index, 'lab', 'found', 1],
    ])
    expect(said.notKnown).toEqual(['unsealed', 'copies', 'passed-on'])
    for (const who of [parties.court, parties.lab, parties.auditor, server.depositor, server.administrator])
      expect(await served(who)).toEqual([403, 'not-permitted'])
    expect(await served()).toEqual([401, 'not-authenticated'])
  })

  it('is asked of an order alone, and a day at a time', async () => {
    expect(await served(parties.other, deposited.index)).toEqual([403, 'not-permitted'])
    expect(await served(parties.other, order.index, '?after=2020-01-01')).toMatchObject({ served: [{}, {}] })
    expect(await served(parties.other, order.index, '?after=9999-01-01')).toMatchObject({ served: [], next: null })
    expect(await served(parties.other, order.index, '?after=yesterday')).toEqual([400, 'query-invalid'])
  })
})
