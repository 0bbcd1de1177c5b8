import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { batchWeight } from '../../server/batch-weight.ts'
import { ByteBudget, Turns } from '../../server/in-flight.ts'
import { maxBatchBody, serverSettings } from '../../server/settings.ts'
import { affordableConnections, minDescriptors } from '../../server/descriptors.ts'
import { surplusOf } from '../../server/connections.ts'
import { problemIn, type TestServer, testServer } from '../support/server.ts'

const ndjson = { 'content-type': 'application/x-ndjson' }

describe('bodies under way', () => {
  let server: TestServer
  beforeAll(async () => {
    // Room for one largest batch.
    server = await testServer({ settings: { maxBatchBytes: batchWeight(maxBatchBody) } })
  })
  afterAll(() => server.remove())

  async function begin(head: string): Promise<Socket> {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    socket.on('error', () => {})
    socket.write(head)
    // Heads are read in order of arrival; an answer to another request comes after this one was.
    await server.get('/healthz')
    return socket
  }
  const head = (length: string): string =>
    `POST /v1/statements HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\n${length}\r\n\r\n`
  const line = (): string => server.deposit(`line ${Math.random()}`).presentation

  /** A batch is taken; as soon as the server has seen the end of what stood in its way. */
  async function requireRoom(): Promise<void> {
    for (let tries = 0; ; tries++) {
      const answer = await server.post(line(), ndjson)
      if (answer.status === 200) return
      expect(problemIn(answer).code).toBe('server-busy')
      expect(tries).toBeLessThan(200)
      await sleep(10)
    }
  }

  it.each([
    ['of a known length', `Content-Length: ${maxBatchBody}`],
    ['of unknown length', 'Transfer-Encoding: chunked'],
  ])(
    'a large batch %s leaves its address no room for another, and does not touch single statements',
    async (_name, length) => {
      await requireRoom()
      const first = await begin(head(length))
      const send = async (bytes: number): Promise<void> => {
        const piece = Buffer.alloc(bytes, 0x61)
        const framed = length.startsWith('Content')
          ? piece
          : Buffer.concat([Buffer.from(`${bytes.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
        await new Promise<void>((resolve) => first.write(framed, () => resolve()))
      }
      await send(24 * 1024 * 1024)
      let refused = await server.post(line(), ndjson)
      // The body goes on, so that it is not ended for its pace.
      for (let tries = 0; refused.status === 200 && tries < 110; tries++) {
        await send(64 * 1024)
        refused = await server.post(line(), ndjson)
      }
      expect(refused.status).toBe(503)
      expect(refused.headers['retry-after']).toBe('1')
      expect(problemIn(refused).code).toBe('server-busy')
      expect((await server.post(line())).status).toBe(201)
      first.destroy()
      await requireRoom()
    },
  )

  it('many batches begun on one connection that breaks leave their room', async () => {
    const small = 'Content-Length: 2\r\n'
    for (let i = 0; i < 30; i++) {
      const socket = await begin(`${head(small)}{}`.repeat(20))
      socket.destroy()
    }
    // The largest batch needs all the room that there is.
    let status = 503
    for (let tries = 0; status === 503 && tries < 200; tries++) {
      status = (await server.post(Buffer.alloc(maxBatchBody, 0x61), ndjson)).status
      if (status === 503) await sleep(10)
    }
    expect(status).toBe(200)
  })

  it('a batch said to be larger than any takes no room', async () => {
    const socket = await begin(head(`Content-Length: ${maxBatchBody + 1}`))
    expect((await server.post(line(), ndjson)).status).toBe(200)
    socket.destroy()
  })

  it('the connections open are a metric', async () => {
    const { text } = await server.get('/metrics')
    expect(Number(/^evidence_connections ([0-9]+)$/m.exec(text)?.[1])).toBeGreaterThan(0)
  })
})

describe('limits in flight', () => {
  it('takes bytes up to a total, and as many again when they are given back', () => {
    const budget = new ByteBudget(10)
    expect([budget.take(6), budget.take(5), budget.take(4), budget.take(1)]).toEqual([true, false, true, false])
    budget.give(6)
    expect([budget.take(7), budget.take(6)]).toEqual([false, true])
  })

  it('gives turns in order, so many at once', async () => {
    const turns = new Turns(2)
    const order: number[] = []
    const taken = Array.from({ length: 5 }, (_, i) => turns.take().then(() => order.push(i)))
    await Promise.all(taken.slice(0, 2))
    await sleep(5)
    expect(order).toEqual([0, 1])
    turns.give()
    await taken[2]
    expect(order).toEqual([0, 1, 2])
    turns.give()
    turns.give()
    await Promise.all(taken)
    expect(order).toEqual([0, 1, 2, 3, 4])
  })

  it('refuses settings under which the largest batch would never be taken', () => {
    expect(serverSettings.safeParse({ maxBatchBytes: batchWeight(maxBatchBody) - 1 }).success).toBe(false)
    expect(serverSettings.safeParse({ maxBatchBytes: batchWeight(maxBatchBody) }).success).toBe(true)
  })
})

describe('file descriptors', () => {
  it.each([128, 256, 1024, 4096, 20_000])('a limit of %i leaves some for the server and its database', (limit) => {
    const connections = affordableConnections(100_000, limit)
    expect(connections).toBeGreaterThan(0)
    expect(connections + surplusOf(connections) + 64 + limit / 5).toBeLessThanOrEqual(limit)
  })

  it('gives what is wanted where that is less', () => {
    expect(affordableConnections(100, 20_000)).toBe(100)
  })

  it('refuses a limit that is too low for a database', () => {
    expect(() => affordableConnections(1, minDescriptors - 1)).toThrow(/at least 128/)
  })
})
