import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Metrics } from '../../server/metrics.ts'
import { type TestServer, testServer } from '../support/server.ts'

/** As many as read at once (server/in-flight.ts). */
const maxLargeReads = 4
const list = '/v1/entries?limit=1000'

describe('reads of many entries', () => {
  let server: TestServer
  /** Reads at work now, the most there were, and all; each waits until the gate opens. */
  let reads: { now: number; most: number; all: number }
  let open: () => void

  beforeEach(async () => {
    server = await testServer({ reading: 'public' })
    reads = { now: 0, most: 0, all: 0 }
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const served = server.running.ledger.reads
    const search = served.search.bind(served)
    served.search = async (...args) => {
      reads.all++
      reads.most = Math.max(reads.most, ++reads.now)
      await gate
      return search(...args).finally(() => reads.now--)
    }
  })
  afterEach(async () => {
    open()
    await server.remove()
  })

  async function connection(): Promise<Socket> {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    socket.resume()
    await once(socket, 'connect')
    return socket
  }
  const asked = (method: string, path = list): string => `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`
  async function until(what: () => boolean): Promise<void> {
    while (!what()) await sleep(5)
  }

  it.each(['GET', 'HEAD'])('R3A-H1: %s waits for its turn', async (method) => {
    const sockets = await Promise.all(Array.from({ length: 12 }, connection))
    for (const socket of sockets) socket.write(asked(method))
    await until(() => reads.all === maxLargeReads)
    expect((await server.get('/healthz')).status).toBe(200)
    expect(reads.all).toBe(maxLargeReads)
    open()
    await until(() => reads.all === 12 && reads.now === 0)
    expect(reads.most).toBe(maxLargeReads)
    for (const socket of sockets) socket.destroy()
  })

  it('R6: the status of an entry, which shows all later ones about it, waits for its turn', async () => {
    const sockets = await Promise.all(Array.from({ length: 12 }, connection))
    for (const socket of sockets) socket.write(asked('GET', '/v1/entries/0/status'))
    await until(() => reads.all > 0)
    expect((await server.get('/healthz')).status).toBe(200)
    open()
    await until(() => reads.all >= 12 && reads.now === 0)
    // A status looks up by several keys at once.
    expect(reads.most).toBeLessThanOrEqual(maxLargeReads * 4)
    for (const socket of sockets) socket.destroy()
  })

  it('R6: who leaves the answers of other reads unread keeps nobody from reading', async () => {
    const sockets = await Promise.all(Array.from({ length: 200 }, connection))
    for (const socket of sockets) {
      socket.pause()
      socket.write(asked('GET', '/v1/entries/0'))
    }
    expect((await server.get('/v1/entries/1')).status).toBe(200)
    for (const socket of sockets) socket.destroy()
    expect((await server.get('/v1/entries/1')).status).toBe(200)
  })

  it.each(['GET', 'HEAD'])('R3A-H1: a thousand of %s on one connection are one read at most', async (method) => {
    const socket = await connection()
    const closed = once(socket, 'close')
    socket.write(asked(method).repeat(1000))
    await closed
    open()
    expect((await server.post(server.deposit('meanwhile').presentation)).status).toBe(201)
    expect(reads.all).toBeLessThanOrEqual(1)
  })

  it('R3A-H2: a connection that is reset keeps its turn while it is read for, and no read begins for one that is gone', async () => {
    for (let round = 0; round < 3; round++) {
      const sockets = await Promise.all(Array.from({ length: 10 }, connection))
      for (const socket of sockets) socket.write(asked('GET'))
      await until(() => reads.now === maxLargeReads)
      expect((await server.get('/healthz')).status).toBe(200)
      for (const socket of sockets) socket.resetAndDestroy()
      while (!/^evidence_connections 1$/m.test((await server.get('/metrics')).text)) await sleep(5)
    }
    expect(reads).toEqual({ now: maxLargeReads, most: maxLargeReads, all: maxLargeReads })
    open()
    await until(() => reads.now === 0)
    expect((await server.get(list)).status).toBe(200)
    expect(reads.all).toBe(maxLargeReads + 1)
    expect(reads.most).toBe(maxLargeReads)
  })
})

describe('a page of entries', () => {
  it('R3A-H3: ends after 4 MiB of entries, and the next goes on where it ended', async () => {
    const server = await testServer()
    try {
      const items = Array.from({ length: 64 }, (_, i) => {
        const hex = (length: number): string => i.toString(16).padStart(length, '0')
        return { size: i, digest: { sha256: hex(64), sha384: hex(96), sha512: hex(128) } }
      })
      const made = Array.from({ length: 200 }, () => server.sign(server.depositor, 'evidence.deposit', { items }))
      for (let at = 0; at < made.length; at += 40) {
        const lines = await server.batch(made.slice(at, at + 40).map(({ presentation }) => presentation))
        expect(lines.map(({ status }) => status)).toEqual(lines.map(() => 201))
      }
      const size = await server.size()
      const pages: number[][] = []
      for (let after: number | undefined; ; ) {
        const page = (await server.get(after === undefined ? list : `${list}&after=${after}`, server.depositor)).json<{
          entries: { index: number }[]
          next: number | null
        }>()
        pages.push(page.entries.map(({ index }) => index))
        if (page.next === null) break
        expect(page.next).toBe(page.entries.at(-1)?.index)
        after = page.next
      }
      expect(pages.length).toBeGreaterThan(1)
      expect(pages.flat()).toEqual(Array.from({ length: size }, (_, i) => i))
    } finally {
      await server.remove()
    }
  })
})

describe('metrics', () => {
  it('R3A-H3: are made once for all that ask at the same time, and anew for who asks later', async () => {
    let made = 0
    const metrics = new Metrics({
      size: () => made,
      queued: () => 0,
      waitingParticipants: () => 0,
      lastTimeMs: () => undefined,
      ready: () => {
        made++
        return true
      },
      unconfirmed: () => 0,
    })
    await Promise.all(Array.from({ length: 50 }, () => metrics.text()))
    expect(made).toBe(1)
    expect(await metrics.text()).toMatch(/^evidence_entries 1$/m)
    expect(made).toBe(2)
  })
})

describe('other routes', () => {
  it('R4-L1: leave handlers that answer by themselves as they are: the page of the API has its files', async () => {
    const server = await testServer({ reading: 'public' })
    const page = await server.get('/docs/static/swagger-ui.css')
    expect(page.status).toBe(200)
    expect(page.body.length).toBeGreaterThan(10_000)
    await server.remove()
  })
})
