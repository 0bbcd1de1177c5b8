import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { maxBatchBody } from '../../server/settings.ts'
import { Acknowledged } from '../support/acknowledged.ts'
import { figures, type FaultServer, launchSound, option, residentBytes } from '../support/fault-server.ts'
import { type TestFolder, trialFolder } from '../support/folder.ts'
import { sizeOf } from '../support/long.ts'
import { lacks } from '../support/system-tools.ts'

/*
 * Clients that hold what they have and go no further: connections that idle, bodies that stop half-way, answers that nobody
 * reads. The others are served, and memory is bounded. `npm run faults -- slow-clients --bodies 60 --readers 150` is the
 * long form.
 */
const idleConnections = option('connections', sizeOf('tests/faults/slow-clients.test.ts', 'connections'))
const bodies = option('bodies', 12)
const readers = option('readers', 30)
const mib = 1024 * 1024
/** What the server's settings allow in flight, and room for a garbage collector that comes late. */
const growth = (256 + 250) * mib

type Served = FaultServer & { url: string }
type Raw = Socket & { said: () => string }

/** What this process may open, less some. */
function affordable(wanted: number): number {
  const found = /^Max open files\s+([0-9]+)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
  return Math.min(wanted, Number(found ?? 1024) - 200)
}

/** Opens connections, a few at a time; what is said to them is gathered once they are read. */
async function open(server: Served, many: number, text: (i: number) => string): Promise<Raw[]> {
  const { hostname, port } = new URL(server.url)
  const sockets: Raw[] = []
  while (sockets.length < many) {
    const some = Array.from({ length: Math.min(100, many - sockets.length) }, () => connect(Number(port), hostname))
    const opened = some.map(async (socket, i) => {
      let said = ''
      socket.on('error', () => {})
      await Promise.race([once(socket, 'connect'), once(socket, 'close')])
      socket.write(text(sockets.length + i))
      return Object.assign(socket, { said: () => said, hear: (chunk: Buffer) => (said += chunk.toString('latin1')) })
    })
    for (const socket of await Promise.all(opened)) sockets.push(socket)
  }
  return sockets
}

/** Begins to read what was said. */
function listen(sockets: readonly Raw[]): void {
  for (const socket of sockets) socket.on('data', (socket as Raw & { hear: (chunk: Buffer) => void }).hear)
}

/** Deposits, none of which may be refused. */
async function depositAll(book: Acknowledged, server: Served, many: number): Promise<number> {
  let slowest = 0
  for (let i = 0; i < many; i++) {
    const began = performance.now()
    expect((await book.send(server.url)).kind).toBe('acknowledged')
    slowest = Math.max(slowest, performance.now() - began)
  }
  return Math.round(slowest)
}

const statusOf = (socket: Raw): string => /^HTTP\/1\.1 ([0-9]{3})/.exec(socket.said())?.[1] ?? 'nothing'

describe.skipIf(lacks())('clients that go no further', () => {
  let folder: TestFolder
  let book: Acknowledged
  let server: Served
  let before: number
  beforeEach(async () => {
    folder = await trialFolder()
    book = new Acknowledged(folder.root)
    server = await launchSound(folder.root, { alone: true })
    await depositAll(book, server, 3)
    before = residentBytes(server.pid).now
  })
  afterEach(async () => {
    await server.end('SIGKILL')
    folder.remove()
  })

  /** All is there; the server stops as it should, and the folder is sound. */
  async function requireSound(): Promise<void> {
    await book.requireAllServed(server.url)
    expect(await server.end()).toEqual({ code: 0, signal: null })
    expect(await book.faultsOfFolder()).toEqual([])
  }

  it('connections that idle keep nobody out', async () => {
    const many = affordable(idleConnections)
    const halves = ['', 'GET /v1/led', 'POST /v1/statements HTTP/1.1\r\nHost: localhost\r\nX-Slow: ']
    const sockets = await open(server, many, (i) => halves[i % halves.length] as string)
    const slowest = await depositAll(book, server, 20)
    expect((await server.request('/checkpoint')).status).toBe(200)
    const { peak } = residentBytes(server.pid)
    expect(peak - before).toBeLessThan(growth)
    for (const socket of sockets) socket.destroy()
    await depositAll(book, server, 3)
    await requireSound()
    figures('idle connections', {
      connections: many,
      'slowest deposit in ms': slowest,
      'MiB before': Math.round(before / mib),
      'MiB at most': Math.round(peak / mib),
    })
  })

  it('bodies sent half are bounded together, leave single statements alone, and give way', async () => {
    const head = `POST /v1/statements HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${maxBatchBody}\r\n\r\n`
    const sockets = await open(server, bodies, () => head)
    listen(sockets)
    const most = Buffer.alloc(maxBatchBody - mib, 0x61)
    for (const socket of sockets) socket.write(most)
    const slowest = await depositAll(book, server, 20)
    const saying = (what: string): Raw[] => sockets.filter((socket) => statusOf(socket) === what)
    // What a socket has written may still lie in the system's buffers: the server has decided once so few are without an answer.
    await expect.poll(() => saying('nothing').length).toBeLessThanOrEqual(3)
    const [refused, held] = [saying('503'), saying('nothing')]
    expect(held.length).toBeGreaterThan(0)
    expect(held.length + refused.length).toBe(bodies)
    for (const socket of refused) {
      expect(socket.said()).toMatch(/^retry-after: 1\r$/im)
      expect(socket.said()).toContain('server-busy')
    }
    const { peak } = residentBytes(server.pid)
    expect(peak - before).toBeLessThan(growth)

    // A batch that may become as large is told to come again, and one that stands still gives way to it.
    const began = performance.now()
    const line = book.statement()
    const chunk = `${line.length.toString(16)}\r\n${line}\r\n0\r\n\r\n`
    const whole = `${head.replace(/Content-Length: [0-9]+/, 'Transfer-Encoding: chunked')}${chunk}`
    let status = '503'
    while (status === '503') {
      const [batch] = (await open(server, 1, () => whole)) as [Raw]
      listen([batch])
      while (statusOf(batch) === 'nothing' && !batch.destroyed) await sleep(10)
      status = statusOf(batch)
      batch.destroy()
      if (status === '503') await sleep(1000)
    }
    expect(status).toBe('200')
    const waited = performance.now() - began
    for (const socket of sockets) socket.destroy()
    await depositAll(book, server, 3)
    await requireSound()
    figures('bodies sent half', {
      bodies,
      'of MiB': maxBatchBody / mib,
      held: held.length,
      'refused with 503': refused.length,
      'slowest deposit in ms': slowest,
      'a batch waited, in ms': Math.round(waited),
      'MiB before': Math.round(before / mib),
      'MiB at most': Math.round(peak / mib),
    })
  })

  it('answers that nobody reads are bounded together', async () => {
    for (let i = 0; i < 8; i++) {
      const lines = Array.from({ length: 32 }, () => book.largestStatement()).join('\n')
      const headers = { 'content-type': 'application/x-ndjson', prefer: 'return=minimal' }
      expect((await server.request('/v1/statements', { method: 'POST', headers, body: lines })).status).toBe(200)
    }
    const path = '/tile/entries/000'
    const { status, body } = await server.request(path)
    expect(status).toBe(200)
    before = residentBytes(server.pid).now
    const sockets = await open(server, readers, () => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    const slowest = await depositAll(book, server, 20)
    await sleep(500)
    const { peak } = residentBytes(server.pid)
    expect(peak - before).toBeLessThan(growth)
    listen(sockets)
    while (sockets.some((socket) => statusOf(socket) === 'nothing')) await sleep(50)
    const statuses = sockets.map(statusOf)
    expect(new Set(statuses)).toEqual(new Set(['200', '503']))
    for (const socket of sockets.filter((one) => statusOf(one) === '503')) {
      expect(socket.said()).toMatch(/^retry-after: 1\r$/im)
    }
    for (const socket of sockets) socket.destroy()
    await depositAll(book, server, 3)
    await requireSound()
    figures('answers not read', {
      readers,
      'MiB an answer': Math.round((body.length / mib) * 10) / 10,
      served: statuses.filter((one) => one === '200').length,
      'refused with 503': statuses.filter((one) => one === '503').length,
      'slowest deposit in ms': slowest,
      'MiB before': Math.round(before / mib),
      'MiB at most': Math.round(peak / mib),
    })
  })
})
