import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { request } from '../support/server.ts'
import { testWitness, type TestWitness } from '../support/witness.ts'

/* A witness refuses below and above requests by the mechanism of the ledger's server. */
let witness: TestWitness
beforeAll(async () => {
  witness = await testWitness([])
})
afterAll(() => witness.remove())

it.each([
  ['no HTTP', 'hello\r\n\r\n', 400],
  ['no Host', 'GET /healthz HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
  ['a long head', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ['a method that is none', 'FETCH / HTTP/1.1\r\nHost: localhost\r\n\r\n', 501],
  ['an address that is none', 'GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 404],
])('F-B9: %s is refused by a problem document', async (_name, text, status) => {
  const { hostname, port } = new URL(witness.url())
  const socket = connect(Number(port), hostname)
  let said = ''
  socket.on('data', (chunk: Buffer) => (said += chunk.toString()))
  socket.write(text)
  await once(socket, 'close')
  expect(said).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  expect(said).toMatch(/content-type: application\/problem\+json/i)
  expect(JSON.parse(said.slice(said.indexOf('\r\n\r\n')))).toMatchObject({ status })
})

it('F-L: TRACE is 405 and names what the address takes', async () => {
  for (const [path, allow] of [
    ['/healthz', 'GET, HEAD'],
    ['/add-checkpoint', 'POST'],
  ] as const) {
    const answer = await request(witness.url(), path, { method: 'TRACE' })
    expect([answer.status, answer.headers.allow]).toEqual([405, allow])
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
  }
})

it('F-L: a host that the witness does not go by is refused', async () => {
  for (const path of ['/healthz', '/nothing', `/${'0'.repeat(64)}/checkpoint`]) {
    const answer = await request(witness.url(), path, { headers: { host: 'evil.example' } })
    expect([path, answer.status, answer.json()]).toMatchObject([path, 421, { code: 'host-unknown' }])
  }
  const answer = await request(witness.url(), '/add-checkpoint', { method: 'POST', headers: { host: 'evil.example' } })
  expect(answer.status).toBe(421)
})
