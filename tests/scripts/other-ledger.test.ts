import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type CliError,
  type CliResult,
  type CliServer,
  evidence,
  evidenceOk,
  type Proxy,
  startProxy,
  startServer,
} from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/* A statement is signed for the ledger that the user means, and is given up only for its receipt (docs/design/client.md). */
interface Deposit {
  readonly outcome: string
  readonly index?: number
  readonly receipts?: readonly string[]
  readonly statement?: string
  readonly skipped?: readonly { readonly name: string }[]
  readonly error?: CliError['error']
}

const { path: top, remove } = temporaryFolder()
const at = (...names: string[]): string => join(top, ...names)
const statementPost = /^POST \/v1\/statements/
let a: CliServer
let c: CliServer
/** Ledger A, and what somebody at its address makes of its answers. */
let proxy: Proxy
let origins: Record<'a' | 'c', string>
let change: (line: string, body: string) => string | { status: number; body: string } = (_, body) => body

const keyOf = (name: string, who = 'depositor'): string[] => ['--key', at(name, 'keys', `${who}.pem`), '--id', who]
const policyOf = (name: string): string => at(name, 'policy')
const posted = (): string[] => proxy.seen.filter((line) => statementPost.test(line))
const namesC = (line: string, body: string): string =>
  line === 'GET /v1/ledger' ? JSON.stringify({ ...(JSON.parse(body) as object), origin: origins.c }) : body
const refuses = (code: string, status: number) => (line: string, body: string) =>
  statementPost.test(line) ? { status, body: JSON.stringify({ code, detail: 'says the server', status }) } : body
const originAt = async (server: CliServer): Promise<string> =>
  (await server.request('/v1/ledger')).json<{ origin: string }>().origin
const sizeOf = async (server: CliServer): Promise<number> =>
  (await server.request('/v1/ledger')).json<{ size: number }>().size
const depositsOf = (result: CliResult): Deposit[] => result.json<{ deposits: Deposit[] }>().deposits

beforeAll(async () => {
  a = await startServer(at('a'))
  c = await startServer(at('c'))
  origins = { a: await originAt(a), c: await originAt(c) }
  proxy = await startProxy(
    a.url,
    () => 'pass',
    (line, body) => change(line, body),
  )
  writeFileSync(at('known'), 'known')
  await evidenceOk(['deposit', at('known'), '--policy', policyOf('a'), '--url', a.url, ...keyOf('a')])
})
beforeEach(() => {
  change = (_, body) => body
  proxy.seen.splice(0)
})
afterAll(async () => {
  await proxy.close()
  await a.stop()
  await c.stop()
  remove()
})

describe('R6-M1: a server that names another ledger than the user’s policy', () => {
  const commands: readonly (readonly [string, () => readonly string[]])[] = [
    ['deposit', () => ['deposit', at('note.txt'), ...keyOf('a')]],
    ['attest', () => ['attest', at('known.tlog-proof'), '--as', 'holder', ...keyOf('a')]],
    ['retract', () => ['retract', at('known.tlog-proof'), '--reason', 'mistake', ...keyOf('a')]],
    [
      'a change',
      () => {
        const admit = ['participants', 'admit', 'court-1', '--public-key', at('new.jwk')]
        return [...admit, '--type', 'court', '--role', 'auditor', ...keyOf('a', 'administrator')]
      },
    ],
    [
      'a proposal',
      () => ['approvals', 'set', '--administrators', '1', '--propose', at('p.json'), ...keyOf('a', 'administrator')],
    ],
    ['a rotation of a key', () => ['participants', 'rotate-key', '--new-key', at('new.pem'), ...keyOf('a')]],
    ['a proposal handed in', () => ['approvals', 'submit', at('ready.json'), ...keyOf('a', 'administrator')]],
  ]

  beforeAll(async () => {
    writeFileSync(at('note.txt'), 'a note')
    await evidenceOk(['keygen', '--out', at('new.pem')])
    const admin = keyOf('a', 'administrator')
    const proposed = ['approvals', 'set', '--administrators', '1', '--propose', at('ready.json')]
    await evidenceOk([...proposed, ...admin, '--policy', policyOf('a'), '--url', a.url])
  })

  it.each(commands)('gets nothing signed: %s', async (_, command) => {
    change = namesC
    const result = await evidence([...command(), '--url', proxy.url, '--policy', policyOf('a'), '--json'])
    expect({ code: result.code, error: result.json<CliError>().error }).toMatchObject({
      code: 3,
      error: { code: 'server-other-ledger' },
    })
    const { message } = result.json<CliError>().error
    for (const name of [origins.a, origins.c]) expect(message).toContain(name)
    expect(posted()).toEqual([])
    expect(['note.txt.evidence-statement', 'p.json'].filter((name) => existsSync(at(name)))).toEqual([])
  })

  it('is refused as an upper ledger too', async () => {
    change = namesC
    const lower = ['--url', c.url, '--policy', policyOf('c'), '--out', at('anchors')]
    const upper = ['--to', proxy.url, '--upper-policy', policyOf('a'), ...keyOf('a')]
    const result = await evidence(['anchor', ...lower, ...upper, '--once', '--json'])
    expect(result.code).toBe(3)
    expect(result.json<CliError>().error.code).toBe('server-other-ledger')
    expect(posted()).toEqual([])
  })

  it('holds where the policy is that of a data folder, and of a profile', async () => {
    change = namesC
    for (const own of [
      ['--data', at('a')],
      ['--profile', 'mine'],
    ]) {
      const env = { XDG_CONFIG_HOME: at('config') }
      change = (_line, body) => body
      await evidenceOk(['setup', proxy.url, '--policy', policyOf('a'), '--profile', 'mine'], { env })
      change = namesC
      const result = await evidence(['deposit', at('note.txt'), '--url', proxy.url, ...own, ...keyOf('a'), '--json'], {
        env,
      })
      expect([result.code, result.json<CliError>().error.code]).toEqual([3, 'server-other-ledger'])
    }
    expect(posted()).toEqual([])
  })

  it('holds at the address of the default profile, however it is spelled', async () => {
    const env = { XDG_CONFIG_HOME: at('spelled') }
    await evidenceOk(['setup', proxy.url, '--policy', policyOf('a')], { env })
    const info = (await c.request('/v1/ledger')).text
    change = (line, body) => (line === 'GET /v1/ledger' ? info : body)
    for (const url of [proxy.url, `${proxy.url}/`, proxy.url.replace('http', 'HTTP')]) {
      const result = await evidence(['deposit', at('note.txt'), '--url', url, ...keyOf('a'), '--json'], {
        env,
        cwd: top,
      })
      expect([result.code, result.json<CliError>().error?.code]).toEqual([3, 'server-other-ledger'])
    }
    expect(posted()).toEqual([])
  })

  it('is taken at its word by who has no policy, and they are told', async () => {
    const info = (await c.request('/v1/ledger')).text
    change = (line, body) => (line === 'GET /v1/ledger' ? info : body)
    mkdirSync(at('empty'))
    const result = await evidence(['deposit', at('note.txt'), '--url', proxy.url, ...keyOf('a')], { cwd: at('empty') })
    expect(result.stderr).toContain('no policy of your own')
    expect(result.stdout).toContain('audience-wrong')
  })

  it('is given no proposal that is of another ledger', async () => {
    const args = ['approvals', 'submit', at('ready.json'), ...keyOf('c', 'administrator')]
    const result = await evidence([...args, '--url', c.url, '--policy', policyOf('c'), '--json'])
    expect([result.code, result.json<CliError>().error.code]).toEqual([3, 'server-other-ledger'])
  })

  it('R6: an answer to the rotation of a key that is no receipt of it is refused', async () => {
    const known = readFileSync(at('known.tlog-proof'), 'utf8')
    change = (line, body) =>
      statementPost.test(line) ? JSON.stringify({ ...(JSON.parse(body) as object), receipt: known }) : body
    const args = ['participants', 'rotate-key', '--new-key', at('new.pem'), ...keyOf('c')]
    const other = await startProxy(
      c.url,
      () => 'pass',
      (line, body) => change(line, body),
    )
    const result = await evidence([...args, '--url', other.url, '--policy', policyOf('c'), '--json'], { cwd: top })
    await other.close()
    expect([result.code, result.json<CliError>().error.code]).toEqual([3, 'server-answer'])
    expect(readdirSync(top).filter((name) => name.startsWith('entry-'))).toEqual([])
    cpSync(at('new.pem'), at('c', 'keys', 'depositor.pem'))
  })
})

describe('R6-M2: the only copy of a signed statement', () => {
  const deposit = (args: readonly string[], url = proxy.url, of = 'a'): Promise<CliResult> =>
    evidence(['deposit', ...args, '--policy', policyOf(of), '--url', url, ...keyOf(of), '--json'])
  function file(name: string): string {
    const path = at('m2', name)
    mkdirSync(at('m2'), { recursive: true })
    writeFileSync(path, `the text of ${name}`)
    return path
  }
  const beside = (path: string): string[] =>
    readdirSync(at('m2')).filter((name) => at('m2', name).startsWith(path) && at('m2', name) !== path)

  it.each([
    ['not-permitted', 403],
    ['jti-reused', 409],
    ['key-unknown', 403],
  ])('is kept where the server answers %s, which it may do after sequencing', async (code, status) => {
    const path = file(`${code}.txt`)
    change = refuses(code, status)
    const before = await sizeOf(a)
    const result = await deposit([path, '--note', 'secret'])
    const kept = `${path}.refused-1.evidence-statement`
    expect(result.code).toBe(3)
    expect(depositsOf(result)).toMatchObject([{ outcome: 'refused', error: { code }, statement: kept }])
    expect(beside(path)).toEqual([`${code}.txt.refused-1.evidence-statement`])
    expect(await sizeOf(a)).toBe(before + 1)
    // The next run is not stuck on it; a second refusal takes no place of the first.
    const again = await deposit([path, '--note', 'secret'])
    expect(depositsOf(again)[0]?.statement).toBe(`${path}.refused-2.evidence-statement`)
    expect(readFileSync(`${path}.refused-2.evidence-statement`)).not.toEqual(readFileSync(kept))
    // Sent again it stays, while it is refused; then it goes for its receipt, which shows what was sealed.
    const stays = await deposit(['--resend', kept])
    expect(depositsOf(stays)).toMatchObject([{ outcome: 'refused', statement: kept }])
    expect(existsSync(kept)).toBe(true)
    change = (_, body) => body
    const [sent] = depositsOf(await deposit(['--resend', kept]))
    expect(sent).toMatchObject({ outcome: 'existing', receipts: [`${path}.refused-1.tlog-proof`] })
    expect(existsSync(kept)).toBe(false)
    expect(readFileSync(`${path}.refused-1.tlog-proof`, 'utf8')).toMatch(/^extra /m)
    expect(depositsOf(await deposit([path, '--note', 'secret']))).toMatchObject([{ outcome: 'deposited' }])
  })

  it('is named for people, with how to send it again', async () => {
    const path = file('told.txt')
    change = refuses('not-permitted', 403)
    const result = await evidence(['deposit', path, '--policy', policyOf('a'), '--url', proxy.url, ...keyOf('a')])
    expect(result.stdout).toContain(`evidence deposit --resend ${path}.refused-1.evidence-statement`)
  })

  it('waits where the server is busy', async () => {
    const path = file('busy.txt')
    change = refuses('request-slow', 408)
    const result = await deposit([path])
    expect(result.code).toBe(3)
    expect(beside(path)).toEqual(['busy.txt.evidence-statement'])
  })

  it('is kept with its manifest, and of a batch each; none of it is taken for evidence', async () => {
    const folder = at('m2', 'album')
    mkdirSync(folder, { recursive: true })
    for (const name of ['one', 'two']) writeFileSync(join(folder, name), name)
    change = refuses('not-permitted', 403)
    await deposit([folder])
    const kept = `${folder}.refused-1`
    expect(beside(folder).sort()).toEqual(['album.refused-1.evidence-manifest', 'album.refused-1.evidence-statement'])
    // A batch is answered by a line for each statement.
    const row = (n: number): string =>
      JSON.stringify({ line: n, status: 403, code: 'not-permitted', detail: 'says the server' })
    change = (line, body) => {
      let n = 0
      return statementPost.test(line) ? body.replace(/^.+$/gm, () => row(++n)) : body
    }
    const separate = depositsOf(await deposit(['--separate', join(folder, 'one'), join(folder, 'two')]))
    expect(separate.map(({ statement }) => statement)).toEqual(
      ['one', 'two'].map((name) => join(folder, `${name}.refused-1.evidence-statement`)),
    )
    change = (_, body) => body
    expect(depositsOf(await deposit(['--resend', `${kept}.evidence-statement`]))).toMatchObject([
      { outcome: 'existing', receipts: [`${kept}.tlog-proof`], manifest: `${kept}.evidence-manifest` },
    ])
    const [whole] = depositsOf(await deposit([folder]))
    expect(whole?.skipped?.map(({ name }) => name).sort()).toEqual([
      'one.refused-1.evidence-statement',
      'two.refused-1.evidence-statement',
    ])
  })

  it('is kept under a name that is cut where the file’s is long', async () => {
    const path = file(`${'long'.repeat(58)}`)
    change = refuses('not-permitted', 403)
    const [refused] = depositsOf(await deposit([path]))
    expect(refused?.outcome).toBe('refused')
    expect(refused?.statement).toMatch(/~[0-9a-f]{12}\.refused-1\.evidence-statement$/)
    expect(existsSync(refused?.statement as string)).toBe(true)
    expect(existsSync(`${path}.evidence-statement`)).toBe(false)
  })

  it('is not sent to another ledger', async () => {
    const path = file('wrong.txt')
    change = refuses('server-busy', 503)
    await evidence(['deposit', path, '--policy', policyOf('a'), '--url', proxy.url, ...keyOf('a')], {
      env: { EVIDENCE_RETRIES: '0' },
    })
    const waiting = `${path}.evidence-statement`
    const before = readFileSync(waiting)
    const seen = await startProxy(c.url, () => 'pass')
    const result = await deposit(['--resend', waiting], seen.url, 'c')
    await seen.close()
    expect(result.code).toBe(3)
    expect(depositsOf(result)).toMatchObject([
      { outcome: 'refused', error: { code: 'server-other-ledger' }, statement: waiting },
    ])
    for (const name of [origins.a, origins.c]) expect(depositsOf(result)[0]?.error?.message).toContain(name)
    expect(seen.seen.filter((line) => statementPost.test(line))).toEqual([])
    expect(readFileSync(waiting)).toEqual(before)
    change = (_, body) => body
    expect(depositsOf(await deposit(['--resend', waiting]))).toMatchObject([{ outcome: 'existing' }])
  })
})
