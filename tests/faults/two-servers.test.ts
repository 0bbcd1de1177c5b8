import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Acknowledged } from '../support/acknowledged.ts'
import { launch, launchSound } from '../support/fault-server.ts'
import { type TestFolder, trialFolder } from '../support/folder.ts'

/* Two servers on one data folder: never do both write. */
describe('servers on one data folder', () => {
  let folder: TestFolder
  let book: Acknowledged
  beforeAll(async () => {
    folder = await trialFolder()
    book = new Acknowledged(folder.root)
  })
  afterAll(() => folder.remove())

  it('the second is refused by name, and the first goes on', async () => {
    const first = await launchSound(folder.root)
    expect((await book.send(first.url)).kind).toBe('acknowledged')
    const other = join(folder.root, '..', 'by-another-name')
    symlinkSync(folder.root, other)
    for (const path of [folder.root, other]) {
      const second = await launch(path)
      expect(second.url).toBeUndefined()
      expect((await second.ended).code).toBe(3)
      expect(second.output()).toMatch(/^evidence: ledger-in-use: /m)
      expect((await book.send(first.url)).kind).toBe('acknowledged')
    }
    await book.requireAllServed(first.url)
    expect(await first.end()).toEqual({ code: 0, signal: null })
  })

  it('of several started at once, one serves; when it is killed, another takes over at once', async () => {
    for (let round = 0; round < 3; round++) {
      const started = await Promise.all(Array.from({ length: 4 }, () => launch(folder.root)))
      const serving = started.filter(({ url }) => url !== undefined)
      expect(serving).toHaveLength(1)
      for (const other of started.filter(({ url }) => url === undefined)) {
        expect((await other.ended).code).toBe(3)
        expect(other.output()).toMatch(/^evidence: ledger-in-use: /m)
      }
      const [server] = serving
      const url = server?.url as string
      await book.requireGoesOn(url)
      await book.resend(url)
      expect((await book.send(url)).kind).toBe('acknowledged')
      await server?.end('SIGKILL')
    }
    const last = await launchSound(folder.root)
    await book.requireAllServed(last.url)
    await last.end()
    expect(await book.faultsOfFolder()).toEqual([])
  })
})
