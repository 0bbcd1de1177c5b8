import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer, EntriesAnswer, ServedAnswer, StatusAnswer } from '../../src/api/answers.ts'
import type { ComposedStatement } from '../../src/statements/compose.ts'
import { releaseBy, transferMembers } from '../support/custody.ts'
import { filesWith, orderByChange, type OrderTarget, targetOf, tracesOf } from '../support/erasure.ts'
import { type Party, problemIn, showing, type TestServer, testServer } from '../support/server.ts'

/* Administrators order only together, in a change, and only what its issuer still holds. */
describe('an order to erase in a change, sent to a server', () => {
  let server: TestServer
  let deputy: Party
  let lab: Party

  const traced = (made: ComposedStatement): string[] => filesWith(server.folder.root, tracesOf(made))
  async function deposited(content: string): Promise<{ made: ComposedStatement; answer: DepositAnswer }> {
    const made = server.deposit(content, {
      sealed: { note: `about ${content}`, case: [{ number: `case ${content}` }] },
    })
    const answer = await server.post(made.presentation)
    expect(answer.status).toBe(201)
    return { made, answer: answer.json<DepositAnswer>() }
  }
  /** Hands in an order that some approved; by a depositor, for anybody may hand a change in. */
  const order = (of: readonly OrderTarget[], ...approvers: readonly Party[]) => {
    const text = orderByChange(
      server.origin,
      of,
      approvers.map(({ key }) => key),
      server.depositor,
    )
    return server.post(text)
  }
  /** Passes custody of a deposit on. */
  async function handOver(from: Party, to: Party, { index, leafHash, receipt }: DepositAnswer): Promise<void> {
    const iat = Math.floor(Date.now() / 1000)
    const exhibits = [{ index, leafHash }]
    const release = releaseBy(from.key, {
      aud: server.origin,
      iss: from.id,
      to: to.id,
      exhibits,
      since: (await server.size()) - 1,
      iat,
    })
    const statement = server.sign(to, 'custody.transfer', transferMembers(release, 'accepted', 1))
    const answer = await server.post(statement.presentation, showing(receipt))
    expect([answer.status, answer.text]).toEqual([201, expect.any(String)])
  }

  beforeAll(async () => {
    server = await testServer({ reading: 'participants' })
    deputy = await server.admit('deputy', ['administrator'])
    lab = await server.admit('lab', ['attestor', 'depositor'])
  })
  afterAll(() => server.remove())

  it('is refused with one administrator alone, or beside somebody who is none, and erases nothing', async () => {
    const { made, answer } = await deposited('alone')
    const of = [targetOf(made, answer)]
    expect(problemIn(await order(of, server.administrator)).code).toBe('approvals-missing')
    expect(problemIn(await order(of, server.administrator, lab)).code).toBe('approval-unknown')
    const authority = server.sign(server.administrator, 'erasure.order', { of }, { sealed: { basis: 'mine' } })
    expect(problemIn(await server.post(authority.presentation, showing(answer.receipt))).code).toBe('role-missing')
    expect(traced(made)).not.toEqual([])
  })

  it('is executed with two approvals, and no file of the folder holds the claims when it is answered', async () => {
    const { made, answer } = await deposited('together')
    const { made: stays } = await deposited('stays')
    const done = await order([targetOf(made, answer)], server.administrator, deputy)
    expect([done.status, done.text]).toEqual([201, expect.any(String)])
    expect(traced(made)).toEqual([])
    expect(traced(stays)).not.toEqual([])
    const { index } = done.json<DepositAnswer>()
    const path = `/v1/entries/${answer.index}/status`
    const { events } = (await server.get(path, server.depositor)).json<StatusAnswer>()
    expect(events).toMatchObject([{ index, what: 'erasure-ordered' }])
    // Those who approved learn who was served; who handed it in does not.
    for (const who of [server.administrator, deputy])
      expect((await server.get(`/v1/entries/${index}/served`, who)).json<ServedAnswer>()).toMatchObject({
        of: [answer.index],
      })
    expect((await server.get(`/v1/entries/${index}/served`, server.depositor)).status).toBe(403)
  })

  it('is for who handed it in and for auditors, and not for every participant as a change of the registry is', async () => {
    const { made, answer } = await deposited('secret')
    const done = await order([targetOf(made, answer)], server.administrator, deputy)
    const { index } = done.json<DepositAnswer>()
    const auditor = await server.admit('auditor', ['auditor'])
    const [admitted] = (await server.get('/v1/entries?kind=participant.admit', auditor)).json<EntriesAnswer>().entries
    for (const path of ['', '/receipt', '/status']) {
      const statuses = async (at: number): Promise<number[]> =>
        Promise.all(
          [lab, server.depositor, auditor].map(
            async (who) => (await server.get(`/v1/entries/${at}${path}`, who)).status,
          ),
        )
      expect({ path, statuses: await statuses(index) }).toEqual({ path, statuses: [403, 200, 200] })
      expect({ path, statuses: await statuses(admitted?.index ?? 0) }).toEqual({ path, statuses: [200, 200, 200] })
    }
    expect((await server.get(`/v1/entries/${index}`, lab)).text).not.toContain('Decision 12')
  })

  it('is refused while a unit is held by somebody else than its issuer, and taken once it is back', async () => {
    const { made, answer } = await deposited('moved')
    const { made: other, answer: place } = await deposited('not moved')
    const of = [targetOf(other, place), targetOf(made, answer)]
    await handOver(server.depositor, lab, answer)
    const refused = await order(of, server.administrator, deputy)
    expect([refused.status, problemIn(refused).code]).toEqual([expect.any(Number), 'erasure-held'])
    expect([traced(made), traced(other)].every((files) => files.length > 0)).toBe(true)
    await handOver(lab, server.depositor, answer)
    const done = await order(of, server.administrator, deputy)
    expect([done.status, done.text]).toEqual([201, expect.any(String)])
    expect([traced(made), traced(other)]).toEqual([[], []])
  })

  it('stays executed after a restart', async () => {
    const { made, answer } = await deposited('restarted')
    expect((await order([targetOf(made, answer)], deputy, server.administrator)).status).toBe(201)
    server = await server.restart()
    expect(traced(made)).toEqual([])
  })
})
