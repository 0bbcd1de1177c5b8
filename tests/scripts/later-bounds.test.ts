import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { certificateCommand } from '../../cli/commands/certificate.ts'
import { checkCommand } from '../../cli/commands/check.ts'
import { historyCommand } from '../../cli/commands/history.ts'
import { packageCommand } from '../../cli/commands/package.ts'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type TestServer, testServer } from '../support/server.ts'

/* A ledger small enough for a test has more later events than these bounds allow. */
vi.mock(import('../../src/check/steps/later-room.ts'), async (original) => {
  const real = await original()
  return { ...real, laterBounds: { ...real.laterBounds, bytes: 20_000 } }
})

let written = ''
vi.mock(import('../../cli/render/output.ts'), async (original) => {
  const real = await original()
  class Heard extends real.Output {
    override result(document: unknown): void {
      written = JSON.stringify(document)
    }
  }
  return { ...real, Output: Heard }
})

describe('where there are more later events than the bounds allow', () => {
  const { path, remove } = temporaryFolder()
  let server: TestServer
  let deposited: DepositAnswer
  let retraction: number
  const file = join(path, 'a.txt')

  beforeAll(async () => {
    server = await testServer({ reading: 'public' })
    const lab = await server.admit('lab', ['attestor'])
    deposited = (await server.post(server.deposit('a').presentation)).json<DepositAnswer>()
    writeFileSync(file, 'a')
    writeFileSync(`${file}.tlog-proof`, deposited.receipt as string)
    const { index, leafHash } = deposited
    const of = { index, leafHash }
    const events = Array.from(
      { length: 30 },
      () => server.sign(lab, 'evidence.event', { of, event: 'opened' }).presentation,
    )
    await server.batch(events, { prefer: 'return=minimal' })
    const retract = server.sign(server.depositor, 'evidence.retract', { of, reason: 'mistake' })
    retraction = (await server.post(retract.presentation)).json<DepositAnswer>().index
  })
  afterAll(async () => {
    await server.remove()
    remove()
  })

  async function run(command: (program: Command) => void, ...args: string[]): Promise<number> {
    const program = new Command().exitOverride()
    command(program)
    const before = process.exitCode
    process.exitCode = 0
    try {
      const policy = join(server.folder.root, 'policy')
      await program.parseAsync([...args, '--policy', policy, '--url', server.url, '--json'], { from: 'user' })
      return Number(process.exitCode)
    } finally {
      process.exitCode = before
    }
  }

  it.each<readonly [string, (program: Command) => void, () => string[], RegExp]>([
    ['history', historyCommand, () => ['history', String(deposited.index)], /"what":"retracted"/],
    ['check', checkCommand, () => ['check', file, '--online'], /"standing":"retracted"/],
    ['certificate', certificateCommand, () => ['certificate', file, '--online'], /"certificate":".*\.pdf"/],
    ['package', packageCommand, () => ['package', file, '--out', join(path, 'packed')], /"retractions":\[\{/],
  ])('CR-7: %s tells all that it has, says that it is not whole, and ends with 3', async (_, command, args, tells) => {
    expect(await run(command, ...args())).toBe(3)
    expect(written).toMatch(tells)
    expect(written).toMatch(/server-not-all-asked/)
    expect(written).toMatch(/without \d+ recorded"/)
  })

  it('CR-7: a package does not say that all is packed, and has what decides', () => {
    expect(readFileSync(join(path, 'packed', 'bag-info.txt'), 'utf8')).not.toContain('Evidence-Later-Events')
    expect(retraction).toBeGreaterThan(30)
  })
})
