import { once } from 'node:events'
import { Agent, request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { DepositAnswer, EntryAnswer, LedgerAnswer } from '../../src/api/answers.ts'
import { dataFolder, readOwnKey, readPolicyFile } from '../../src/ledger/data-folder.ts'
import { readKeyFile } from '../../src/node/key-file.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { utf8 } from '../../src/core/bytes.ts'
import type { ComposedStatement } from '../../src/statements/compose.ts'
import {
  type CliServer,
  evidence,
  evidenceOk,
  type ServerProcess,
  startServer,
  startServerProcess,
} from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { deposit } from '../support/statements.ts'

let folder: ReturnType<typeof temporaryFolder>
let data: string
let server: ServerProcess
/** The ledger again, once the server has ended. */
let reopened: CliServer | undefined
let sign: (content: string) => ComposedStatement

beforeEach(async () => {
  folder = temporaryFolder()
  data = join(folder.path, 'data')
  await evidenceOk(['init', '--data', data, '--reading', 'public'])
  server = await startServerProcess(data, [], 'serve')
  const key = readKeyFile(dataFolder(data).depositorKey)
  const origin = readOwnKey(dataFolder(data)).name
  sign = (content) => deposit(key, origin, content)
})
afterEach(async () => {
  await server.stop('SIGKILL')
  await reopened?.stop('SIGKILL')
  reopened = undefined
  folder.remove()
})

function post(url: string, body: string, agent?: Agent): Promise<{ status: number; text: string; type: string }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      `${url}/v1/statements`,
      { method: 'POST', headers: { 'content-type': 'application/sd-jwt' }, ...(agent === undefined ? {} : { agent }) },
      (answer) => {
        let text = ''
        answer.on('data', (chunk: Buffer) => (text += chunk.toString()))
        answer.on('error', reject)
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, text, type: answer.headers['content-type'] ?? '' }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(body)
  })
}

/** Sends the head and the first half of a deposit, and leaves the rest to be sent. */
function begin(url: string, body: string): Promise<{ socket: Socket; finish: () => Promise<string> }> {
  const { hostname, port } = new URL(url)
  const half = Math.floor(body.length / 2)
  const head = `POST /v1/statements HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sd-jwt\r\nContent-Length: ${body.length}\r\n\r\n`
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => {
      socket.write(head + body.slice(0, half), () =>
        resolve({
          socket,
          finish: () =>
            new Promise((done) => {
              let bytes = Buffer.alloc(0)
              socket.on('data', (chunk: Buffer) => {
                bytes = Buffer.concat([bytes, chunk])
                const [, length] = /\r\ncontent-length: (\d+)\r\n/i.exec(bytes.toString('latin1')) ?? []
                if (bytes.length >= bytes.indexOf('\r\n\r\n') + 4 + Number(length)) done(bytes.toString())
              })
              socket.on('close', () => done(bytes.toString()))
              socket.write(body.slice(half))
            }),
        }),
      )
    })
    socket.on('error', reject)
  })
}

/** Resolves when nobody listens there any more. */
async function untilRefused(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  const isOpen = (): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect(Number(port), hostname, () => {
        socket.destroy()
        resolve(true)
      })
      socket.on('error', () => resolve(false))
    })
  while (await isOpen()) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** The exit code of a server that was told to stop already. */
async function ended({ child }: ServerProcess): Promise<number | null> {
  if (child.exitCode === null) await once(child, 'exit')
  return child.exitCode
}

describe('a server told to stop', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s while deposits are in flight keeps all that it answered',
    async (signal) => {
      const made: ReturnType<typeof sign>[] = []
      const answered = new Map<number, DepositAnswer>()
      const others: { status: number; type: string }[] = []
      const agent = new Agent({ keepAlive: true })
      let told = false
      let broken = 0
      const worker = async (): Promise<void> => {
        // Until nobody listens any more.
        while (broken === 0) {
          const i = made.length
          const statement = sign(`in flight ${i}`)
          made.push(statement)
          try {
            const { status, text, type } = await post(server.url, statement.presentation, agent)
            if (status === 201) answered.set(i, JSON.parse(text) as DepositAnswer)
            else others.push({ status, type })
          } catch {
            // Broken off by the stop: whether it was sealed is not known to its sender.
            broken++
          }
          if (answered.size >= 100 && !told) {
            told = true
            server.child.kill(signal)
          }
        }
      }
      await Promise.all(Array.from({ length: 16 }, worker))
      agent.destroy()
      expect(await ended(server)).toBe(0)
      expect(answered.size).toBeGreaterThanOrEqual(100)
      expect(broken).toBeGreaterThan(0)
      expect(others.filter(({ status }) => status !== 503)).toEqual([])

      const verified = await evidenceOk(['verify', '--data', data, '--json'])
      const { size } = verified.json<{ size: number }>()
      expect(size).toBeGreaterThanOrEqual(2 + answered.size)
      const policy = readPolicyFile(dataFolder(data).policy)
      for (const { receipt } of answered.values()) {
        expect(checkReceipt(utf8(receipt ?? ''), policy).faults).toEqual([])
      }
      reopened = await startServer(data, [], 'serve')
      const { size: sizeAgain } = (await reopened.request('/v1/ledger')).json<LedgerAnswer>()
      expect(sizeAgain).toBe(size)
      const lost: number[] = []
      for (const [i, { index, leafHash }] of answered) {
        const entry = (await reopened.request(`/v1/entries/${index}`)).json<EntryAnswer>()
        if (entry.statement !== made[i]?.jws || entry.leafHash !== leafHash) lost.push(index)
      }
      expect(lost).toEqual([])
      const again = await reopened.request('/v1/statements', {
        method: 'POST',
        body: made.map(({ presentation }) => presentation).join('\n'),
        headers: { 'content-type': 'application/x-ndjson', prefer: 'return=minimal' },
      })
      const lines = again.text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as { status: number; index: number })
      const moved = [...answered].filter(([i, { index }]) => lines[i]?.status !== 200 || lines[i]?.index !== index)
      expect(moved).toEqual([])
      expect(lines.filter(({ status }) => status === 201)).toHaveLength(made.length + 2 - size)
      expect(await reopened.stop()).toBe(0)
    },
  )

  it('answers what it had begun to receive, and takes nothing new', async () => {
    const { presentation, jws } = sign('half received')
    const { finish, socket } = await begin(server.url, presentation)
    await server.request('/healthz')
    server.child.kill('SIGTERM')
    await untilRefused(server.url)
    expect(server.child.exitCode).toBeNull()
    const answer = await finish()
    expect(answer).toMatch(/^HTTP\/1\.1 201 /)
    socket.end()
    expect(await ended(server)).toBe(0)
    const { index } = JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4)) as DepositAnswer
    reopened = await startServer(data, [], 'serve')
    expect((await reopened.request(`/v1/entries/${index}`)).json()).toMatchObject({ statement: jws })
  })

  it('is not kept by a connection that is idle since it had its answer', async () => {
    const { finish, socket } = await begin(server.url, sign('kept open').presentation)
    await server.request('/healthz')
    server.child.kill('SIGTERM')
    await untilRefused(server.url)
    expect(await finish()).toMatch(/^HTTP\/1\.1 201 /)
    expect(await ended(server)).toBe(0)
    socket.destroy()
  })

  it('is not kept by connections that are idle', async () => {
    const agent = new Agent({ keepAlive: true })
    expect((await post(server.url, sign('kept alive').presentation, agent)).status).toBe(201)
    expect(Object.values(agent.freeSockets).flat()).toHaveLength(1)
    expect(await server.stop()).toBe(0)
    agent.destroy()
  })

  it('ends at once when told twice, and loses nothing that it answered', async () => {
    expect((await post(server.url, sign('answered').presentation)).status).toBe(201)
    const { socket } = await begin(server.url, sign('never finished').presentation)
    await server.request('/healthz')
    server.child.kill('SIGTERM')
    await untilRefused(server.url)
    expect(server.child.exitCode).toBeNull()
    expect(await server.stop('SIGTERM')).toBe(143)
    socket.destroy()
    const verified = await evidence(['verify', '--data', data, '--json'])
    expect(verified.code).toBe(0)
    expect(verified.json()).toMatchObject({ ok: true, size: 3 })
  })

  it('killed in the middle of deposits keeps all that it answered', async () => {
    const made = Array.from({ length: 400 }, (_, i) => sign(`killed ${i}`))
    const answered: DepositAnswer[] = []
    let next = 0
    const worker = async (): Promise<void> => {
      while (next < made.length) {
        const statement = made[next++]
        try {
          const { status, text } = await post(server.url, statement?.presentation ?? '')
          if (status === 201) answered.push(JSON.parse(text) as DepositAnswer)
        } catch {
          return
        }
        if (answered.length >= 60) server.child.kill('SIGKILL')
      }
    }
    await Promise.all(Array.from({ length: 12 }, worker))
    await server.stop('SIGKILL')
    expect(answered.length).toBeGreaterThanOrEqual(60)
    reopened = await startServer(data, [], 'serve')
    const hashes = new Map(answered.map(({ index, leafHash }) => [index, leafHash]))
    for (const [index, leafHash] of hashes) {
      expect((await reopened.request(`/v1/entries/${index}`)).json()).toMatchObject({ leafHash })
    }
    expect(await reopened.stop()).toBe(0)
    expect((await evidence(['verify', '--data', data])).code).toBe(0)
  })
})
