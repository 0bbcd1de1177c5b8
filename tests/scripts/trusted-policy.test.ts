import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { noteOwn } from '../../cli/options/policy.ts'
import { type CliError, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/* Whose policy a verdict rests on, and of which ledger. */
interface Report {
  readonly ok: boolean
  readonly policy: { readonly path: string; readonly source: string }
}
const { path, remove } = temporaryFolder()
const at = (...names: string[]): string => join(path, ...names)
const policyOf = (name: string): string => at(name, 'data', 'policy')
let a: CliServer
let b: CliServer

beforeAll(async () => {
  for (const name of ['a', 'b']) mkdirSync(at(name))
  a = await startServer(at('a', 'data'))
  b = await startServer(at('b', 'data'))
  for (const [name, { url }] of [
    ['a', a],
    ['b', b],
  ] as const) {
    writeFileSync(at(name, 'photo.jpg'), `photo of ${name}`)
    await evidenceOk(['deposit', 'photo.jpg', '--url', url], { cwd: at(name) })
  }
})
afterAll(async () => {
  await a.stop()
  await b.stop()
  remove()
})

describe('R3-H2: deposit, with a policy of two ledgers', () => {
  it('takes no receipt of the other ledger for a deposit that was made', async () => {
    const logs = ['a', 'b'].map((name) => /^log .*$/m.exec(readFileSync(policyOf(name), 'utf8'))?.[0])
    const two = at('two.policy')
    writeFileSync(two, `${logs.join('\n')}\nquorum none\n`)
    const file = at('b', 'photo.jpg')
    const key = at('a', 'data', 'keys', 'depositor.pem')
    const args = ['deposit', file, '--policy', two, '--url', a.url, '--key', key, '--id', 'depositor']
    const size = async (): Promise<unknown> => (await a.request('/v1/ledger')).json<{ size: number }>().size
    const before = await size()
    const refused = await evidence([...args, '--json'])
    const [outcome] = refused.json<{ deposits: { outcome: string; error: CliError['error'] }[] }>().deposits
    expect(refused.code).toBe(2)
    expect(outcome).toMatchObject({ outcome: 'refused', error: { code: 'file-exists' } })
    expect(outcome?.error.message).toContain('this deposit goes to')
    expect(await size()).toBe(before)
    await evidenceOk([...args, '--again'])
    expect(await size()).not.toBe(before)
    // Of its own ledger it is the deposit that was made.
    const existing = await evidenceOk([...args, '--json'])
    expect(existing.json<{ deposits: object[] }>().deposits).toMatchObject([{ outcome: 'existing' }])
  })
})

describe('R3-H3: a policy in a folder "data" of the working folder', () => {
  /** A stick of somebody who runs a ledger of their own: file, receipt, policy. */
  function stick(name: string): string {
    const folder = at(name)
    mkdirSync(join(folder, 'data'), { recursive: true })
    for (const one of ['photo.jpg', 'photo.jpg.tlog-proof']) cpSync(at('a', one), join(folder, one))
    cpSync(policyOf('a'), join(folder, 'data', 'policy'))
    return folder
  }
  const taken = /data\/policy is not taken: nothing shows that it is of a ledger of your own/

  it.each<[string, (cwd: string) => void | Promise<void>]>([
    ['alone', () => undefined],
    ['R4-H2: with a key that is the reader’s alone', (cwd: string) => plant(cwd, 'keys/ledger.pem', 0o600)],
    ['R4-H2: with a secret that is the reader’s alone', (cwd: string) => plant(cwd, 'lookup.key', 0o600)],
    [
      'R6: that names beside the maker’s ledger one that the reader made at this very place',
      async (cwd: string) => {
        const data = join(cwd, 'data')
        const theirs = readFileSync(join(data, 'policy'), 'utf8')
        rmSync(data, { recursive: true })
        await evidenceOk(['init', '--data', data])
        const own = /^log .*$/m.exec(readFileSync(join(data, 'policy'), 'utf8'))?.[0] as string
        rmSync(data, { recursive: true })
        mkdirSync(data)
        writeFileSync(join(data, 'policy'), `${own}\n${theirs}`)
      },
    ],
    [
      'R4-H2: with the whole data folder',
      (cwd: string) => cpSync(at('a', 'data'), join(cwd, 'data'), { recursive: true }),
    ],
    [
      'R4-H2: where a ledger of the reader’s own was',
      (cwd: string) => {
        rmSync(join(cwd, 'data'), { recursive: true })
        cpSync(at('b', 'data'), join(cwd, 'data'), { recursive: true })
        noteOwn(join(cwd, 'data'))
        rmSync(join(cwd, 'data'), { recursive: true })
        cpSync(at('a', 'data'), join(cwd, 'data'), { recursive: true })
      },
    ],
  ])('%s is nobody’s', async (name, prepare) => {
    const cwd = stick(`stick ${name}`)
    await prepare(cwd)
    for (const args of [['check', 'photo.jpg'], ['verify']]) {
      const refused = await evidence([...args, '--json'], { cwd })
      expect([args[0], refused.code]).toEqual([args[0], 2])
      expect(refused.json<CliError>().error).toMatchObject({
        code: 'usage',
        message: expect.stringMatching(taken) as string,
      })
    }
    // Named it is the reader's own choice, and the verdict says which.
    const named = await evidenceOk(['check', 'photo.jpg', '--policy', 'data/policy'], { cwd })
    expect(named.stdout).toContain('policy: data/policy (--policy)')
    const data = await evidenceOk(['check', 'photo.jpg', '--data', 'data'], { cwd })
    expect(data.stdout).toContain('policy: data/policy (of the ledger in data)')
  })

  it('is not what a deposit’s receipt is held against', async () => {
    const cwd = stick('stick deposit')
    // The receipt that lies there is of ledger A, which B's answer cannot be held against.
    const key = at('b', 'data', 'keys', 'depositor.pem')
    const result = await evidence(
      ['deposit', 'photo.jpg', '--url', b.url, '--key', key, '--id', 'depositor', '--json'],
      { cwd },
    )
    const [outcome] = result.json<{ deposits: { outcome: string }[] }>().deposits
    expect(outcome?.outcome).toBe('refused')
  })

  it('of the ledger that one runs there is taken, and every verdict names it', async () => {
    const cwd = at('a')
    const line = 'policy: data/policy (of the ledger in data)'
    expect((await evidenceOk(['check', 'photo.jpg'], { cwd })).stdout).toContain(line)
    await evidenceOk(['package', 'photo.jpg', '--out', 'photo.zip', '--url', a.url], { cwd })
    for (const args of [
      ['check', 'photo.jpg'],
      ['check', 'photo.zip'],
      ['verify', '--url', a.url],
    ]) {
      expect((await evidenceOk(args, { cwd })).stdout).toContain(line)
      const report = (await evidenceOk([...args, '--json'], { cwd })).json<Report>()
      expect(report).toMatchObject({ ok: true, policy: { path: 'data/policy', source: 'data-folder' } })
    }
    const env = { EVIDENCE_POLICY: at('a', 'data', 'policy') }
    const there = await evidenceOk(['check', at('a', 'photo.jpg'), '--json'], { cwd: at(), env })
    expect(there.json<Report>().policy).toEqual({ path: env.EVIDENCE_POLICY, source: 'environment' })
  })
})

function plant(cwd: string, name: string, mode: number): void {
  const file = join(cwd, 'data', name)
  mkdirSync(join(file, '..'), { recursive: true })
  rmSync(file, { force: true })
  writeFileSync(file, 'planted')
  chmodSync(file, mode)
}
