import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliError, type CliResult, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

const { path: top, remove } = temporaryFolder()
const data = join(top, 'data')
const file = join(top, 'photo.jpg')
const policy = ['--policy', join(data, 'policy')]
let ledger: CliServer
/** What the hostile server answers, by path; undefined for what the ledger itself answers. */
let answer: (path: string) => { status: number; type: string; body: string } | undefined = () => undefined
let hostile: Server
let url: string

beforeAll(async () => {
  ledger = await startServer(data)
  writeFileSync(file, 'a photograph')
  await evidenceOk(['deposit', file, '--data', data, '--url', ledger.url])
  hostile = createServer((request, response) => {
    const own = answer(request.url ?? '')
    if (own !== undefined) {
      response.writeHead(own.status, { 'content-type': own.type }).end(own.body)
      return
    }
    void ledger.request(request.url ?? '/').then(({ status, headers, text }) => {
      response.writeHead(status, { 'content-type': headers['content-type'] ?? 'text/plain' }).end(text)
    })
  })
  await new Promise<void>((resolve) => hostile.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(hostile.address() as AddressInfo).port}`
})
afterAll(async () => {
  hostile.closeAllConnections()
  hostile.close()
  await ledger.stop()
  remove()
})

const json = (body: unknown, status = 200): { status: number; type: string; body: string } => ({
  status,
  type: status === 200 ? 'application/json' : 'application/problem+json',
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const check = (...args: string[]): Promise<CliResult> =>
  evidence(['check', file, '--online', ...policy, '--url', url, ...args])

describe('a server’s word', () => {
  it.each(['signature-invalid', 'file-differs', 'not-judged', 'usage', 'entry-altered'])(
    'that something is %s is no verdict of a check, which is 3 and says that the ledger could not be asked',
    async (code) => {
      answer = (path) => (path.includes('/status') ? json({ code, detail: 'says the server' }, 400) : undefined)
      const result = await check('--json')
      expect(result.code).toBe(3)
      expect(result.json()).toMatchObject({ standing: 'not-asked', faults: [{ code: 'server-answer' }] })
      const text = await check()
      expect(text.stdout.trimEnd().split('\n').at(-1)).toMatch(/^not looked at in part/)
    },
  )

  it.each(['nonsense', 'null', '[]', '{"checkpoint":"no note","size":1}'])(
    'that is %s is none either',
    async (body) => {
      answer = (path) => (path.includes('/status') || path === '/checkpoint' ? json(body) : undefined)
      const result = await check('--json')
      expect(result.code).toBe(3)
      expect(result.json()).toMatchObject({ standing: 'not-asked', faults: [{ code: 'server-answer' }] })
    },
  )

  it('never hides that the file is another', async () => {
    answer = (path) => (path.includes('/status') ? json('nonsense') : undefined)
    const before = readFileSync(file)
    writeFileSync(file, 'another photograph')
    const result = await check('--json')
    writeFileSync(file, before)
    expect(result.code).toBe(1)
    expect(JSON.stringify(result.json())).toContain('file-differs')
  })

  it.each(['<!doctype html>\n<title>Log in</title>', '\n <html>', '{"error":"unauthorised"}'])(
    'that is a page instead of a checkpoint is no verdict: %s',
    async (body) => {
      answer = () => ({ status: 200, type: 'text/html', body })
      const given = ['--url', url, ...policy, '--json']
      for (const command of [
        ['verify', ...given],
        ['receipt', '2', ...given, '--out', join(top, 'no.tlog-proof')],
        ['mirror', url, join(top, 'mirror'), '--once', ...policy, '--json'],
      ]) {
        const result = await evidence(command)
        // The mirror tells of it as an event.
        const code = command[0] === 'mirror' ? 'no checkpoint' : '"server-answer"'
        expect([command[0], result.code, result.stdout]).toEqual([command[0], 3, expect.stringContaining(code)])
      }
    },
  )

  it.each(['not-judged', 'signature-invalid'])('that it is %s is no finding of a re-walk', async (code) => {
    answer = (path) => (path.startsWith('/tile/entries') ? json({ code, detail: 'says the server' }, 400) : undefined)
    const result = await evidence(['verify', '--url', url, ...policy, '--json'])
    expect(result.code).toBe(3)
    expect(result.json<CliError>().error.code).toBe('server-answer')
  })

  it.each([
    ['null', ['find', '--kind', 'evidence.deposit']],
    ['{"entries":null,"next":null}', ['find', '--kind', 'evidence.deposit']],
    ['{"entries":[{"index":"1"}],"next":null}', ['find', '--kind', 'evidence.deposit']],
    ['{"participants":{}}', ['participants', 'list']],
    ['{"participants":[{"id":"x"}]}', ['participants', 'list']],
    ['{"index":1}', ['show', '1']],
    ['{"index":1,"payload":[]}', ['show', '1']],
  ])('of another form than ours (%s) is refused in our words', async (body, args) => {
    answer = (path) => (/^\/v1\/(?:entries|participants)/.test(path) ? json(body) : undefined)
    const result = await evidence([...args, '--url', url, '--data', join(top, 'nowhere'), '--json'])
    expect({ code: result.code, error: result.json<CliError>().error?.code }).toEqual({
      code: 3,
      error: 'server-answer',
    })
    expect(result.stderr).toBe('')
  })
})

describe('a receipt that a server gives', () => {
  it('takes the place of a sound one only where it verifies by the reader’s own policy', async () => {
    const receipt = `${file}.tlog-proof`
    const before = readFileSync(receipt, 'utf8')
    const forged = before.replace(
      /^(— \S+ .{20})(.)/m,
      (_, head: string, letter: string) => `${head}${letter === 'A' ? 'B' : 'A'}`,
    )
    expect(forged).not.toBe(before)
    answer = (path) => (path.endsWith('/receipt') ? json({ receipt: forged }) : undefined)
    const { index } = (await evidenceOk(['show', receipt, '--json'])).json<{ index: number }>()
    const own = await evidence(['show', String(index), '--receipt', receipt, '--url', url, '--data', data, '--json'])
    expect({ code: own.code, error: own.json<CliError>().error?.code }).toEqual({ code: 3, error: 'server-answer' })
    mkdirSync(join(top, 'empty'))
    const none = await evidence([
      'show',
      String(index),
      '--receipt',
      receipt,
      '--url',
      url,
      '--data',
      join(top, 'empty'),
      '--json',
    ])
    expect({ code: none.code, error: none.json<CliError>().error?.code }).toEqual({ code: 2, error: 'file-exists' })
    expect(readFileSync(receipt, 'utf8')).toBe(before)
    answer = () => undefined
    expect(
      (await evidence(['show', String(index), '--receipt', receipt, '--url', ledger.url, '--data', data])).code,
    ).toBe(0)
  })
})
