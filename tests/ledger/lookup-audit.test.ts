import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { evidence } from '../support/cli.ts'
import { judgeFolder } from '../support/folder-faults.ts'
import { type TestServer, testServer } from '../support/server.ts'

/* The registry checksum covers every entry that is judged again at start, also one that changes nothing of the registry. */
describe('the audit of a ledger whose entries keep state, or change nothing', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await testServer({ reading: 'participants' })
    await server.admit('reader', ['attestor'])
    const { index, leafHash } = (await server.post(server.deposit('a file').presentation)).json<DepositAnswer>()
    const terms = { rule: 'grant', of: [{ index, leafHash }], to: ['reader'], basis: 'consent' } as never
    const grant = server.sign(server.depositor, 'access.rule', {}, { sealed: { terms } })
    const { status, text } = await server.post(grant.presentation)
    if (status !== 201) throw new Error(`the grant was answered ${status}: ${text}`)
    for (let i = 0; i < 2; i++) await server.administer('ledger.end-intake', { reason: 'period-ended' })
    await server.stop()
  })
  afterAll(() => server.remove())

  it('finds the checksum to be that of the entries, on one thread', async () => {
    expect(await judgeFolder(server.folder)).toEqual({ size: 7, codes: [] })
  })

  it('finds the same with other threads, which pass over what is plain', async () => {
    const { code, stdout } = await evidence(['verify', '--data', server.folder.root, '--json'])
    const { faults } = JSON.parse(stdout) as { faults: readonly unknown[] }
    expect([code, faults]).toEqual([0, []])
  })
})
