import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PackageGathering } from '../../cli/package/gather.ts'
import { openLedger } from '../../cli/package/ledger.ts'
import { addLater } from '../../cli/package/later.ts'
import { otherDeposits } from '../../cli/history/others.ts'
import { namedDeposits } from '../../cli/history/targets.ts'
import { historyOf } from '../../cli/history/timeline.ts'
import { Output } from '../../cli/render/output.ts'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { askStatus } from '../../src/check/steps/ask-later.ts'
import { standingOf } from '../../src/check/steps/later.ts'
import { laterBounds } from '../../src/check/steps/later-room.ts'
import { Owners } from '../../src/check/steps/owners.ts'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { checkReceipt, type CheckedReceipt } from '../../src/verify/check-receipt.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { evidenceOk } from '../support/cli.ts'
import { policyOfFolder, temporaryFolder } from '../support/folder.ts'
import { type Party, type TestServer, testServer } from '../support/server.ts'

/* What one reader of a deposit adds to it in any number hides nothing from others, and takes no command from them. */
describe('later events in great number', () => {
  const { path, remove } = temporaryFolder()
  let server: TestServer
  let lab: Party
  let court: Party
  let deposited: DepositAnswer
  let receipt: string
  let retraction: number
  let answer: number

  const refer = ({ index, leafHash }: DepositAnswer): object => ({ index, leafHash })
  const sealedFor = (kind: string): object => (kind === 'evidence.challenge' ? { sealed: { reasons: 'no' } } : {})
  const one = async (by: Party, kind: string, members: object): Promise<DepositAnswer> => {
    const got = await server.post(server.sign(by, kind, members, sealedFor(kind)).presentation)
    expect(got.status).toBe(201)
    return got.json<DepositAnswer>()
  }
  const flood = async (kind: string, count: number, members: object): Promise<void> => {
    const lines = Array.from({ length: count }, () => server.sign(lab, kind, members, sealedFor(kind)).presentation)
    const got = await server.batch(lines, { prefer: 'return=minimal' })
    expect(got.filter(({ status }) => Number(status) !== 201)).toEqual([])
  }
  const client = (): LedgerClient => new LedgerClient(server.url)
  const checked = (): CheckedReceipt => checkReceipt(utf8(receipt), policyOfFolder(server.folder)) as CheckedReceipt
  const history = (bounds = laterBounds): ReturnType<typeof historyOf> => {
    const policy = policyOfFolder(server.folder)
    return historyOf(client(), policy, deposited.index, new Owners(client(), policy), bounds)
  }

  beforeAll(async () => {
    server = await testServer({ reading: 'public' })
    lab = await server.admit('lab', ['attestor'])
    court = await server.admit('court', ['authority'])
    deposited = (await server.post(server.deposit('a').presentation)).json<DepositAnswer>()
    receipt = deposited.receipt as string
    writeFileSync(join(path, 'a.txt'), 'a')
    writeFileSync(join(path, 'a.txt.tlog-proof'), receipt)
    const of = refer(deposited)
    await flood('evidence.challenge', 201, { of })
    const challenge = await one(server.depositor, 'evidence.challenge', { of })
    answer = (await one(court, 'evidence.finding', { of: refer(challenge), finding: 'left-open' })).index
    await flood('evidence.event', 120, { of, event: 'opened' })
    retraction = (await one(server.depositor, 'evidence.retract', { of, reason: 'mistake' })).index
  }, 180_000)
  afterAll(async () => {
    await server.remove()
    remove()
  })

  it('CR-7: leave every command its answer, whole', async () => {
    const policy = join(server.folder.root, 'policy')
    const run = async (...args: string[]): Promise<string> =>
      (await evidenceOk([...args, '--policy', policy], { cwd: path, env: { EVIDENCE_URL: server.url } })).stdout
    const told = await run('history', String(deposited.index))
    expect(told).toContain(`entry ${retraction}, of entry ${deposited.index}: retracted`)
    expect(told).toContain(`entry ${answer}, of entry ${deposited.index}: found`)
    expect(told).not.toContain('NOT ALL TOLD')
    expect(await run('check', 'a.txt', '--online')).toMatch(/^RETRACTED/)
    expect(await run('certificate', 'a.txt', '--online')).toContain('wrote')
    expect(await run('package', 'a.txt', '--out', 'packed')).toContain(`was retracted by its depositor`)
  }, 180_000)

  it('CR-7: past the room for them leave what decides, and are said to be left out', async () => {
    const bounds = { ...laterBounds, bytes: 40_000 }
    const told = await history(bounds)
    expect(told.notAllTold.map(({ code }) => code)).toEqual(['server-not-all-asked'])
    expect(told.notAllTold[0]?.message).toMatch(/without \d+ challenged, 120 recorded$/)
    expect(told.steps.find(({ what }) => what === 'retracted')?.index).toBe(retraction)
    const online = await askStatus(client(), checked(), policyOfFolder(server.folder), bounds)
    expect([standingOf(online), online.leftOut?.mayDecide]).toEqual(['retracted', false])
    expect([...(online.leftOut?.counts.keys() ?? [])]).toEqual(['challenged', 'recorded'])
    expect(online.admission?.index).toBeDefined()
  })

  it('CR-7: past the pages that are asked leave what was told so far, and it is not called whole', async () => {
    const bounds = { ...laterBounds, pages: 1 }
    const told = await history(bounds)
    expect(told.steps.filter(({ what }) => what === 'challenged').length).toBeGreaterThan(90)
    expect(told.notAllTold[0]?.message).toMatch(/^entry \d+ has more than \d+ later events: those after entry \d+/)
    const online = await askStatus(client(), checked(), policyOfFolder(server.folder), bounds)
    expect([standingOf(online), online.leftOut?.mayDecide]).toEqual(['not-asked', true])
    expect(online.faults).toEqual(online.leftOut?.findings)
  })

  it('CR-7: of one who challenges again and again take no turn from another', async () => {
    const told = await history({ ...laterBounds, challenges: 2 })
    expect(told.steps.find(({ what }) => what === 'found')?.index).toBe(answer)
    expect(told.steps.filter(({ what }) => what === 'challenged')).toHaveLength(202)
    expect(told.notAllTold.map(({ message }) => message)).toEqual([
      `what was found on 200 challenges of entry ${deposited.index} was not asked: there are more than are asked of one deposit`,
    ])
    const online = await askStatus(client(), checked(), policyOfFolder(server.folder), {
      ...laterBounds,
      challenges: 2,
    })
    // Nothing that decides is missing.
    expect([standingOf(online), online.leftOut?.mayDecide]).toEqual(['retracted', false])
  })

  it('CR-7: are packed as far as there is room, after what decides', async () => {
    const policy = policyOfFolder(server.folder)
    const output = new Output(false)
    const ledger = await openLedger({ url: server.url }, policy, output)
    const packed = async (bounds: Partial<typeof laterBounds>): Promise<Awaited<ReturnType<typeof addLater>>> => {
      const gathering = new PackageGathering(policy, ledger.tree)
      await gathering.add(join(path, 'a.txt'))
      return addLater(gathering, ledger, policy, { ...laterBounds, ...bounds })
    }
    const few = await packed({ bytes: 40_000 })
    expect(few?.shown.map(({ index }) => index)).toContain(retraction)
    expect(few?.leftOut[0]?.message).toMatch(/without \d+ challenged, 120 recorded$/)
    const cut = await packed({ pages: 1 })
    expect(cut?.shown.length).toBeGreaterThan(90)
    expect(cut?.leftOut[0]?.message).toMatch(/later events: those after entry \d+ were not asked$/)
    await ledger.close()
  }, 180_000)

  it('CR-7: other deposits of the same bytes in great number leave none out, and the depositor’s own is chosen', async () => {
    const stranger = await server.admit('stranger', ['depositor'])
    const lines = Array.from({ length: 105 }, () => server.deposit('a', {}, stranger).presentation)
    const made = await server.batch(lines, { prefer: 'return=minimal' })
    expect(made.filter(({ status }) => Number(status) !== 201)).toEqual([])
    const policy = policyOfFolder(server.folder)
    const file = join(path, 'a.txt')
    expect((await namedDeposits(file, client(), policy)).indices).toHaveLength(106)
    const own = await namedDeposits(file, client(), policy, server.depositor.id)
    expect(own.indices).toEqual([deposited.index])
    await expect(namedDeposits(file, client(), policy, 'lab')).rejects.toMatchObject({ code: 'receipt-not-found' })
    const warnings = await otherDeposits(client(), [await history()])
    expect(warnings).toHaveLength(100)
    expect(warnings.at(-1)).toMatch(
      /perhaps more after entry \d+: evidence find --digest "sha256:[0-9a-f]{64}" --after \d+$/,
    )
  }, 180_000)
})
