import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addressGroup } from '../../server/address-group.ts'
import { BodyRoom, type BodyUnderWay } from '../../server/body-room.ts'
import { maxStatementBody } from '../../server/settings.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import { problemIn, type TestServer, testServer } from '../support/server.ts'

const stalled = 256
const honest = 20

describe('F-H5: bodies that stand still', () => {
  let server: TestServer
  let sockets: Socket[] = []
  beforeEach(async () => {
    server = await testServer()
  })
  afterEach(async () => {
    for (const socket of sockets) socket.destroy()
    sockets = []
    await server.remove()
  })

  /** Connections that send a head, then a part of the body, and no more. */
  async function stall(many: number, length: string, part: Buffer, type = 'application/sd-jwt'): Promise<void> {
    const { hostname, port } = new URL(server.url)
    const head = `POST /v1/statements HTTP/1.1\r\nHost: localhost\r\nContent-Type: ${type}\r\n${length}\r\n\r\n`
    const opened = Array.from({ length: many }, async () => {
      const socket = connect(Number(port), hostname)
      sockets.push(socket)
      socket.on('error', () => {})
      socket.on('data', () => {})
      await once(socket, 'connect')
      socket.write(head)
      // Taken by the server, or refused: then the rest is not wanted.
      await new Promise<void>((resolve) => {
        socket.once('close', () => resolve())
        socket.write(part, () => resolve())
      })
    })
    await Promise.all(opened)
    // Heads are read in order of arrival: what comes after this answer comes after them.
    await server.get('/healthz')
  }

  const large = Buffer.alloc(maxStatementBody - 1, 0x61)
  const chunk = Buffer.concat([Buffer.from('30000\r\n'), Buffer.alloc(0x30000, 0x61), Buffer.from('\r\n')])
  it.each<[string, string, Buffer, string?]>([
    ['that announce 262,144 bytes and bring none', `Content-Length: ${maxStatementBody}`, Buffer.alloc(0)],
    ['that lack one byte of 262,144', `Content-Length: ${maxStatementBody}`, large],
    ['of unknown length that bring nothing', 'Transfer-Encoding: chunked', Buffer.alloc(0)],
    ['of unknown length that bring much', 'Transfer-Encoding: chunked', chunk],
    ['said to be small', 'Content-Length: 32000', Buffer.alloc(31_999, 0x61)],
    ['of batches', 'Content-Length: 33554432', chunk, 'application/x-ndjson'],
  ])('%s keep nobody from depositing', async (_name, length, part, type) => {
    await stall(stalled, length, part, type)
    const statuses: number[] = []
    for (let i = 0; i < honest; i++) {
      statuses.push((await server.post(server.deposit(`honest ${i}`).presentation)).status)
    }
    expect(statuses).toEqual(Array.from({ length: honest }, () => 201))
  })

  it('make way for deposits of unknown length too, which share their room', async () => {
    const { hostname, port } = new URL(server.url)
    await stall(stalled, `Content-Length: ${maxStatementBody}`, large)
    for (let i = 0; i < 5; i++) {
      const body = server.deposit(`chunked ${i}`).presentation
      const socket = connect(Number(port), hostname)
      sockets.push(socket)
      let said = ''
      socket.on('data', (text: Buffer) => (said += text.toString()))
      socket.write(
        `POST /v1/statements HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sd-jwt\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`,
      )
      await once(socket, 'close')
      expect(said).toMatch(/^HTTP\/1\.1 201 /)
    }
  })

  it('are told so, and closed', async () => {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    sockets.push(socket)
    let said = ''
    socket.on('data', (text: Buffer) => (said += text.toString()))
    socket.write(
      'POST /v1/statements HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 10\r\n\r\nhalf',
    )
    await once(socket, 'close')
    expect(said).toMatch(/^HTTP\/1\.1 408 /)
    expect(said).toMatch(/content-type: application\/problem\+json/i)
    expect(said).toContain('"code":"request-slow"')
  })

  it('do not end a body that comes in pieces, and in time', async () => {
    const { hostname, port } = new URL(server.url)
    const socket = connect(Number(port), hostname)
    sockets.push(socket)
    const body = server.deposit('in pieces').presentation
    let said = ''
    socket.on('data', (text: Buffer) => (said += text.toString()))
    socket.write(
      `POST /v1/statements HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sd-jwt\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`,
    )
    for (let at = 0; at < body.length; at += 100) {
      socket.write(body.slice(at, at + 100))
      await sleep(1)
    }
    await once(socket, 'close')
    expect(said).toMatch(/^HTTP\/1\.1 201 /)
  })

  it('a body compressed by another way than gzip is refused by its coding, with 415', async () => {
    for (const type of ['application/sd-jwt', 'application/x-ndjson']) {
      const headers = { 'content-type': type, 'content-encoding': 'br' }
      const refused = problemIn(await server.post(Buffer.from([0x1f, 0x8b, 8, 0]), headers))
      expect(refused).toMatchObject({ status: 415, code: 'media-type', where: 'Content-Encoding' })
      expect(refused.detail).toContain('"br"')
    }
    const plain = await server.post(server.deposit('identity').presentation, { 'content-encoding': 'identity' })
    expect(plain.status).toBe(201)
  })
})

describe('F-H5: room for bodies', () => {
  const ended: string[] = []
  beforeEach(() => {
    ended.length = 0
  })
  function body(room: BodyRoom, group: string, name: string): BodyUnderWay {
    const one = { group, end: ({ code }: { code: ErrorCode }) => ended.push(`${name} ${code}`) }
    room.enter(one)
    return one
  }

  it('is taken by what arrives, and free when it leaves', () => {
    const room = new BodyRoom(100, true)
    const one = body(room, 'a', 'one')
    expect(room.held).toBe(0)
    expect([room.take(one, 60), room.take(one, 40), room.take(one, 1)]).toEqual([true, true, false])
    room.leave(one)
    expect([room.held, room.take(one, 1)]).toEqual([0, false])
  })

  it('is shared by addresses: one that has many holds as much as is free for another', () => {
    const room = new BodyRoom(100, false)
    const mine = Array.from({ length: 10 }, (_, i) => body(room, 'a', `${i}`))
    expect(mine.map((one) => room.take(one, 10))).toEqual([...Array(5).fill(true), ...Array(5).fill(false)])
    const other = body(room, 'b', 'other')
    expect(room.take(other, 50)).toBe(true)
  })

  it('makes way: the oldest of an address for its newer ones, and of the largest for others', () => {
    const room = new BodyRoom(100, true)
    for (let i = 0; i < 6; i++) expect(room.take(body(room, 'a', `a${i}`), 10)).toBe(true)
    expect(ended).toEqual(['a0 server-busy'])
    const whole = body(room, 'b', 'b')
    expect(room.take(whole, 50)).toBe(true)
    room.arrived(whole)
    expect(room.take(body(room, 'c', 'c'), 10)).toBe(true)
    expect(ended).toEqual(['a0 server-busy', 'a1 server-busy'])
  })

  it('ends nothing that is there whole', () => {
    const room = new BodyRoom(100, true)
    const whole = Array.from({ length: 5 }, (_, i) => body(room, 'a', `${i}`))
    for (const one of whole) {
      room.take(one, 10)
      room.arrived(one)
    }
    expect(room.take(body(room, 'a', 'late'), 10)).toBe(false)
    expect(ended).toEqual([])
  })
})

describe('addresses that count as one', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
    ['2001:DB8:1:2::', '2001:db8:1:2'],
    ['2001:0db8:0001:0002::9', '2001:db8:1:2'],
    ['2001:db8::9', '2001:db8:0:0'],
    ['::1', '0:0:0:0'],
    ['fe80::1%eth0', 'fe80:0:0:0'],
    ['64:ff9b::192.0.2.1', '64:ff9b:0:0'],
  ])('%s is of %s', (address, group) => {
    expect(addressGroup(address)).toBe(group)
  })
})
