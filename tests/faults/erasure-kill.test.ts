import { type ChildProcess, spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer, EntryAnswer } from '../../src/api/answers.ts'
import { dataFolder, readOwnKey, readPolicyFile } from '../../src/ledger/data-folder.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { readErasures } from '../../src/ledger/erasures.ts'
import { walk } from '../../src/verify/walk.ts'
import { filesWith, orderByChange, targetOf, tracesOf } from '../support/erasure.ts'
import { figures, type FaultServer, launchSound, option } from '../support/fault-server.ts'
import { type TestFolder, trialFolder } from '../support/folder.ts'
import { sizeOf } from '../support/long.ts'
import { type Answer, type Party, request } from '../support/server.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor, statement } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'

/*
 * SIGKILL of a server at one system call after another of the execution of an order, by an authority and by administrators in a change, by strace.
 * After the restart, before anything is asked, no file of the folder holds what an order that stands names; an order that does not stand
 * is sent again. `npm run faults -- erasure-kill --moments 200` goes on, for each call, until there is no such call any more.
 */
const calls = ['fdatasync', 'fsync', 'rename', 'unlink', 'ftruncate'] as const
const moments = option('moments', sizeOf('tests/faults/erasure-kill.test.ts', 'moments'))

/** Throws where a cycle came to something else, and says at which moment. */
function requireSame(expected: object, found: object): void {
  expect(found).toEqual(expected)
}

describe.skipIf(lacks('strace'))('SIGKILL while an order to erase is executed', () => {
  let folder: TestFolder
  let administrator: Party
  let depositor: Party
  const deputy: Party = { id: 'deputy', key: signerNamed('deputy') }
  const court: Party = { id: 'court', key: signerNamed('court') }
  let made = 0

  const post = (url: string, body: string): Promise<Answer> =>
    request(url, '/v1/statements', { method: 'POST', headers: { 'content-type': 'application/sd-jwt' }, body })
  const say = (by: Party, kind: string, members: object, sealed = {}): string =>
    statement(by.key, folder.origin, kind, members, { iss: by.id, sealed }).presentation
  async function taken(url: string, body: string): Promise<DepositAnswer> {
    const answer = await post(url, body)
    expect([answer.status, answer.text]).toEqual([201, expect.any(String)])
    return answer.json<DepositAnswer>()
  }
  const admit = ({ id, key }: Party, type: string, role: string): string =>
    say(administrator, 'participant.admit', { participant: { id, type, roles: [role], keys: [key.jwk] } })

  beforeAll(async () => {
    folder = await trialFolder()
    administrator = { id: 'administrator', key: folder.administrator }
    depositor = { id: 'depositor', key: folder.depositor }
    const server = await launchSound(folder.root)
    await taken(server.url, admit(deputy, 'organisation', 'administrator'))
    await taken(server.url, admit(court, 'court', 'authority'))
    await server.end()
  })
  afterAll(() => folder.remove())

  /** Kills the server at the `when`th of a call from now on, counted in each thread. */
  async function killAt(server: FaultServer, call: string, when: number): Promise<ChildProcess> {
    const what = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${when}`]
    const strace = spawn('strace', ['-f', '-o', '/dev/null', ...what, '-p', `${server.pid}`], { stdio: 'pipe' })
    await new Promise<void>((resolve, reject) => {
      strace.on('error', reject)
      strace.stderr.on('data', (text: Buffer) => {
        if (text.includes('attached')) resolve()
      })
    })
    return strace
  }

  /** Whether the last entry of a server is the order. */
  async function stands(url: string, order: string): Promise<boolean> {
    const { size } = (await request(url, '/v1/ledger')).json<{ size: number }>()
    const entry = (await request(url, `/v1/entries/${size - 1}`)).json<EntryAnswer>()
    return order.startsWith(entry.statement)
  }

  /** One order, and a kill during it. Gives what became of it. */
  async function cycle(call: string, when: number, byChange: boolean): Promise<'answered' | 'stood' | 'sent again'> {
    const secret = `secret ${made++}`
    const content = statement(
      depositor.key,
      folder.origin,
      'evidence.deposit',
      { items: [itemFor(secret)] },
      {
        sealed: { note: secret, case: [{ number: secret }] },
      },
    )
    const first = await launchSound(folder.root, { alone: true })
    const place = await taken(first.url, content.presentation)
    const of = [targetOf(content, place)]
    const order = byChange
      ? orderByChange(folder.origin, of, [administrator.key, deputy.key], administrator)
      : say(court, 'erasure.order', { of }, { basis: 'Decision 12' })
    const strace = await killAt(first, call, when)
    const answer = await post(first.url, order).catch(() => undefined)
    const traces = tracesOf(content)
    const found = { call, when, files: [] as string[] }
    if (answer !== undefined) {
      requireSame(
        { ...found, status: 201 },
        { call, when, files: filesWith(folder.root, traces), status: answer.status },
      )
      strace.kill()
      await first.end()
      return 'answered'
    }
    requireSame({ ...found, signal: 'SIGKILL' }, { ...found, signal: (await first.ended).signal })
    const second = await launchSound(folder.root)
    const didStand = await stands(second.url, order)
    // Nothing was asked but what stands: it is finished before anything is served.
    requireSame(found, { ...found, files: didStand ? filesWith(folder.root, traces) : [] })
    const again = await post(second.url, order)
    const after = { call, when, files: filesWith(folder.root, traces), status: again.status }
    requireSame({ ...found, status: didStand ? 200 : 201 }, after)
    await second.end()
    return didStand ? 'stood' : 'sent again'
  }

  it(`leaves nothing of what an order that stands names, at ${moments} moments of each call`, async () => {
    const came = { answered: 0, stood: 0, 'sent again': 0 }
    for (const call of calls) {
      for (let when = 1; when <= moments; when++) {
        const result = await cycle(call, when, when % 2 === 0)
        came[result]++
        // No such call any more: the order was executed.
        if (result === 'answered') break
      }
    }
    expect(came.stood + came['sent again']).toBeGreaterThan(0)
    const root = dataFolder(folder.root)
    const source = await FolderSource.open(folder.root, readOwnKey(root))
    const report = await walk({ source, policy: readPolicyFile(root.policy) })
    await source.close()
    expect([report.faults, report.unjudged, report.flagged]).toEqual([[], [], []])
    expect(report.ordered).toHaveLength(made)
    expect(readErasures(root.erased).filter(({ by }) => by !== undefined)).toHaveLength(made)
    figures('erasure-kill', { orders: made, ...came })
  })
})
