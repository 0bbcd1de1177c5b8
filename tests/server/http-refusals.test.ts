import { once } from 'node:events'
import { createServer, METHODS } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Problem } from '../../src/api/answers.ts'
import { HostNames } from '../../src/node/host-names.ts'
import { type ErrorCode, errorTable, isEvidenceError } from '../../src/core/errors.ts'
import { accessToken } from '../../src/client/access-token.ts'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { signerNamed } from '../support/signers.ts'
import { type Answer, problemIn, type TestServer, testServer } from '../support/server.ts'

let server: TestServer
beforeAll(async () => {
  server = await testServer({ settings: { refusalsPerMinute: 5 } })
})
afterAll(() => server.remove())

/** Sends bytes as they are and reads to the end of the connection. */
async function raw(text: string): Promise<string> {
  const { hostname, port } = new URL(server.url)
  const socket = connect(Number(port), hostname)
  socket.on('error', () => {})
  let said = ''
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()))
  socket.write(text)
  await once(socket, 'close')
  return said
}

/** The problem document of a raw answer; throws where it is none. */
function problemOf(said: string): Problem {
  const [head = '', body = ''] = said.split('\r\n\r\n')
  if (!/^content-type: application\/problem\+json(?:; charset=utf-8)?\r?$/im.test(head))
    throw new Error(`no problem document: ${said}`)
  const problem = JSON.parse(body) as Problem
  expect(head).toMatch(new RegExp(`^HTTP/1\\.1 ${problem.status} `))
  expect(errorTable[problem.code].status).toBe(problem.status)
  expect(problem.action).not.toBe('')
  return problem
}

const host = 'Host: localhost\r\n'
const close = 'Connection: close\r\n'

describe('F-B9: every refusal is a problem document, whatever fails first', () => {
  it.each<[string, string, ErrorCode]>([
    ['no HTTP', 'hello\r\n\r\n', 'request-malformed'],
    ['a TLS handshake', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n', 'request-malformed'],
    ['a header that is none', `GET / HTTP/1.1\r\n${host}a b c\r\n\r\n`, 'request-malformed'],
    ['another version', `GET / HTTP/9.9\r\n${host}\r\n`, 'request-malformed'],
    ['no Host', `GET /v1/ledger HTTP/1.1\r\n${close}\r\n`, 'request-malformed'],
    [
      'two lengths',
      `POST /v1/statements HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`,
      'request-malformed',
    ],
    ['a length that is none', `POST /v1/statements HTTP/1.1\r\n${host}Content-Length: x\r\n\r\n`, 'request-malformed'],
    ['a head that is too long', `GET / HTTP/1.1\r\n${host}X: ${'x'.repeat(20_000)}\r\n\r\n`, 'head-too-large'],
    ['an address that is too long', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n${host}\r\n`, 'head-too-large'],
    ['a method that is none', `FETCH /v1/ledger HTTP/1.1\r\n${host}\r\n`, 'method-unknown'],
    ['CONNECT', `CONNECT example.com:443 HTTP/1.1\r\n${host}\r\n`, 'method-unknown'],
    ['an address that is none', `GET /%zz HTTP/1.1\r\n${host}${close}\r\n`, 'not-found'],
    [
      'another media type',
      `POST /v1/statements HTTP/1.1\r\n${host}${close}Content-Type: application/xml\r\nContent-Length: 2\r\n\r\n{}`,
      'media-type',
    ],
    [
      'a body that is too large',
      `POST /v1/statements HTTP/1.1\r\n${host}${close}Content-Type: text/plain\r\nContent-Length: 9999999\r\n\r\n`,
      'body-too-large',
    ],
    [
      'a coded body',
      `POST /v1/statements HTTP/1.1\r\n${host}${close}Content-Type: text/plain\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
      'media-type',
    ],
  ])('%s', async (_name, text, code) => {
    expect(problemOf(await raw(text)).code).toBe(code)
  })

  it.each([
    ['Host', 'localhost', 'evil.example'],
    ['Host', 'localhost', 'localhost'],
    ['Authorization', 'Bearer x', 'Bearer y'],
    ['Content-Type', 'text/plain', 'application/x-ndjson'],
    ['Content-Encoding', 'identity', 'gzip'],
  ])('R3A-L3: a request with two %s headers is refused', async (name, first, second) => {
    const own = name === 'Host' ? '' : host
    const answer = await raw(`GET /v1/ledger HTTP/1.1\r\n${own}${close}${name}: ${first}\r\n${name}: ${second}\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(problemOf(answer)).toMatchObject({ code: 'request-malformed', where: name })
  })

  it('an expectation that is not known is passed over', async () => {
    expect(await raw(`GET /healthz HTTP/1.1\r\n${host}${close}Expect: the-unexpected\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 200 /,
    )
  })

  it('HTTP/1.0 needs no Host', async () => {
    expect(await raw('GET /healthz HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /)
  })
})

describe('F-B9: a redirect', () => {
  it.each([
    ['https://ledger.court.example/v1/ledger', 'to https://ledger.court.example'],
    ['/elsewhere', '/elsewhere'],
  ])('to %s is not followed, and the client says where it leads', async (location, said) => {
    let asked = 0
    const away = createServer((_request, response) => {
      asked++
      response.writeHead(307, { location }).end()
    })
    away.listen(0, '127.0.0.1')
    await once(away, 'listening')
    try {
      const client = new LedgerClient(`http://127.0.0.1:${(away.address() as AddressInfo).port}`)
      const error = await client.ledger().catch((caught: unknown) => caught)
      expect(isEvidenceError(error, 'server-answer')).toBe(true)
      expect((error as Error).message).toContain(said)
      expect(asked).toBe(1)
    } finally {
      away.close()
      away.closeAllConnections()
    }
  })
})

describe('F-L: methods', () => {
  const methods = METHODS.filter((method) => !['CONNECT', 'GET', 'HEAD', 'POST'].includes(method))
  it.each(methods)('%s is refused with 405 and what the address takes, and 404 where there is none', async (method) => {
    const known = await server.request('/v1/ledger', { method })
    expect(problemIn(known).code).toBe('method-not-allowed')
    expect(known.headers.allow).toBe('GET, HEAD')
    const posted = await server.request('/v1/statements', { method })
    expect(posted.headers.allow).toBe('POST')
    expect(problemIn(await server.request('/v1/nothing', { method })).code).toBe('not-found')
  })

  it('HEAD where there is only POST is refused, without a body', async () => {
    const answer = await server.request('/v1/statements', { method: 'HEAD' })
    expect([answer.status, answer.text]).toEqual([405, ''])
  })
})

describe('F-L: names that a server is asked by', () => {
  const ask = (name: string): Promise<Answer> => server.get('/v1/ledger', undefined, { host: name })

  it('are loopback names and what it listens on', async () => {
    for (const name of [
      'localhost',
      'LOCALHOST:1',
      'localhost.',
      'a.localhost',
      '127.0.0.1',
      '127.8.8.8:80',
      '[::1]:80',
    ]) {
      expect([name, (await ask(name)).status]).toEqual([name, 200])
    }
  })

  it('are no others: a page that was led here by its own name reads nothing, and no list of names', async () => {
    for (const name of [
      'evil.example',
      'evil.example:8080',
      '192.0.2.1',
      'localhost.evil.example',
      '127.0.0.1.evil.example',
      '[::2]',
      '[::1]x',
      '[::1].evil.example',
      '[::1]:80:80',
      'x[::1]',
      'localhost:80:80',
      'x y',
    ]) {
      const problem = problemIn(await ask(name))
      expect([name, problem.code, problem.status]).toEqual([name, 'host-unknown', 421])
      expect(problem.detail).not.toMatch(/localhost|127|example/)
    }
    expect(problemIn(await server.post(server.deposit('x').presentation, { host: 'evil.example' })).code).toBe(
      'host-unknown',
    )
    expect(problemIn(await server.get('/nothing', undefined, { host: 'evil.example' })).code).toBe('host-unknown')
    expect(problemIn(await server.get('/docs/', undefined, { host: 'evil.example' })).code).toBe('host-unknown')
  })

  it('F-RA-Host: are asked of a target in absolute form as well as of the header', async () => {
    for (const [target, name, status] of [
      ['http://localhost/v1/ledger', 'localhost', 200],
      ['HTTP://127.0.0.1:80/v1/ledger', 'localhost', 200],
      ['http://evil.example/v1/ledger', 'localhost', 421],
      ['http://localhost@evil.example/v1/ledger', 'localhost', 421],
      ['http://localhost/v1/ledger', 'evil.example', 421],
    ] as const) {
      const answer = await server.request(target, { headers: { host: name } })
      expect([target, name, answer.status]).toEqual([target, name, status])
    }
    // Not even a path: the framework finds nothing there.
    for (const target of ['http://[::1]x/v1/ledger', 'http:///v1/ledger'])
      expect((await server.request(target, { headers: { host: 'localhost' } })).status).toBeGreaterThanOrEqual(404)
  })

  it.each<[string, readonly string[], readonly string[], readonly string[]]>([
    ['0.0.0.0', [], ['192.0.2.1:80', '[2001:db8::1]', 'localhost'], ['ledger', 'evil.example']],
    ['::', [], ['192.0.2.1'], ['evil.example']],
    ['10.0.0.5', [], ['10.0.0.5:8080', '127.0.0.1'], ['10.0.0.6', 'evil.example']],
    ['2001:db8::5', [], ['[2001:DB8::5]:80'], ['[2001:db8::6]']],
    ['ledger.internal', [], ['ledger.internal:80', 'Ledger.Internal'], ['internal']],
    [
      '127.0.0.1',
      ['https://ledger.court.example/x', 'http://backend:8080'],
      ['ledger.court.example', 'backend:1', 'localhost'],
      ['court.example'],
    ],
  ])('listening on %s with base URLs %j', (listening, baseUrls, known, unknown) => {
    const names = new HostNames(listening, baseUrls)
    const code = (name: string): string =>
      names.refusal({ headers: { host: name }, headersDistinct: { host: [name] }, httpVersion: '1.1' } as never)
        ?.code ?? 'known'
    expect(known.map(code)).toEqual(known.map(() => 'known'))
    expect(unknown.map(code)).toEqual(unknown.map(() => 'host-unknown'))
  })
})

describe('F-L: tokens that are refused', () => {
  it('keep nobody from depositing, and garbage keeps nobody from reading', async () => {
    for (let i = 0; i < 20; i++) {
      for (const authorization of ['Bearer garbage', `Bearer a.b.${i}`, `Basic ${i}`]) {
        expect((await server.get('/v1/entries/0', undefined, { authorization })).status).toBe(401)
      }
    }
    expect((await server.post(server.deposit('after garbage').presentation)).status).toBe(201)
    expect((await server.get('/v1/entries/0', server.depositor)).status).toBe(200)
  })

  it('are counted where a signature had to be verified, and apart from statements', async () => {
    const token = server.token(server.depositor)
    const forged = `Bearer ${token.slice(0, token.lastIndexOf('.'))}.${'A'.repeat(86)}`
    const statuses: number[] = []
    for (let i = 0; i < 8; i++)
      statuses.push((await server.get('/v1/entries/0', undefined, { authorization: forged })).status)
    expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 429, 429])
    expect((await server.post(server.deposit('after forgeries').presentation)).status).toBe(201)
    expect((await server.get('/v1/ledger')).status).toBe(200)
  })
})

describe('F-N14: a token for another server', () => {
  it('is told the names that this one goes by, if a participant signed it', async () => {
    const named = await testServer({ settings: { baseUrls: ['https://ledger.court.example'] } })
    try {
      const { depositor } = named
      const ask = async (key = depositor.key): Promise<Problem> => {
        const authorization = `Bearer ${accessToken(depositor.id, key, 'https://old.court.example', Date.now())}`
        return problemIn(await named.get('/v1/entries/0', undefined, { authorization }))
      }
      const told = await ask()
      expect(told.code).toBe('token-invalid')
      expect(told.detail).toContain('goes by https://ledger.court.example')
      const forged = await ask({ ...signerNamed('stranger'), jwk: depositor.key.jwk })
      expect(forged.code).toBe('token-invalid')
      expect(forged.detail).not.toContain('court.example')
    } finally {
      await named.remove()
    }
  })
})

describe('F-L: a batch of nothing', () => {
  const ndjson = { 'content-type': 'application/x-ndjson' }
  it.each([
    ['empty lines', '\n'.repeat(1000)],
    ['lines of one letter', 'x\n'.repeat(999)],
    ['blanks', ' \r\n'.repeat(500)],
  ])('of %s is answered once', async (_name, body) => {
    const answer = await server.post(body, ndjson)
    expect(problemIn(answer).code).toBe('body-malformed')
    expect(answer.body.length).toBeLessThan(1000)
  })

  it('is not one that has some lines of nothing', async () => {
    const results = await server.batch(['', server.deposit('beside nothing').presentation, 'x'])
    expect(results.map(({ status }) => status)).toEqual([400, 201, 400])
  })
})

describe('the page of errors', () => {
  it('has all codes, and each refusal leads to its line', async () => {
    const { help, code } = problemIn(await server.get('/v1/entries/99999'))
    expect(help).toBe(`/errors#${code}`)
    const page = await server.get('/errors')
    expect([page.status, page.headers['content-security-policy']]).toEqual([
      200,
      "default-src 'none'; frame-ancestors 'none'",
    ])
    for (const name of Object.keys(errorTable)) expect(page.text).toContain(`<tr id="${name}">`)
  })
})
