import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { batchWeight } from '../../server/batch-weight.ts'
import { BatchTurns, maxAnswering, maxOpening } from '../../server/batch-turns.ts'
import type { ServerContext } from '../../server/context.ts'
import { deposit } from '../../server/deposits.ts'
import { Held } from '../../server/held.ts'
import { maxBatchBody } from '../../server/settings.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { problemIn, type TestServer, testServer } from '../support/server.ts'
import { countedTurns } from '../support/turns.ts'

const ndjson = { 'content-type': 'application/x-ndjson' }
/** Lines that are opened in one turn (server/deposits.ts). */
const perTurn = 200

async function until(what: () => boolean): Promise<void> {
  while (!what()) await sleep(5)
}

describe('the turns of batches', () => {
  /** Deposits over a ledger that refuses everything, when it is told to: what is opened in each turn of the event loop. */
  function opening() {
    const turn = countedTurns()
    const refused = new EvidenceError('jws-header', 'refused before anything is verified')
    const opened: { readonly tick: number; readonly lines: number }[] = []
    const work = { now: 0, most: 0 }
    const ledger = {
      authenticateMany: async (texts: readonly string[]) => {
        opened.push({ tick: turn.now(), lines: texts.length })
        work.most = Math.max(work.most, ++work.now)
        // Verifying takes some turns of the event loop.
        for (let i = 0; i < 3; i++) await new Promise((next) => setImmediate(next))
        work.now--
        return texts.map(() => refused)
      },
      findRepeats: () => Promise.resolve([]),
      submitMany: () => Promise.resolve([]),
    }
    const limits = { requireAddress: () => {}, refusal: () => {} }
    const batchTurns = new BatchTurns()
    const context = { ledger, limits, batchTurns, metrics: { statement: () => {} } } as unknown as ServerContext
    const from = (address: string) =>
      ({ context, address, isGone: () => false, shown: new Map(), receipts: 'at-once' }) as const
    return { from, opened, work, end: turn.end }
  }
  const lines = (count: number): Buffer[] => Array.from({ length: count }, () => Buffer.from('line'))

  it('R8 H1 open 200 lines of all batches together in a turn of the event loop, of two batches at once', async () => {
    const { from, opened, work, end } = opening()
    const batches = Array.from({ length: 32 }, (_, i) => deposit(from(`192.0.2.${i % 4}`), lines(1000), 'line'))
    for (const turns of await Promise.all(batches)) expect(await Promise.all(turns)).toHaveLength(5)
    end()
    const inTurn = new Map<number, number>()
    for (const { tick, lines } of opened) inTurn.set(tick, (inTurn.get(tick) ?? 0) + lines)
    expect(Math.max(...inTurn.values())).toBe(perTurn)
    expect(opened).toHaveLength(32 * 5)
    expect(work.most).toBe(maxOpening)
  })

  it('R8 H1 are not waited for by a single statement: it is opened before any further line', async () => {
    const { from, opened, end } = opening()
    const batches = Array.from({ length: 32 }, () => deposit(from('192.0.2.1'), lines(1000), 'line'))
    await until(() => opened.length >= 4)
    const before = opened.length
    const single = deposit(from('192.0.2.2'), [Buffer.from('single')], 'body')
    expect(opened).toHaveLength(before + 1)
    expect(opened[before]?.lines).toBe(1)
    await Promise.all(await single)
    // Three turns of the event loop, and one more for each of their ends.
    expect(opened.length - before).toBeLessThanOrEqual(6)
    await Promise.all(batches)
    end()
  })

  it('R8 H1 are given by address: one batch beside 32 of another address waits for few of theirs before each of its turns', async () => {
    const { from, opened, end } = opening()
    const others = Array.from({ length: 32 }, () => deposit(from('192.0.2.1'), lines(1000), 'line'))
    await until(() => opened.length >= 4)
    const before = opened.length
    await Promise.all(await deposit(from('192.0.2.2'), lines(1000), 'line'))
    // Its own, those under way when it comes back, and one of the other address.
    expect(opened.length - before).toBeLessThanOrEqual(5 * (2 + maxOpening))
    await Promise.all(others)
    end()
  })
})

describe('batches of repeats', () => {
  let server: TestServer
  let repeats: string[]
  /** Of the ledger: calls that read an entry for a receipt, or that open lines, while the gate is closed they wait. */
  let reading: { now: number; most: number; all: number }
  let opened: number
  let open: () => void
  let sockets: Socket[]

  beforeEach(async () => {
    server = await testServer({ reading: 'public' })
    const made = Array.from({ length: 2 * perTurn }, (_, i) => server.deposit(`public ${i}`).presentation)
    await server.batch(made)
    repeats = made
    sockets = []
    reading = { now: 0, most: 0, all: 0 }
    opened = 0
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const { ledger } = server.running
    const entry = ledger.reads.entry.bind(ledger.reads)
    ledger.reads.entry = async (index) => {
      reading.all++
      reading.most = Math.max(reading.most, ++reading.now)
      await gate
      return entry(index).finally(() => reading.now--)
    }
    const authenticateMany = ledger.authenticateMany.bind(ledger)
    ledger.authenticateMany = (texts) => {
      opened += texts.length
      return authenticateMany(texts)
    }
  })
  afterEach(async () => {
    open()
    for (const socket of sockets) socket.destroy()
    await server.remove()
  })

  /** Sends a batch; what came of its answer. */
  async function send(lines: readonly string[]): Promise<{ socket: Socket; answer: () => string }> {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    sockets.push(socket)
    socket.on('error', () => {})
    let answer = ''
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    await once(socket, 'connect')
    const body = lines.join('\n')
    socket.write(
      `POST /v1/statements HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    return { socket, answer: () => answer }
  }
  async function untilAlone(): Promise<void> {
    while (!/^evidence_connections 1$/m.test((await server.get('/metrics')).text)) await sleep(5)
  }

  it('R8 H1 keep no single deposit and no batch of new statements waiting, and few of them are answered at once', async () => {
    const batches = await Promise.all(Array.from({ length: 32 }, () => send(repeats)))
    await until(() => reading.now === maxAnswering && opened === 32 * perTurn)
    expect((await server.post(server.deposit('meanwhile').presentation)).status).toBe(201)
    const fresh = Array.from({ length: 2 * perTurn }, (_, i) => server.deposit(`fresh ${i}`).presentation)
    expect((await server.batch(fresh)).map(({ status }) => status)).toEqual(fresh.map(() => 201))
    // Each has the lines of one turn opened, and no more of them until those are answered.
    expect(opened).toBe(32 * perTurn + 1 + 2 * perTurn)
    expect(batches.map(({ answer }) => answer())).toEqual(batches.map(() => ''))
    expect(reading.most).toBe(maxAnswering)
    for (const { socket } of batches.slice(2)) socket.resetAndDestroy()
    open()
    await until(() => batches.slice(0, 2).every(({ answer }) => answer().split('"status":200').length === 401))
    expect(reading.most).toBe(maxAnswering)
  })

  it('R8 H1 are not worked on for connections that are gone: no line is opened, no receipt is made', async () => {
    const batches = await Promise.all(Array.from({ length: 8 }, () => send(repeats)))
    await until(() => reading.now === maxAnswering && opened === 8 * perTurn)
    for (const { socket } of batches) socket.resetAndDestroy()
    await untilAlone()
    open()
    await until(() => reading.now === 0)
    // Its turn comes after theirs.
    const [line] = await server.batch(repeats.slice(0, 1))
    expect(line).toMatchObject({ status: 200 })
    expect(opened).toBe(8 * perTurn + 1)
    expect(reading.all).toBe(maxAnswering + 1)
  })

  it('R8 H1 whose first lines are new leave those sequenced when the connection is gone, and none after them', async () => {
    const size = await server.size()
    const fresh = Array.from({ length: 2 * perTurn }, (_, i) => server.deposit(`cut ${i}`).presentation)
    // A repeat among them holds the batch between its first lines and the rest.
    const { socket } = await send([repeats[0] as string, ...fresh])
    await until(() => reading.now === 1)
    socket.resetAndDestroy()
    await untilAlone()
    open()
    const after = server.deposit('after').presentation
    expect((await server.batch([after]))[0]).toMatchObject({ status: 201 })
    expect(opened).toBe(perTurn + 1)
    expect(await server.size()).toBe(size + perTurn - 1 + 1)
  })
})

describe('the room of a body', () => {
  it('R8 H1 is held until its handler has ended, also where its connection is gone', async () => {
    // Room for one largest batch.
    const server = await testServer({ settings: { maxBatchBytes: batchWeight(maxBatchBody) } })
    let isWorking = false
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => {
      open = resolve
    })
    const { ledger } = server.running
    const authenticateMany = ledger.authenticateMany.bind(ledger)
    ledger.authenticateMany = async (texts) => {
      if (!isWorking) {
        isWorking = true
        await gate
      }
      return authenticateMany(texts)
    }
    try {
      const { hostname, port } = new URL(server.url)
      const socket = connect(Number(port), hostname)
      socket.on('error', () => {})
      socket.write(
        `POST /v1/statements HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-ndjson\r\nContent-Length: ${maxBatchBody}\r\n\r\n`,
      )
      socket.write(Buffer.alloc(maxBatchBody, 0x61))
      await until(() => isWorking)
      socket.resetAndDestroy()
      while (!/^evidence_connections 1$/m.test((await server.get('/metrics')).text)) await sleep(5)
      const line = server.deposit('another').presentation
      const refused = await server.post(line, ndjson)
      expect(refused.status).toBe(503)
      expect(problemIn(refused).code).toBe('server-busy')
      expect((await server.post(server.deposit('single').presentation)).status).toBe(201)
      open()
      let status = 503
      while (status === 503) status = (await server.post(line, ndjson)).status
      expect(status).toBe(200)
    } finally {
      open()
      await server.remove()
    }
  })

  it('R8 H1 what a request holds is given back once: when it is over, and its handler, where it has begun, has ended', () => {
    const made = (): { held: Held; given: () => number } => {
      let count = 0
      return { held: new Held(() => count++), given: () => count }
    }
    const unhandled = made()
    unhandled.held.over()
    expect(unhandled.given()).toBe(1)
    const answered = made()
    answered.held.begins()
    answered.held.ended()
    expect(answered.given()).toBe(0)
    answered.held.over()
    expect(answered.given()).toBe(1)
    const gone = made()
    gone.held.begins()
    gone.held.over()
    expect(gone.given()).toBe(0)
    gone.held.ended()
    expect(gone.given()).toBe(1)
  })
})
