import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Acknowledged, refusalOf } from '../support/acknowledged.ts'
import { type FaultServer, launch, launchSound } from '../support/fault-server.ts'
import { type TestFolder, trialFolder } from '../support/folder.ts'
import { lacks } from '../support/system-tools.ts'

/*
 * A small disk that fills while deposits come, at different places of a commit, of a rotation and of the start; then space is
 * freed. As root: a tmpfs is mounted.
 */
const diskBytes = 128 * 1024 * 1024
const cannotMount = lacks('mount') || (process.env['CI'] !== 'true' && process.getuid?.() !== 0)

async function requireStopped(server: FaultServer & { url: string }, book: Acknowledged): Promise<void> {
  const ready = await server.request('/readyz')
  expect([ready.status, ready.json<{ code: string }>().code]).toEqual([503, 'disk-full'])
  expect(server.output()).toContain('the writer has stopped permanently')
  expect(refusalOf(await book.send(server.url))).toMatchObject({ status: 503, code: 'disk-full' })
  await book.requireAllServed(server.url)
}

/** A start on a full disk finds space in what the database has already, or refuses in our words; it harms nothing. */
async function startOnFullDisk(root: string, book: Acknowledged): Promise<string> {
  const server = await launch(root)
  if (server.url !== undefined) {
    await book.requireAllServed(server.url)
    await server.end()
    return 'started'
  }
  const { code } = await server.ended
  return code === 3 && /^evidence: disk-full: /m.test(server.output()) ? 'refused: disk-full' : server.output()
}

describe.skipIf(cannotMount)('a disk that is full', () => {
  let template: TestFolder
  let disk: string
  beforeAll(async () => {
    template = await trialFolder()
    disk = join(template.root, '..', 'disk')
    mkdirSync(disk)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${diskBytes},mode=700`, 'tmpfs', disk])
  })
  afterAll(() => {
    execFileSync('umount', ['--lazy', disk])
    template.remove()
  })

  const free = (): number => {
    const { bavail, bsize } = statfsSync(disk)
    return bavail * bsize
  }
  /** Takes all of the disk but so many bytes. */
  const fill = (leave: number): void => {
    const bytes = Math.max(0, free() - leave)
    writeFileSync(join(disk, 'ballast'), Buffer.alloc(bytes, 1))
  }
  const makeRoom = (): void => truncateSync(join(disk, 'ballast'), 0)

  it.each([
    ['at once', 0],
    ['after some commits', 300 * 1024],
    ['while a table is written', 40 * 1024 * 1024],
  ])('%s: writing stops for good, reading goes on, and nothing acknowledged is lost', async (_name, leave) => {
    const root = join(disk, 'data')
    rmSync(join(disk, 'ballast'), { force: true })
    rmSync(root, { recursive: true, force: true })
    cpSync(template.root, root, { recursive: true })
    const book = new Acknowledged(root)
    const first = await launchSound(root)
    for (let i = 0; i < 5; i++) expect((await book.send(first.url)).kind).toBe('acknowledged')
    fill(leave)
    let refusals = 0
    for (let round = 0; refusals === 0 && round < 2000; round++) {
      const sent = Array.from({ length: 8 }, () => book.send(first.url, book.statement(true)))
      refusals += (await Promise.all(sent)).filter(({ kind }) => kind !== 'acknowledged').length
    }
    expect([...book.refusals.keys()]).toEqual(['disk-full'])
    await requireStopped(first, book)
    // Nobody knows what a failed sync left: space alone does not bring writing back.
    makeRoom()
    await requireStopped(first, book)
    fill(0)
    await first.end('SIGKILL')

    expect(['started', 'refused: disk-full']).toContain(await startOnFullDisk(root, book))
    makeRoom()
    const again = await launchSound(root)
    await book.requireGoesOn(again.url)
    await book.requireAllServed(again.url)
    await book.resend(again.url)
    expect((await book.send(again.url)).kind).toBe('acknowledged')
    expect(await again.end()).toEqual({ code: 0, signal: null })
    expect(await book.faultsOfFolder()).toEqual([])
  })
})
