import { setTimeout as sleep } from 'node:timers/promises'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Acknowledged, type Attempt, refusalOf } from '../support/acknowledged.ts'
import { figures, type FaultServer, launchSound, option, residentBytes } from '../support/fault-server.ts'
import { type TestFolder, trialFolder } from '../support/folder.ts'
import { lacks } from '../support/system-tools.ts'

/*
 * Ten times what the server can take, from clients that heed nothing and send again at once. Each sync of the disk takes
 * 150 ms here (strace), so that the capacity is small on every machine. `npm run faults -- flood --seconds 60` is the long
 * form, which also looks at the rate: it wants a quiet machine.
 */
const seconds = option('seconds', 0)
const clients = option('clients', 200)
const maxQueue = 16
const mib = 1024 * 1024
/** More than a server at rest, its queue and its bodies in flight may ever need (docs/operations/configuration.md). */
const bound = 600 * mib

const slowDisk = ['strace', '-D', '-f', '--seccomp-bpf', '-qq', '-o', '/dev/null', '-e', 'trace=fdatasync,fsync']
const under = [...slowDisk, '-e', 'inject=fdatasync:delay_enter=150000']

type Served = FaultServer & { url: string }

/** Clients that each send one statement after another, and a refused one again at once, until it is enough. */
async function press(
  book: Acknowledged,
  server: Served,
  many: number,
  isEnough: (attempts: readonly Attempt[]) => boolean,
): Promise<Attempt[]> {
  const attempts: Attempt[] = []
  const one = async (): Promise<void> => {
    let presentation = book.statement()
    while (!isEnough(attempts)) {
      const attempt = await book.send(server.url, presentation)
      attempts.push(attempt)
      if (attempt.kind === 'acknowledged') presentation = book.statement()
    }
  }
  await Promise.all(Array.from({ length: many }, one))
  return attempts
}

const acknowledgedOf = (attempts: readonly Attempt[]): number =>
  attempts.filter(({ kind }) => kind === 'acknowledged').length
const refusedOf = (attempts: readonly Attempt[]): number => attempts.filter(({ kind }) => kind === 'refused').length

/** Until a time is over. */
function after(forSeconds: number): () => boolean {
  const until = performance.now() + forSeconds * 1000
  return () => performance.now() >= until
}

/**
 * The short form: until ten times as many were refused as there is room for, and as many taken. Counts, and no ratio of the two: on a busy machine clients
 * ask no faster than they are taken, and it would never be reached.
 */
const isFlood = (attempts: readonly Attempt[]): boolean =>
  acknowledgedOf(attempts) >= maxQueue && refusedOf(attempts) >= 10 * maxQueue

describe.skipIf(lacks('strace'))('a flood', () => {
  let folder: TestFolder
  let book: Acknowledged
  beforeEach(async () => {
    folder = await trialFolder()
    book = new Acknowledged(folder.root)
  })
  afterEach(() => folder.remove())

  it('past ten times the capacity is refused with 503, and what is acknowledged holds', async () => {
    const server = await launchSound(folder.root, { under, args: ['--max-queue', `${maxQueue}`] })
    const isLong = seconds > 0
    const capacity = isLong ? acknowledgedOf(await press(book, server, 2 * maxQueue, after(3))) / 3 : 0
    const before = residentBytes(server.pid).now

    const floodBegan = performance.now()
    const flooded = press(book, server, clients, isLong ? after(seconds) : isFlood)
    let isOver = false
    const ended = flooded.then(() => (isOver = true))
    let slowestRead = 0
    while (!isOver) {
      const began = performance.now()
      expect((await server.request('/checkpoint')).status).toBe(200)
      slowestRead = Math.max(slowestRead, performance.now() - began)
      await Promise.race([sleep(100), ended])
    }
    const attempts = await flooded
    const refused = attempts.filter(({ kind }) => kind === 'refused').map(refusalOf)
    const taken = acknowledgedOf(attempts)
    expect(attempts.length).toBe(taken + refused.length) // and nobody was cut off
    expect(new Set(refused.map(({ status, code }) => `${status} ${code}`))).toEqual(new Set(['429 queue-share-full']))
    const lasted = (performance.now() - floodBegan) / 1000
    // Ten times what there is room for, and it costs those who are taken nothing of the rate (the long form's capacity is not 0).
    expect(attempts.length / lasted).toBeGreaterThan(capacity * 10)
    expect(taken / lasted).toBeGreaterThan(capacity / 2)

    const began = performance.now()
    expect((await book.send(server.url)).kind).toBe('acknowledged')
    const recovery = performance.now() - began
    expect((await server.request('/readyz')).status).toBe(200)
    const { peak } = residentBytes(server.pid)
    expect(peak).toBeLessThan(bound)
    await server.end('SIGKILL')

    const again = await launchSound(folder.root)
    await book.requireGoesOn(again.url)
    await book.requireAllServed(again.url)
    await book.resend(again.url)
    await book.requireAllServed(again.url)
    await again.end()
    expect(await book.faultsOfFolder()).toEqual([])
    figures('flood', {
      'capacity a second': Math.round(capacity),
      'offered a second': Math.round(attempts.length / lasted),
      'acknowledged a second': Math.round(taken / lasted),
      'refused, all with Retry-After': refused.length,
      acknowledged: book.entries.size,
      lost: 0,
      'slowest read in ms': Math.round(slowestRead),
      'first deposit afterwards in ms': Math.round(recovery),
      'MiB before': Math.round(before / mib),
      'MiB at most': Math.round(peak / mib),
      seconds: Math.round(lasted),
    })
  })

  it('from one key past its rate is refused with 429', async () => {
    const config = join(folder.root, '..', 'settings.json')
    writeFileSync(config, JSON.stringify({ statementsPerMinute: 50 }))
    const server = await launchSound(folder.root, { args: ['--config', config] })
    const began = performance.now()
    const attempts = await press(book, server, 20, (made) => refusedOf(made) >= 20)
    const refused = attempts.filter(({ kind }) => kind === 'refused').map(refusalOf)
    expect(attempts.length).toBe(acknowledgedOf(attempts) + refused.length)
    expect(new Set(refused.map(({ status, code }) => `${status} ${code}`))).toEqual(new Set(['429 rate-limited']))
    // Of every minute that began, fifty.
    expect(acknowledgedOf(attempts)).toBeLessThanOrEqual(50 * (1 + Math.ceil((performance.now() - began) / 60_000)))
    await book.requireAllServed(server.url)
    expect(await server.end()).toEqual({ code: 0, signal: null })
    expect(await book.faultsOfFolder()).toEqual([])
  })
})
