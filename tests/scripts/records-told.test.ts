import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { type CliError, type CliResult, evidence, evidenceOk, startProxy } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Party, type TestServer, testServer } from '../support/server.ts'

/* What the commands print of records and access rules, wherever an entry or what happened later is shown. */
describe('records and access rules', () => {
  const { path, remove } = temporaryFolder()
  let server: TestServer
  let policy: string
  const indices: Record<string, number> = {}

  const ok = (...args: string[]): Promise<CliResult> =>
    evidenceOk(args, { cwd: path, env: { EVIDENCE_URL: server.url } })

  beforeAll(async () => {
    server = await testServer({ reading: 'public' })
    policy = join(server.folder.root, 'policy')
    const lab = await server.admit('lab', ['attestor'])
    const court = await server.admit('court', ['authority'])
    const deposited = (await server.post(server.deposit('a').presentation)).json<DepositAnswer>()
    writeFileSync(join(path, 'a.txt'), 'a')
    writeFileSync(join(path, 'a.txt.tlog-proof'), deposited.receipt as string)
    const refer = ({ index, leafHash }: DepositAnswer): object => ({ index, leafHash })
    const say = async (
      name: string,
      who: Party,
      kind: string,
      members: object,
      sealed: object,
    ): Promise<DepositAnswer> => {
      const answer = await server.post(server.sign(who, kind, members, { sealed }).presentation)
      expect(answer.status).toBe(201)
      const made = answer.json<DepositAnswer>()
      indices[name] = made.index
      return made
    }
    indices['deposit'] = deposited.index
    const of = refer(deposited)
    const event = { of: { ...of, item: 0 }, event: 'opened', to: '2026-11-21T09:30:00.000Z' }
    await say('event', lab, 'evidence.event', event, { details: { tool: 'x' } })
    const challenge = await say('challenge', lab, 'evidence.challenge', { of }, { reasons: 'secret' })
    await say('finding', court, 'evidence.finding', { of, finding: 'admitted-in-part' }, {})
    await say('answer', court, 'evidence.finding', { of: refer(challenge), finding: 'left-open' }, {})
    await say('rule', court, 'access.rule', {}, { terms: { rule: 'hold', of: [of], basis: 'secret' } })
  })
  afterAll(async () => {
    await server.remove()
    remove()
  })

  it('are told of a deposit that is checked, and change nothing of its standing', async () => {
    const { stdout } = await ok('check', 'a.txt', '--online', '--policy', policy)
    expect(stdout).toContain(`later: recorded, opened, item 0: entry ${indices['event']} at `)
    expect(stdout).toContain(`later: challenged: entry ${indices['challenge']} at `)
    expect(stdout).toContain(`later: found, admitted-in-part: entry ${indices['finding']} at `)
    // What was found on the challenge is told with the deposit, and on what.
    expect(stdout).toContain(
      `later: found, left-open, on the challenge in entry ${indices['challenge']}: entry ${indices['answer']}`,
    )
    const report = (await ok('check', 'a.txt', '--online', '--policy', policy, '--json')).json<{ standing: string }>()
    expect(report.standing).toBe('sound')
  })

  it('are shown entry by entry, with how much is withheld', async () => {
    const show = async (name: string): Promise<string> => (await ok('show', String(indices[name]))).stdout
    const event = await show('event')
    expect(event).toContain(': evidence.event')
    expect(event).toContain('"to": "2026-11-21T09:30:00.000Z"')
    expect(event).toContain('1 sealed claim withheld')
    expect(await show('challenge')).toContain('1 sealed claim withheld')
    expect(await show('finding')).toContain('"finding": "admitted-in-part"')
    const rule = await show('rule')
    expect(rule).toContain(': access.rule')
    expect(rule).toContain('1 sealed claim withheld')
    expect(rule).not.toContain('secret')
  })

  it('are packed with the deposit and judged there', async () => {
    await ok('package', 'a.txt', '--policy', policy, '--out', 'packed')
    const { stdout } = await ok('check', 'packed', '--policy', policy)
    expect(stdout).toMatch(/records an event of entry \d+ \(data\/deposits\/001\), item 0: opened/)
    expect(stdout).toMatch(/challenges entry \d+ \(data\/deposits\/001\)\n/)
    expect(stdout).toMatch(/decides of entry \d+ \(data\/deposits\/001\): admitted-in-part/)
    expect(stdout).toMatch(/decides of entry \d+ \(data\/deposits\/001\), on the challenge in entry \d+: left-open/)
  })

  it('are packed into a certificate with their receipts', async () => {
    await ok('certificate', 'a.txt', '--online', '--policy', policy, '--out', 'a.html')
    const { stdout } = await ok('check', 'a.html', '--policy', policy)
    expect(stdout).toContain('no fault found')
  })

  it('stand in a history, each verified, with how much is not shown', async () => {
    const { stdout } = await ok('history', 'a.txt', '--policy', policy)
    for (const text of [': deposited', ': recorded: opened, item 0', ': found: admitted-in-part'])
      expect(stdout).toContain(text)
    expect(stdout).toMatch(/done to 2026-11-21T09:30:00.000Z.*, by its own word/)
    expect(stdout).toContain('on the word of lab')
    expect(stdout).not.toContain('secret')
  })

  it('stand in no history of a server whose answer does not verify', async () => {
    const lie = async (part: string, from: string, to: string): Promise<unknown> => {
      const change = (line: string, body: string): string => (line.includes(part) ? body.replace(from, to) : body)
      const proxy = await startProxy(server.url, () => 'pass', change)
      try {
        const args = ['history', 'a.txt.tlog-proof', '--policy', policy, '--url', proxy.url, '--json']
        const result = await evidence(args, { cwd: path })
        return [result.code, result.json<CliError>().error.code]
      } finally {
        await proxy.close()
      }
    }
    const wrong = [3, 'server-answer']
    expect(await lie('/status', '"code":"opened"', '"code":"frozen"')).toEqual(wrong)
    expect(await lie('/status', '"what":"found"', '"what":"challenged"')).toEqual(wrong)
    expect(await lie('/receipt', `index ${indices['deposit']}\\n`, 'index 1\\n')).toEqual(wrong)
  })
})
