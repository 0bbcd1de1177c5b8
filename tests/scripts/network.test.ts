import { writeFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliError, type CliServer, evidence, evidenceOk, startServer, systemProgram } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

const { path, remove } = temporaryFolder()
const data = join(path, 'data')
const file = join(path, 'photo.jpg')
const servers: Server[] = []
let ledger: CliServer

async function listening(server: Server): Promise<number> {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const serveHttp = (handle: RequestListener): Promise<number> => listening(createServer(handle))

beforeAll(async () => {
  ledger = await startServer(data)
  writeFileSync(file, 'what was photographed')
  await evidenceOk(['deposit', file, '--data', data, '--url', ledger.url])
})
afterAll(async () => {
  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await ledger.stop()
  remove()
})

const find = (url: string, env: Record<string, string> = {}) =>
  evidence(['find', file, '--json', '--data', data, '--url', url], { env })

describe('F-B9: the address of a server', () => {
  it.each([
    ['http://h:99999', 'has the port 99999; ports are 1 to 65535'],
    ['http://', 'cannot be read as a URL'],
    ['http://[::1', 'cannot be read as a URL'],
    ['ftp://h/', 'is not an http or https URL'],
    ['ledger.example', 'is not an http or https URL'],
    ['http://h/?a=b', 'has a query or a fragment; give the base URL alone'],
  ])('F-B9: %s is a usage error', async (url, why) => {
    const result = await find(url)
    expect(result.code).toBe(2)
    expect(result.json<CliError>().error).toMatchObject({ code: 'usage', message: `the URL ${url} ${why}` })
  })

  it('F-B12: never repeats a password in it', async () => {
    for (const command of ['find', 'show', 'check', 'doctor', 'verify', 'deposit']) {
      const about = command === 'doctor' || command === 'verify' ? [] : [command === 'show' ? '2' : file]
      const online = command === 'check' ? ['--online'] : []
      const args = [command, ...about, ...online, '--data', data, '--url', 'http://ann:s3cret@127.0.0.1:9/']
      for (const json of [[], ['--json']]) {
        const { code, stdout, stderr } = await evidence([...args, ...json], { env: { EVIDENCE_DEBUG: '1' } })
        expect([command, code]).toEqual([command, 2])
        expect(stdout + stderr).toContain('leave it out')
        expect(stdout + stderr).not.toMatch(/s3cret|ann:/)
      }
    }
  })
})

describe('F-B9: what a server answers', () => {
  it('names the target of a redirect, and does not follow it with a token', async () => {
    const seen: (string | undefined)[] = []
    const target = await serveHttp((request, answer) => {
      seen.push(request.headers.authorization)
      answer.end()
    })
    const from = await serveHttp((request, answer) => {
      answer.writeHead(308, { location: `http://127.0.0.1:${target}${request.url}` }).end()
    })
    const result = await evidence([
      'find',
      file,
      '--id',
      'depositor',
      '--json',
      '--data',
      data,
      '--url',
      `http://127.0.0.1:${from}`,
    ])
    expect(result.code).toBe(3)
    expect(result.json<CliError>().error).toMatchObject({
      code: 'server-answer',
      message: expect.stringContaining(`redirects to http://127.0.0.1:${target}/`) as string,
    })
    expect(seen).toEqual([])
  })

  it('says what 431 without a problem document means', async () => {
    const port = await serveHttp((_request, answer) => void answer.writeHead(431).end())
    const result = await evidence([
      'show',
      '2',
      '--json',
      '--id',
      'x',
      '--data',
      data,
      '--url',
      `http://127.0.0.1:${port}`,
    ])
    expect(result.json<CliError>().error.message).toContain('431 (the request’s header lines are too large for it)')
  })

  /** A program whose clock is wrong: every Date that it makes is shifted. */
  const wrongClock = (seconds: number): Record<string, string> => ({
    NODE_OPTIONS: `--import=data:text/javascript,const%20now=Date.now;Date.now=()=>now()%2B${seconds * 1000}`,
  })

  it('F-B9: names the clock where a token is refused for it', async () => {
    const shown = await evidence(['show', '2', '--json', '--data', data, '--url', ledger.url], {
      env: wrongClock(4000),
    })
    const refusal = await evidence(
      [
        'find',
        '--case',
        'x',
        '--json',
        '--id',
        'depositor',
        '--key',
        join(data, 'keys/depositor.pem'),
        '--url',
        ledger.url,
      ],
      { env: wrongClock(4000) },
    )
    for (const { code, stdout } of [shown, refusal]) {
      expect([stdout, code]).toEqual([stdout, 3])
      expect(JSON.parse(stdout)).toMatchObject({
        error: {
          code: 'token-invalid',
          where: 'clock',
          message: expect.stringMatching(/clock is [0-9]{4} s ahead of the server’s/) as string,
        },
      })
    }
    const behind = await evidence(['show', '2', '--json', '--data', data, '--url', ledger.url], {
      env: wrongClock(-4000),
    })
    expect(behind.stdout).toMatch(/clock is [0-9]{4} s behind the server’s/)
  })

  it('F-B9: names the clock where a statement is refused for it', async () => {
    const other = join(path, 'other.jpg')
    writeFileSync(other, 'other')
    const result = await evidence(
      ['deposit', other, '--json', '--id', 'depositor', '--data', data, '--url', ledger.url],
      { env: wrongClock(4000) },
    )
    expect(result.stdout).toMatch(/issued-in-future[^]*clock is [0-9]{4} s ahead of the server’s/)
  })
})

describe('F-B12: the network of an office', () => {
  it('goes through the proxy of HTTP_PROXY, but for this machine and NO_PROXY', async () => {
    const seen: string[] = []
    // A tunnel, as undici asks for one for http too.
    const proxy = createServer((request, answer) => {
      seen.push(`${request.method} ${request.url}`)
      answer.writeHead(501).end()
    })
    const { hostname, port } = new URL(ledger.url)
    proxy.on('connect', (request, socket) => {
      seen.push(`CONNECT ${request.url}`)
      const onward = connect(Number(port), hostname, () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        onward.pipe(socket).pipe(onward)
      })
      onward.on('error', () => socket.destroy())
      socket.on('error', () => onward.destroy())
    })
    const env = { HTTP_PROXY: `http://127.0.0.1:${await listening(proxy)}`, EVIDENCE_ID: 'depositor' }
    const args = ['find', file, '--json', '--data', data, '--key', join(data, 'keys/depositor.pem')]
    const run = (url: string, more: Record<string, string> = {}) =>
      evidence([...args, '--url', url], { env: { ...env, ...more } })
    // This ledger does not go by the name that was asked: its answer shows that it was reached.
    const through = await run('http://ledger.example:8080')
    expect(new Set(seen)).toEqual(new Set(['CONNECT ledger.example:8080']))
    const asked = seen.length
    expect(through.json<CliError>().error.code).toBe('host-unknown')
    expect((await run(ledger.url)).code).toBe(0)
    expect((await run('http://ledger.invalid:8080', { NO_PROXY: 'ledger.invalid' })).json<CliError>().error.code).toBe(
      'server-unreachable',
    )
    expect(seen).toHaveLength(asked)
    const dead = await run('http://ledger.example:8080', { HTTP_PROXY: 'http://ann:s3cret@127.0.0.1:9' })
    expect(dead.stdout).toContain('through the proxy that the environment names')
    expect(dead.stdout).not.toContain('s3cret')
  })

  it('trusts the authorities of NODE_EXTRA_CA_CERTS, and names it where one is not trusted', async () => {
    const [key, certificate] = [join(path, 'tls.key'), join(path, 'tls.pem')]
    const made = systemProgram('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      key,
      '-out',
      certificate,
      '-days',
      '2',
      '-subj',
      '/CN=localhost',
      '-addext',
      'subjectAltName=IP:127.0.0.1',
    ])
    expect(made.code).toBe(0)
    const server = createTlsServer(
      {
        key: systemProgram('openssl', ['pkey', '-in', key]).stdout,
        cert: systemProgram('openssl', ['x509', '-in', certificate]).stdout,
      },
      (request, answer) => {
        void fetch(`${ledger.url}${request.url}`).then(async (from) => {
          answer.writeHead(from.status, { 'content-type': from.headers.get('content-type') ?? '' })
          answer.end(await from.text())
        })
      },
    )
    const url = `https://127.0.0.1:${await listening(server)}`
    const anonymous = join(path, 'nothing')
    const run = (env: Record<string, string>) =>
      evidence(['find', file, '--json', '--data', anonymous, '--url', url], { env })
    const untrusted = await run({})
    expect(untrusted.json<CliError>().error).toMatchObject({
      code: 'server-unreachable',
      message: expect.stringContaining('NODE_EXTRA_CA_CERTS names more') as string,
    })
    expect((await run({ NODE_EXTRA_CA_CERTS: certificate })).code).toBe(0)
  })
})
