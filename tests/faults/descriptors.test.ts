import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { minDescriptors } from '../../server/descriptors.ts'
import { Acknowledged } from '../support/acknowledged.ts'
import { launch, launchSound } from '../support/fault-server.ts'
import { type TestFolder, trialFolder } from '../support/folder.ts'
import { lacks } from '../support/system-tools.ts'

const limited = (limit: number): { under: string[] } => ({ under: ['prlimit', `--nofile=${limit}:${limit}`] })

/* Few file descriptors, and more connections than that: the database never goes without. */
describe.skipIf(lacks('prlimit'))('a low limit of file descriptors', () => {
  let folder: TestFolder
  beforeAll(async () => {
    folder = await trialFolder()
  })
  afterAll(() => folder.remove())

  it('too low for a server is refused by name', async () => {
    const server = await launch(folder.root, limited(minDescriptors - 1))
    expect(server.url).toBeUndefined()
    expect((await server.ended).code).toBe(3)
    expect(server.output()).toMatch(/^evidence: descriptors-few: /m)
  })

  it('the lowest serves and rotates its database under ten times as many connections', async () => {
    const book = new Acknowledged(folder.root)
    const server = await launchSound(folder.root, limited(minDescriptors))
    expect(server.output()).toContain('the limit of open files allows fewer connections')
    const { hostname, port } = new URL(server.url)
    const idle: Socket[] = []
    for (let i = 0; i < minDescriptors * 10; i++) {
      const socket = connect(Number(port), hostname)
      socket.on('error', () => {})
      await Promise.race([once(socket, 'connect'), once(socket, 'close')])
      idle.push(socket)
      // Past 32 MiB the database goes on to another log and writes a table.
      if (i % 2 === 0) await book.send(server.url, book.statement(true))
    }
    expect([...book.refusals]).toEqual([])
    expect(book.unanswered.size).toBe(0)
    await book.requireAllServed(server.url)
    expect((await server.request('/readyz')).status).toBe(200)
    for (const socket of idle) socket.destroy()
    expect(await server.end()).toEqual({ code: 0, signal: null })
    expect(await book.faultsOfFolder()).toEqual([])
  })
})
