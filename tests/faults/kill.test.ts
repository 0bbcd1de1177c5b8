import { afterAll, describe, expect, it } from 'vitest'
import { Acknowledged } from '../support/acknowledged.ts'
import { figures, type FaultServer, launch, launchSound, option, spawnServer } from '../support/fault-server.ts'
import { type TestFolder, trialFolder } from '../support/folder.ts'
import { sizeOf } from '../support/long.ts'

/*
 * SIGKILL at a random moment, under load or during the start, again and again: every receipt ever given still holds, every
 * entry acknowledged is served byte for byte, and every checkpoint ever seen is of the one history.
 * `npm run faults -- kill --cycles 500` is the long form.
 */
const cycles = option('cycles', sizeOf('tests/faults/kill.test.ts', 'cycles'))
const depositors = 8

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Deposits without pause until the server is gone. */
async function load(book: Acknowledged, server: FaultServer & { url: string }): Promise<void> {
  const one = async (): Promise<void> => {
    for (;;) {
      const attempt = await book.send(server.url)
      if (attempt.kind === 'broken') return
      if (attempt.kind === 'refused') throw new Error(`refused with ${attempt.code}`)
    }
  }
  await Promise.all(Array.from({ length: depositors }, one))
}

/** Killed while it opens: between nothing and listening. */
async function killInStart(root: string): Promise<void> {
  const child = spawnServer(root)
  const ended = new Promise((resolve) => child.on('close', resolve))
  await sleep(200 + Math.random() * 400)
  child.kill('SIGKILL')
  await ended
}

describe('SIGKILL', () => {
  let folder: TestFolder
  afterAll(() => folder.remove())

  it(`loses nothing that was acknowledged, in ${cycles} cycles`, async () => {
    folder = await trialFolder()
    const book = new Acknowledged(folder.root)
    const began = performance.now()
    let inStart = 0
    let again = 0
    for (let cycle = 0; cycle < cycles; cycle++) {
      if (cycle % 5 === 4) {
        await killInStart(folder.root)
        inStart++
        continue
      }
      const server = await launchSound(folder.root)
      await book.requireGoesOn(server.url)
      await book.requireReceipts(server.url, 5)
      again += await book.resend(server.url)
      const loaded = load(book, server)
      await sleep(Math.random() * 300)
      const { signal } = await server.end('SIGKILL')
      expect(signal).toBe('SIGKILL')
      await loaded
    }
    expect(book.entries.size).toBeGreaterThan(cycles)
    const server = await launch(folder.root)
    const url = server.url as string
    await book.requireGoesOn(url, 20)
    await book.requireReceipts(url, 50)
    await book.requireAllServed(url)
    again += await book.resend(url)
    const size = await book.requireAllServed(url)
    expect(await server.end()).toEqual({ code: 0, signal: null })
    expect(await book.faultsOfFolder()).toEqual([])
    expect([...book.refusals]).toEqual([])
    figures('kill', {
      cycles,
      'killed while it opened': inStart,
      acknowledged: book.entries.size,
      'unanswered, sent again': again,
      'checkpoints kept': book.roots.size,
      entries: size,
      lost: 0,
      seconds: Math.round((performance.now() - began) / 1000),
    })
  })
})
