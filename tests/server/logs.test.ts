import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dataFolder, readOwnKey } from '../../src/ledger/data-folder.ts'
import { readKeyFile } from '../../src/node/key-file.ts'
import { type CliServer, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { deposit, sha256Hex, statement } from '../support/statements.ts'

/** Words that no log may hold, each made up for this test. */
const secrets = {
  caseNumber: '(2026)沪0104刑初98765号',
  fileName: 'victim-passport-scan.jpg',
  note: 'handed-over-by-the-witness-in-person',
  exhibit: 'exhibit-of-the-grey-house-12',
  place: 'seventh-floor-of-the-grey-house',
  query: 'a-word-that-stands-only-in-a-query',
  path: 'a-word-that-stands-only-in-a-path',
  header: 'a-word-that-stands-only-in-a-header',
}

describe.each(['info', 'debug'])('the log of a server at level %s', (level) => {
  const { path, remove } = temporaryFolder()
  let server: CliServer
  let exitCode: number | null = null
  /** Everything that was sent or received and must not be logged. */
  const forbidden: Record<string, string> = { ...secrets }
  let log = ''

  beforeAll(async () => {
    const data = join(path, 'data')
    await evidenceOk(['init', '--data', data, '--origin', 'test.example/logs', '--reading', 'participants'])
    server = await startServer(data, ['--log-level', level], 'serve')
    const folder = dataFolder(data)
    const depositor = readKeyFile(folder.depositorKey)
    const origin = readOwnKey(folder).name
    const sealed = {
      names: [secrets.fileName],
      case: [{ number: secrets.caseNumber }],
      note: secrets.note,
      collection: { place: secrets.place, exhibit: secrets.exhibit },
    }
    const made = deposit(depositor, origin, 'content', { sealed })
    const post = (body: string, headers: Record<string, string> = {}): Promise<unknown> =>
      server.request('/v1/statements', {
        method: 'POST',
        body,
        headers: { 'content-type': 'application/sd-jwt', 'user-agent': secrets.header, ...headers },
      })
    const token = server.token('depositor')
    const get = (at: string, authorization = `Bearer ${token}`): Promise<unknown> =>
      server.request(at, { headers: { authorization, referer: `http://x.example/${secrets.header}` } })
    // What is accepted, repeated and refused.
    await post(made.presentation)
    await post(made.presentation)
    const jti = randomUUID()
    const first = deposit(depositor, origin, 'a', { jti, sealed: { note: secrets.note } })
    const second = deposit(depositor, origin, 'b', { jti, sealed: { note: secrets.note } })
    await post([first, second, made].map(({ presentation }) => presentation).join('\n'), {
      'content-type': 'application/x-ndjson',
    })
    const clear = statement(depositor, origin, 'evidence.deposit', { note: secrets.note, items: [] })
    await post(clear.presentation)
    await post(made.presentation.replace(/~.*$/, '~AAAA~'))
    await post(`${made.presentation}${token}`)
    await post(made.jws.slice(0, -4), { 'content-type': 'text/plain' })
    await post(secrets.note, { 'content-type': 'application/json' })
    await post(`{"${secrets.note}":1}`, { 'content-type': 'application/json' })
    await post(secrets.note, { 'content-type': `application/${secrets.header}` })
    await post(secrets.note.repeat(20_000))
    // Reading, by right and without.
    const query = new URLSearchParams({ case: secrets.caseNumber }).toString()
    await get('/v1/entries/2')
    await get('/v1/entries/2/receipt')
    await get(`/v1/entries?${query}`)
    await get(`/v1/entries?${query}`, '')
    await get(`/v1/entries?exhibit=${secrets.exhibit}`)
    await server.request('/v1/entries/search', {
      method: 'POST',
      body: JSON.stringify({ cases: [secrets.caseNumber], exhibits: [secrets.exhibit] }),
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    })
    await get(`/v1/entries?digest=sha256:${sha256Hex('content')}`)
    await get(`/v1/entries?nonsense=${secrets.query}`)
    await get(`/v1/ledger?${secrets.query}=${secrets.query}`)
    await get('/v1/entries/2', `Bearer ${token.slice(0, -3)}`)
    await get('/v1/entries/2', `Basic ${secrets.header}`)
    // Addresses that are not there, or cannot be read.
    await get(`/${secrets.path}?q=${secrets.query}`)
    await get(`/v1/entries/${secrets.path}`)
    await get(`/v1/entries/${secrets.path.repeat(5)}`)
    await get(`/%zz${secrets.path}?q=${secrets.query}`)
    await get(`/tile/0/${secrets.path}`)
    await get(`/docs/${secrets.path}`)
    await server.request(`/v1/entries/0?q=${secrets.query}`, { method: 'DELETE' })
    await rawRequest(server.url, `GET /${secrets.path} HTTP/9.9\r\n${secrets.header}\r\n\r\n`)
    await rawRequest(
      server.url,
      `POST /v1/statements HTTP/1.1\r\nContent-Length: 1000\r\nHost: localhost\r\n\r\n${secrets.note}`,
    )
    Object.assign(forbidden, {
      token,
      tokenSignature: token.split('.')[2],
      jws: made.jws,
      jwsPayload: made.jws.split('.')[1],
      jwsSignature: made.jws.split('.')[2],
      otherJws: second.jws.split('.')[2],
      clearJws: clear.jws.split('.')[1],
      digest: sha256Hex('content'),
      jti,
      encodedCase: encodeURIComponent(secrets.caseNumber),
      formCase: query,
      querySign: '?',
    })
    made.disclosures.forEach(({ text, digest }, i) => {
      forbidden[`disclosure ${i}`] = text
      forbidden[`digest of disclosure ${i}`] = digest
    })
    exitCode = await server.stop()
    log = server.output()
  })
  afterAll(remove)

  it('has a line for each request: method, route, status and time, as JSON', () => {
    expect(exitCode).toBe(0)
    const lines = log
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as Record<'msg' | 'method' | 'route', string> & Record<'status' | 'ms', number>)
    const requests = lines.filter(({ msg }) => msg === 'request')
    expect(requests.length).toBeGreaterThan(25)
    for (const { method, route, status, ms } of requests) {
      expect(method).toMatch(/^[A-Z]+$/)
      expect(route).toBeTypeOf('string')
      expect(status).toBeTypeOf('number')
      expect(ms).toBeTypeOf('number')
    }
    const seen = new Set(requests.map(({ method, route, status }) => `${method} ${route} ${status}`))
    for (const line of [
      'POST /v1/statements 201',
      'POST /v1/statements 200',
      'POST /v1/statements 400',
      'GET /v1/entries/:index 200',
      'GET /v1/entries 200',
      'GET /v1/entries 401',
      'GET none 404',
      'DELETE /v1/entries/:index 405',
    ]) {
      expect(seen).toContain(line)
    }
  })

  it('holds nothing of evidence, cases, tokens, statements or queries', () => {
    const found = Object.entries(forbidden).filter(([, text]) => log.includes(text))
    expect(found.map(([name]) => name)).toEqual([])
    expect(Object.keys(forbidden).length).toBeGreaterThan(20)
  })
})

/** Writes bytes to the server as they are, waits for its word or its end, and goes. */
function rawRequest(url: string, text: string): Promise<void> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => socket.write(text))
    const end = (): void => {
      socket.destroy()
      resolve()
    }
    socket.on('data', end)
    socket.on('error', end)
    socket.on('close', end)
    setTimeout(end, 300)
  })
}
