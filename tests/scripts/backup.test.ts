import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataFolder, readOwnKey } from '../../src/ledger/data-folder.ts'
import { readKeyFile } from '../../src/node/key-file.ts'
import { type CliError, type CliResult, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { flipBit } from '../support/damage.ts'
import { temporaryFolder } from '../support/folder.ts'
import { deposit } from '../support/statements.ts'

interface DoctorReport {
  readonly ok: boolean
  readonly checks: readonly {
    readonly name: string
    readonly status: string
    readonly says: string
    readonly todo?: string
  }[]
}

/* Backup, move, follow and doctor as an operator types them, on a ledger that only participants may read. */
const { path, remove } = temporaryFolder()
const at = (name: string): string => join(path, name)
const data = at('data')
const out = at('backup')
const policy = at('policy')
const auditor = at('auditor.pem')
const codeOf = (result: CliResult): string => result.json<CliError>().error.code

async function depositSome(url: string, count: number, token: string): Promise<void> {
  const folder = dataFolder(data)
  const key = readKeyFile(folder.depositorKey)
  const { name } = readOwnKey(folder)
  const lines = Array.from(
    { length: count },
    (_, i) => deposit(key, name, `${token} ${i}`, { sealed: { note: 'secret' } }).presentation,
  )
  const answer = await fetch(`${url}/v1/statements`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', prefer: 'return=minimal' },
    body: lines.join('\n'),
  })
  expect((await answer.text()).match(/"status":201/g)).toHaveLength(count)
}

async function verifyDir(): Promise<Record<string, unknown>> {
  return (await evidenceOk(['verify', '--dir', out, '--policy', policy, '--json'])).json()
}

beforeAll(async () => {
  await evidenceOk(['init', '--data', data])
  cpSync(dataFolder(data).policy, policy)
  await evidenceOk(['keygen', '--out', auditor])
})
afterAll(remove)

describe('copies of a ledger', () => {
  it('are made of a running one, by an auditor, and brought up to date', async () => {
    const server = await startServer(data, [], 'serve')
    try {
      const url = ['--url', server.url]
      await evidenceOk([
        'participants',
        'admit',
        'court-b',
        '--public-key',
        at('auditor.jwk'),
        '--role',
        'auditor',
        '--type',
        'court',
        '--data',
        data,
        '--key',
        dataFolder(data).administratorKey,
        ...url,
      ])
      await depositSome(server.url, 300, 'first')
      const backup = (...more: string[]): Promise<CliResult> =>
        evidence(['backup', out, ...url, '--key', auditor, '--id', 'court-b', '--json', ...more])
      expect(codeOf(await backup())).toBe('usage')
      // A policy that merely lies in ./data is nobody's choice: the folder may have come out of an archive.
      const foreign = at('foreign')
      mkdirSync(join(foreign, 'data'), { recursive: true, mode: 0o700 })
      cpSync(policy, join(foreign, 'data', 'policy'))
      const misled = await evidence(['backup', at('misled'), ...url, '--key', auditor, '--id', 'court-b', '--json'], {
        cwd: foreign,
      })
      expect([codeOf(misled), misled.stdout]).toEqual(['usage', expect.stringContaining('is not taken')])
      const first = await backup('--policy', policy)
      expect([first.code, first.json()]).toEqual([0, { out, size: 303, added: 303, erased: 0, kept: 0, final: false }])
      await depositSome(server.url, 300, 'second')
      expect((await backup()).json()).toMatchObject({ size: 603, added: 300 })
      expect(await verifyDir()).toMatchObject({ ok: true, size: 603, disclosures: { present: 600, withheld: 0 } })
      const noAuditor = await evidence([
        'backup',
        at('no'),
        ...url,
        '--key',
        dataFolder(data).depositorKey,
        '--id',
        'depositor',
        '--policy',
        policy,
        '--json',
      ])
      expect([noAuditor.code, codeOf(noAuditor)]).toEqual([3, 'not-permitted'])
      const busy = await evidence(['backup', out, '--data', data, '--json'])
      expect([busy.code, codeOf(busy)]).toEqual([3, 'ledger-in-use'])
      const follow = ['follow', ...url, '--data', at('follower'), '--key', auditor, '--json', '--once']
      expect((await evidenceOk([...follow, '--id', 'court-b', '--policy', policy])).json()).toMatchObject({ size: 603 })
      await depositSome(server.url, 1, 'third')
      expect((await evidenceOk(follow)).json()).toMatchObject({ size: 604, erasures: 0 })
      // F-H1: a leader that answers is alive, and would sign beside the follower.
      const early = await evidence(['promote', '--data', at('follower'), '--take-over', '--json'])
      expect([early.code, codeOf(early)]).toEqual([3, 'ledger-standby'])
      expect(early.stdout).toContain(`the leader ${server.url} is alive`)
    } finally {
      expect(await server.stop()).toBe(0)
    }
    const verified = await evidenceOk(['verify', '--data', at('follower'), '--json'])
    expect(verified.json()).toMatchObject({ ok: true, size: 604, disclosures: { present: 601, withheld: 0 } })
    const served = await evidence(['serve', '--data', at('follower'), '--port', '0'])
    expect([served.code, served.stderr]).toEqual([3, expect.stringContaining('ledger-standby')])
  })

  it('lose what is erased', async () => {
    await evidenceOk(['ledger', 'erase', '100', '--claim', 'all', '--data', data])
    expect((await evidenceOk(['backup', out, '--data', data, '--json'])).json()).toMatchObject({
      size: 604,
      added: 1,
      erased: 1,
      kept: 1,
    })
    expect(await verifyDir()).toMatchObject({ ok: true, disclosures: { present: 601, withheld: 0 } })
    const followed = await evidenceOk(['backup', out, '--data', data, '--operator-erasures'])
    expect(followed.stdout).not.toContain('kept:')
    expect(await verifyDir()).toMatchObject({ ok: true, disclosures: { present: 600, withheld: 1 } })
  })

  it('move a ledger: what stays behind is shut, and what was restored goes on', async () => {
    const moved = await evidenceOk(['backup', out, '--data', data, '--final'])
    expect(moved.stdout).toContain('signs no more')
    const left = await evidence(['serve', '--data', data, '--port', '0'])
    expect(left.code).toBe(3)
    expect(left.stderr).toMatch(/^evidence: ledger-moved: .*backup.*\n$/)
    const target = at('moved')
    const behind = await evidence(['restore', '--from', at('nowhere'), '--data', target, '--json'])
    expect([behind.code, codeOf(behind)]).toEqual([3, 'backup-missing'])
    const known = ['--known-checkpoint', join(out, 'checkpoint')]
    expect((await evidenceOk(['restore', '--from', out, '--data', target, ...known, '--json'])).json()).toMatchObject({
      size: 604,
      maySign: true,
    })
    const twice = await evidence(['restore', '--from', out, '--data', at('twice'), '--json'])
    expect([twice.code, codeOf(twice)]).toEqual([2, 'take-over-needed'])
    expect(existsSync(at('twice'))).toBe(false)
    mkdirSync(dataFolder(target).keys, { recursive: true })
    cpSync(dataFolder(data).keys, dataFolder(target).keys, { recursive: true })
    const server = await startServer(target, [], 'serve')
    await depositSome(server.url, 5, 'after')
    expect(await server.stop()).toBe(0)
    expect((await evidenceOk(['verify', '--data', target, '--json'])).json()).toMatchObject({ ok: true, size: 609 })
  })

  it('are reindexed', async () => {
    const target = at('moved')
    const text = await evidenceOk(['ledger', 'reindex', '--data', target])
    expect(text.stdout).toContain('609 entries, every one judged')
    expect(text.stdout).toContain('look-up keys: 0 were missing, 0 foreign')
    expect((await evidenceOk(['verify', '--data', target, '--json'])).json()).toMatchObject({ ok: true })
  })
})

describe('doctor', () => {
  const doctor = async (...args: string[]): Promise<DoctorReport & { exit: number | null }> => {
    const result = await evidence(['doctor', '--json', ...args])
    return { ...result.json<DoctorReport>(), exit: result.code }
  }
  const of = (report: DoctorReport, name: string): readonly string[] =>
    report.checks.filter((check) => check.name === name).map(({ status }) => status)

  it('finds nothing wrong with a sound ledger and its server, and changes nothing', async () => {
    const target = at('moved')
    const names = readdirSync(target).sort()
    const report = await doctor('--data', target)
    expect(report.checks.filter(({ status }) => status === 'fail')).toEqual([])
    expect(report).toMatchObject({ exit: 0, ok: true })
    for (const name of [
      'node',
      'accelerator',
      'disk',
      'open files',
      'permissions',
      'ledger key',
      'lock',
      'head',
      'database',
      'clock',
    ])
      expect([name, of(report, name).length]).toEqual([name, 1])
    expect(readdirSync(target).sort()).toEqual(names)
    const server = await startServer(target, [], 'serve')
    const live = await doctor('--data', target, '--url', server.url)
    await server.stop()
    expect(live).toMatchObject({ exit: 0, ok: true })
    for (const name of ['server', 'server clock', 'served ledger', 'lock'])
      expect([name, of(live, name)]).toEqual([name, ['ok']])
    expect((await doctor('--data', target, '--url', server.url)).exit).toBe(3)
  })

  it('says in words what is wrong, and what to do', async () => {
    const target = at('ill')
    cpSync(at('moved'), target, { recursive: true })
    // Some versions of Node.js copy a folder without its mode.
    for (const folder of [target, dataFolder(target).keys]) chmodSync(folder, 0o700)
    chmodSync(dataFolder(target).ledgerKey, 0o644)
    const open = await doctor('--data', target)
    expect([open.exit, of(open, 'permissions')[0]]).toEqual([3, 'fail'])
    expect(open.checks.find(({ name }) => name === 'permissions')?.todo).toContain('chmod 600')
    const shut = await doctor('--data', data)
    expect([shut.exit, of(shut, 'standing')]).toEqual([0, ['warn']])
    chmodSync(dataFolder(target).ledgerKey, 0o600)
    const { database, head } = dataFolder(target)
    const manifest = readdirSync(database).find((name) => name.startsWith('MANIFEST')) as string
    flipBit(join(database, manifest), 8 * 20)
    const damaged = await doctor('--data', target)
    expect([damaged.exit, of(damaged, 'database')]).toEqual([1, ['fail']])
    const text = await evidence(['doctor', '--data', target])
    expect(text.stdout).toMatch(/^FAIL database: database-log-damaged: .+\n {5}do: .+$/m)
    flipBit(join(database, manifest), 8 * 20)
    rmSync(head)
    expect(of(await doctor('--data', target), 'head')).toEqual(['fail'])
    expect((await doctor('--data', at('nowhere'))).exit).toBe(3)
    expect(readFileSync(policy).length).toBeGreaterThan(0)
  })
})
