import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { releaseBy, transferMembers } from '../support/custody.ts'
import { evidence } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Party, showing, testServer } from '../support/server.ts'

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

/** A deposit that was moved by order although something differs, and what may be done with it since. */
async function movedByOrder() {
  const { path, remove } = temporaryFolder()
  const server = await testServer({ reading: 'participants' })
  ends.push(() => server.remove(), remove)
  const admit = (id: string, role: string): Promise<Party> => server.admit(id, [role])
  const [court, other, lab, second] = await Promise.all([
    admit('court', 'authority'),
    admit('court-two', 'authority'),
    admit('lab', 'attestor'),
    admit('lab-two', 'attestor'),
  ])
  const answer = await server.post(server.deposit('x').presentation)
  const { index, leafHash, receipt } = answer.json<DepositAnswer>()
  writeFileSync(join(path, 'd.tlog-proof'), receipt as string)
  const give = async (from: Party, to: Party, inLieu?: string, outcome = 'accepted', more: object = {}) => {
    const told = { aud: server.origin, iss: from.id, to: to.id, exhibits: [{ index, leafHash }] }
    const times = { since: (await server.size()) - 1, iat: Math.floor(Date.now() / 1000) }
    const release = releaseBy(from.key, { ...told, ...times, ...(inLieu === undefined ? {} : { inLieu }) })
    const made = server.sign(to, 'custody.transfer', transferMembers(release, outcome, 1, more))
    const sent = await server.post(made.presentation, inLieu === undefined ? undefined : showing(receipt))
    expect([sent.status, sent.text]).toEqual([201, expect.any(String)])
  }
  await give(court, lab, 'court-order', 'accepted', { checked: ['differs'] })
  const run = (...args: string[]) =>
    evidence(args, { cwd: path, env: { EVIDENCE_URL: server.url, EVIDENCE_POLICY: server.folder.folder.policy } })
  const key = ['--key', server.folder.folder.depositorKey, '--id', 'depositor']
  const asked = async (): Promise<string> => (await run('check', 'd.pdf', '--online', ...key)).stdout
  const certify = async (): Promise<string> => {
    const made = await run('certificate', 'd.tlog-proof', '--out', 'd.pdf', '--online', ...key)
    expect([made.code, made.stdout]).toEqual([0, expect.any(String)])
    const online = await run('check', 'd.pdf', '--online', ...key)
    expect([online.code, online.stdout]).toEqual([0, expect.any(String)])
    return (await run('check', 'd.pdf')).stdout
  }
  return { give, certify, asked, court: other, lab, second }
}

describe('a certificate after a flood of entries', () => {
  it('H5: tells a move by order after fifty-one ordinary hand-overs', async () => {
    const { give, certify, asked, lab, second } = await movedByOrder()
    for (let i = 0; i < 51; i++) await (i % 2 === 0 ? give(lab, second) : give(second, lab))
    const text = await certify()
    expect(text).toContain('moved by order, without the holder’s signature')
    expect(text).toContain('accepted although something differs')
    expect(text).toContain('custodian lab-two, through entry')
    await give(second, lab)
    expect(await asked()).toContain(
      'custodian NOT STATED: the ledger proves 1 step of custody that the certificate does not',
    )
  }, 120_000)

  it('H5b: names the custodian that an order gave it to after fifty orders that were refused', async () => {
    const { give, certify, court, second } = await movedByOrder()
    for (let i = 0; i < 50; i++) await give(court, second, 'court-order', 'rejected', { reason: 'not-expected' })
    const text = await certify()
    expect(text).toContain('moved by order, without the holder’s signature')
    expect(text).toContain('custodian lab, through entry')
    expect(text).not.toContain('custodian depositor')
  }, 120_000)
})
