import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { surplusOf } from '../../server/connections.ts'
import { boundedServer } from '../../server/http-server.ts'
import { maxWaiting } from '../../server/pipeline.ts'

type Raw = Socket & { said: () => string }
type Handler = (request: IncomingMessage, response: ServerResponse) => void

/** A bare HTTP server with bounded connections; what it says to a raw connection is gathered. */
async function bounded(
  limit: number,
  handle: Handler,
  patience = { bodyMs: 3_600_000, answerMs: 3_600_000, sweepMs: 20 },
) {
  const { server, connections, handle: handleBy } = boundedServer({}, limit, patience)
  let begun = 0
  handleBy((request, response) => {
    begun += 1
    handle(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const sockets: Socket[] = []
  const open = async (text = '', localAddress = '127.0.0.1'): Promise<Raw> => {
    const socket = connect({ port, host: '127.0.0.1', localAddress })
    sockets.push(socket)
    let said = ''
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      said += chunk.toString()
    })
    await once(socket, 'connect')
    socket.write(text)
    return Object.assign(socket, { said: () => said })
  }
  const close = (): void => {
    for (const socket of sockets) socket.destroy()
    server.close()
    server.closeAllConnections()
  }
  return { connections, open, close, begun: () => begun }
}

async function until(what: () => boolean): Promise<void> {
  while (!what()) await sleep(5)
}

const get = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n'
const halfBody = 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf'

describe('connections at their limit', () => {
  let server: Awaited<ReturnType<typeof bounded>>
  afterEach(() => server.close())

  /** Answers when the body is there: 503 to a surplus connection. */
  const answering: Handler = (request, response) => {
    const isSurplus = server.connections.isSurplus(request.socket)
    request.resume()
    if (isSurplus) response.writeHead(503).end()
    else request.on('end', () => response.writeHead(200).end('done'))
  }

  it.each([
    ['nothing', ''],
    ['half a request line', 'GET /v1/led'],
    ['half a head', 'GET / HTTP/1.1\r\nHost: x\r\nX-Slow: '],
  ])('one that has sent %s gives way, the longest idle first', async (_name, text) => {
    server = await bounded(3, answering)
    const idle: Raw[] = []
    for (let i = 0; i < 3; i++) idle.push(await server.open(text))
    await until(() => server.connections.count === 3)
    const closed = once(idle[0] as Raw, 'close')
    const newcomer = await server.open(get)
    await until(() => newcomer.said().includes('done'))
    await closed
    expect(newcomer.said()).toMatch(/^HTTP\/1\.1 200 /)
    expect(idle.slice(1).map(({ destroyed }) => destroyed)).toEqual([false, false])
  })

  it('one that was served and idles since gives way only after those that idle longer', async () => {
    server = await bounded(2, answering)
    const served = await server.open()
    await until(() => server.connections.count === 1)
    const idle = await server.open()
    await until(() => server.connections.count === 2)
    served.write(get)
    await until(() => served.said().includes('done'))
    const closed = once(idle, 'close')
    const newcomer = await server.open(get)
    await until(() => newcomer.said().includes('done'))
    await closed
    expect(served.destroyed).toBe(false)
  })

  it('where all are at work, a newcomer is told to come back, and the work is finished', async () => {
    server = await bounded(3, answering)
    const working: Raw[] = []
    for (let i = 0; i < 3; i++) working.push(await server.open(halfBody))
    await until(() => server.begun() === 3)
    const surplus: Raw[] = []
    for (let i = 0; i < 20; i++) {
      const socket = await server.open(halfBody)
      await until(() => socket.said() !== '')
      surplus.push(socket)
    }
    for (const socket of surplus) expect(socket.said()).toMatch(/^HTTP\/1\.1 503 /)
    for (const socket of working) socket.write('a body')
    await until(() => working.every((socket) => socket.said().includes('done')))
    for (const socket of working) expect(socket.said()).toMatch(/^HTTP\/1\.1 200 /)
  })

  it('surplus ones that ask nothing are bounded too, and keep nobody from being told', async () => {
    const limit = 2
    const told = (request: IncomingMessage, response: ServerResponse): void => {
      if (server.connections.isSurplus(request.socket)) response.writeHead(503).end()
    }
    server = await bounded(limit, told)
    const working = [await server.open(get), await server.open(get)]
    await until(() => server.begun() === limit)
    const silent: Raw[] = []
    for (let i = 0; i < 30; i++) silent.push(await server.open())
    await until(() => silent.filter(({ destroyed }) => !destroyed).length <= surplusOf(limit))
    expect(server.connections.count).toBeLessThanOrEqual(limit + surplusOf(limit))
    const newcomer = await server.open(get)
    await until(() => newcomer.said() !== '')
    expect(newcomer.said()).toMatch(/^HTTP\/1\.1 503 /)
    expect(working.map(({ destroyed }) => destroyed)).toEqual([false, false])
  })

  it('F-H5: an address that has most connections makes way for another with its bodies, and not for itself', async () => {
    server = await bounded(3, answering)
    const many: Raw[] = []
    for (let i = 0; i < 3; i++) many.push(await server.open(halfBody, '127.0.0.2'))
    await until(() => server.begun() === 3)
    const same = await server.open(get, '127.0.0.2')
    await until(() => same.said() !== '')
    expect(same.said()).toMatch(/^HTTP\/1\.1 503 /)
    const closed = once(many[0] as Raw, 'close')
    const other = await server.open(get, '127.0.0.3')
    await until(() => other.said() !== '')
    await closed
    expect(other.said()).toMatch(/^HTTP\/1\.1 200 /)
    expect(many.slice(1).map(({ destroyed }) => destroyed)).toEqual([false, false])
  })

  it('a body that has had its time gives way, and no other', async () => {
    server = await bounded(2, answering, { bodyMs: 60, answerMs: 60_000, sweepMs: 20 })
    const slow = await server.open(halfBody)
    await until(() => server.begun() === 1)
    await sleep(100)
    const young = await server.open(halfBody)
    await until(() => server.begun() === 2)
    const closed = once(slow, 'close')
    const newcomer = await server.open(get)
    await until(() => newcomer.said().includes('done'))
    await closed
    expect(young.destroyed).toBe(false)
  })
})

describe('answers that nobody reads', () => {
  it('are cut off, and their memory is free', async () => {
    const large = Buffer.alloc(64 * 1024 * 1024)
    let given = 0
    const server = await bounded(
      10,
      (request, response) => {
        server.connections.whenOver(response, request.socket, () => given++)
        response.end(large)
      },
      { bodyMs: 10_000, answerMs: 100, sweepMs: 20 },
    )
    const reader = await server.open()
    reader.pause()
    reader.write(get)
    await until(() => given === 1)
    await until(() => server.connections.count === 0)
    server.close()
  })
})

describe('what requests hold', () => {
  it('is given back once, where the connection of an unanswered request closes', async () => {
    let [given, arrived] = [0, 0]
    const server = await bounded(10, (request, response) => {
      arrived++
      server.connections.whenOver(response, request.socket, () => given++)
    })
    const socket = await server.open(get)
    await until(() => arrived === 1)
    expect(given).toBe(0)
    socket.destroy()
    await until(() => server.connections.count === 0)
    expect(given).toBe(1)
    server.close()
  })

  it('is given back at once where the connection is gone already', async () => {
    let given = 0
    const server = await bounded(10, (request, response) => {
      request.socket.destroy()
      server.connections.whenOver(response, request.socket, () => given++)
    })
    const socket = await server.open(get)
    await once(socket, 'close')
    expect(given).toBe(1)
    server.close()
  })
})

describe('requests that one connection sends without waiting for answers', () => {
  it('R3A-H3: are at work one after another, and answered in order', async () => {
    let [atWork, most] = [0, 0]
    const order: string[] = []
    const server = await bounded(10, (request, response) => {
      most = Math.max(most, ++atWork)
      order.push(request.url ?? '')
      setTimeout(() => {
        atWork--
        response.end(request.url)
      }, 2)
    })
    const paths = Array.from({ length: maxWaiting + 1 }, (_, i) => `/${i}`)
    const socket = await server.open(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`).join(''))
    await until(() => socket.said().split('HTTP/1.1 200').length === paths.length + 1)
    expect(most).toBe(1)
    expect(order).toEqual(paths)
    expect([...socket.said().matchAll(/^\/[0-9]+/gm)].map(([path]) => path)).toEqual(paths)
    // The connection goes on.
    socket.write('GET /again HTTP/1.1\r\nHost: x\r\n\r\n')
    await until(() => socket.said().includes('/again'))
    server.close()
  })

  it.each(['GET', 'HEAD', 'POST', 'OPTIONS'])(
    'R3A-H3: more of %s than may wait close the connection, and only the first is at work',
    async (method) => {
      let [atWork, ended] = [0, 0]
      const server = await bounded(10, (_request, response) => {
        atWork++
        response.once('close', () => ended++)
      })
      const socket = await server.open()
      const closed = once(socket, 'close')
      socket.write(`${method} / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`.repeat(1000))
      await closed
      await until(() => server.connections.count === 0)
      expect([atWork, ended]).toEqual([1, 1])
      server.close()
    },
  )

  it('R3A-H3: behind an answer that closes the connection are dropped', async () => {
    let handled = 0
    const server = await bounded(10, (_request, response) => {
      handled++
      response.writeHead(200, { Connection: 'close' }).end('last')
    })
    const socket = await server.open()
    const closed = once(socket, 'close')
    socket.write(get.repeat(5))
    await closed
    expect(handled).toBe(1)
    expect(socket.said().split('HTTP/1.1 200').length).toBe(2)
    server.close()
  })

  it('R3A-H3: an answer that nobody reads is cut off with others waiting behind it', async () => {
    const large = Buffer.alloc(64 * 1024 * 1024)
    const server = await bounded(10, (_request, response) => response.end(large), {
      bodyMs: 10_000,
      answerMs: 100,
      sweepMs: 20,
    })
    const reader = await server.open()
    reader.pause()
    reader.write(get.repeat(3))
    await until(() => server.connections.count === 1)
    await until(() => server.connections.count === 0)
    server.close()
  })
})
