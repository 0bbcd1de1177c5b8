import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { Acknowledged, refusalOf } from '../support/acknowledged.ts'
import { type FaultServer, launch, launchSound } from '../support/fault-server.ts'
import { type TestFolder, trialFolder } from '../support/folder.ts'
import { lacks } from '../support/system-tools.ts'

/* The clock of a running server is set, and the server restarted under a wrong clock (libfaketime). */

/** The library, wherever the distribution puts it. */
function library(): string {
  const places = readdirSync('/usr/lib').map((name) => join('/usr/lib', name, 'faketime', 'libfaketimeMT.so.1'))
  const found = places.find((path) => existsSync(path))
  if (found === undefined) throw new Error('faketime is not installed')
  return found
}

async function requireUnsafe(server: FaultServer, book: Acknowledged): Promise<void> {
  const url = server.url as string
  const ready = await server.request('/readyz')
  expect([ready.status, ready.json<{ code: string }>().code]).toEqual([503, 'clock-unsafe'])
  expect(refusalOf(await book.send(url))).toMatchObject({ status: 503, code: 'clock-unsafe' })
  await book.requireAllServed(url)
}

describe.skipIf(lacks('faketime'))('the clock', () => {
  const folders: TestFolder[] = []
  let folder: TestFolder
  let book: Acknowledged
  let offset: string
  beforeEach(async () => {
    folder = await trialFolder()
    folders.push(folder)
    book = new Acknowledged(folder.root)
    offset = join(folder.root, '..', 'offset')
  })
  afterAll(() => folders.forEach(({ remove }) => remove()))

  const set = (by: string): void => writeFileSync(offset, `${by}\n`)
  const underFalseClock = (...args: string[]): Parameters<typeof launch> => [
    folder.root,
    {
      args,
      env: {
        LD_PRELOAD: library(),
        FAKETIME_TIMESTAMP_FILE: offset,
        FAKETIME_NO_CACHE: '1',
        FAKETIME_DONT_FAKE_MONOTONIC: '1',
      },
    },
  ]

  it.each([
    ['an hour back', '-3600'],
    ['a year forward', '+365d'],
  ])('set %s: no entry is stamped with it, reading goes on, and writing as soon as it is right', async (_name, by) => {
    set('+0')
    const server = await launchSound(...underFalseClock())
    expect((await book.send(server.url)).kind).toBe('acknowledged')
    set(by)
    await requireUnsafe(server, book)
    set('+0')
    expect((await server.request('/readyz')).status).toBe(200)
    await book.resend(server.url)
    expect((await book.send(server.url)).kind).toBe('acknowledged')
    const times = [...book.entries.values()].map(({ time }) => Date.parse(time))
    for (const time of times) expect(Math.abs(time - Date.now())).toBeLessThan(300_000)
    expect(await server.end()).toEqual({ code: 0, signal: null })
    expect(await book.faultsOfFolder()).toEqual([])
  })

  it('an hour back at the start: nothing is written before the last entry’s time', async () => {
    set('+0')
    const before = await launchSound(...underFalseClock())
    expect((await book.send(before.url)).kind).toBe('acknowledged')
    await before.end()
    set('-3600')
    const behind = await launchSound(...underFalseClock())
    await requireUnsafe(behind, book)
    await behind.end()
    set('+0')
    const right = await launchSound(...underFalseClock())
    await book.requireAllServed(right.url)
    expect((await book.send(right.url)).kind).toBe('acknowledged')
    await right.end()
    expect(await book.faultsOfFolder()).toEqual([])
  })

  it('a year forward at the start: refused without the operator’s word', async () => {
    set('+0')
    const before = await launchSound(...underFalseClock())
    expect((await book.send(before.url)).kind).toBe('acknowledged')
    await before.end()
    set('+365d')
    const refused = await launch(...underFalseClock())
    expect(refused.url).toBeUndefined()
    expect((await refused.ended).code).toBe(3)
    expect(refused.output()).toMatch(/^evidence: clock-unsafe: .*--accept-clock-gap/m)
    const accepted = await launchSound(...underFalseClock('--accept-clock-gap'))
    expect((await book.send(accepted.url)).kind).toBe('acknowledged')
    await book.requireAllServed(accepted.url)
    await accepted.end()
    expect(await book.faultsOfFolder()).toEqual([])
  })
})
