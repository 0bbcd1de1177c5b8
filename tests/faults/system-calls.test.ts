import { spawn } from 'node:child_process'
import { cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { serve } from '../../server/serve.ts'
import { serverSettings } from '../../server/settings.ts'
import { Acknowledged, refusalOf } from '../support/acknowledged.ts'
import { figures, type FaultServer, launch, option } from '../support/fault-server.ts'
import { type TestFolder, trialFolder } from '../support/folder.ts'
import { fewAtATime } from '../support/cli.ts'
import { sampled } from '../support/long.ts'
import { lacks } from '../support/system-tools.ts'

/*
 * One system call of the server on its database or head file fails, by strace, from the first call of the start to those of
 * a commit and of a rotation of log and table. Never is a 201 given for what is lost; a failed write stops writing for good.
 * `npm run faults -- system-calls --all` goes on, for each call and fault, until there is no such call any more.
 */
const all = option('all', 0) === 1
const calls = ['rename', 'fsync', 'unlink', 'openat', 'fdatasync', 'pwrite64', 'write'] as const
const faults = ['error=EIO', 'error=ENOSPC', 'signal=SIGKILL'] as const

/** A table has some two thousand writes: every so many-th is tried. */
const stepInRotation: Partial<Record<(typeof calls)[number], number>> = { write: 197 }

interface Case {
  readonly call: (typeof calls)[number]
  readonly fault: (typeof faults)[number]
  /** Which of the calls, from 1. */
  readonly when: number
  /** Counted in the server that listens already, not from its start: the first call is then one of a commit. */
  readonly listening?: boolean
  /** Of the files that count, these alone. */
  readonly of?: 'log' | 'head'
  /** Deposits until LevelDB has gone on to another log and written a table. */
  readonly rotates?: boolean
}

type Result = 'no such call' | 'refused to start' | 'killed' | 'writing stopped' | 'went on'

const numbers = Array.from({ length: 60 }, (_, i) => String(i + 1).padStart(6, '0'))
/** What LevelDB writes in a thread of its own, when a log is full. */
const ofTables = ['', 'CURRENT', ...numbers.flatMap((n) => [`${n}.ldb`, `${n}.dbtmp`, `MANIFEST-${n}`])]
const ofLogs = ['LOCK', ...numbers.map((n) => `${n}.log`)]

/** The paths that count: all that the server may write in a data folder, or a part of it. */
function paths(root: string, { of, rotates }: Pick<Case, 'of' | 'rotates'>): string[] {
  const inside = (files: readonly string[]): string[] => files.map((file) => join(root, 'ledger', file))
  const head = [join(root, 'head'), join(root, 'lock')]
  if (rotates === true) return inside(ofTables)
  if (of !== undefined) return of === 'log' ? inside(ofLogs) : head
  return [...inside([...ofTables, ...ofLogs]), ...head]
}

/** One thread writes, so that the calls come in one order. */
function underStrace(root: string, log: string, one: Case): string[] {
  const { call, fault, when } = one
  const what = [`trace=${call}`, `inject=${call}:${fault}:when=${when}`].flatMap((text) => ['-e', text])
  // Only the calls named are stopped at, and the others are as fast as ever; strace does not send signals so.
  const fast = fault.startsWith('error') ? ['--seccomp-bpf'] : []
  return ['strace', '-D', '-f', ...fast, '-qq', '-o', log, ...what, ...paths(root, one).flatMap((path) => ['-P', path])]
}

const stable = ['writer-stopped', 'disk-full']

/** What a server must do that could not write: say so everywhere, and go on serving what it has. */
async function requireStopped(server: FaultServer, book: Acknowledged): Promise<void> {
  const url = server.url as string
  const ready = await server.request('/readyz')
  expect(ready.status).toBe(503)
  expect(stable).toContain(ready.json<{ code: string }>().code)
  expect(server.output()).toContain('the writer has stopped permanently')
  const again = refusalOf(await book.send(url))
  expect(again).toMatchObject({ status: 503, code: ready.json<{ code: string }>().code })
  expect((await server.request('/healthz')).status).toBe(200)
  await book.requireAllServed(url)
}

/**
 * Faults from now on, in a server that listens: strace counts the calls of each thread apart, so those of the start would
 * come first.
 */
async function faultFromNow(server: FaultServer, root: string, log: string, one: Case): Promise<void> {
  const { call, fault, when } = one
  const what = [`trace=${call}`, `inject=${call}:${fault}:when=${when}`].flatMap((text) => ['-e', text])
  const where = paths(root, one).flatMap((path) => ['-P', path])
  const strace = spawn('strace', ['-f', '-o', log, ...what, ...where, '-p', `${server.pid}`], { stdio: 'pipe' })
  // It goes on to be read: strace would end where it could not say that a thread came.
  await new Promise<void>((resolve, reject) => {
    strace.on('error', reject)
    strace.stderr.on('data', (text: Buffer) => {
      if (text.includes('attached')) resolve()
    })
  })
}

/** Deposits one after another, or many large ones at once. */
async function work(server: FaultServer, book: Acknowledged, rotates: boolean): Promise<Result> {
  const url = server.url as string
  const rounds = rotates ? 40 : 5
  for (let round = 0; round < rounds; round++) {
    const sent = Array.from({ length: rotates ? 16 : 1 }, () => book.send(url, book.statement(rotates)))
    const attempts = await Promise.all(sent)
    if (attempts.some(({ kind }) => kind === 'broken')) {
      expect((await server.ended).signal).toBe('SIGKILL')
      return 'killed'
    }
    const refused = attempts.filter((attempt) => attempt.kind === 'refused')
    for (const { status, code } of refused) {
      expect(status).toBe(503)
      expect(stable).toContain(code)
    }
    if (refused.length > 0) {
      await requireStopped(server, book)
      return 'writing stopped'
    }
  }
  return 'went on'
}

/** A start that failed: a refusal in our words, or the kill. */
async function refused(server: FaultServer): Promise<Result> {
  const { code, signal } = await server.ended
  if (signal === 'SIGKILL') return 'killed'
  expect({ refused: code === 1 || code === 3, code, said: server.output() }).toMatchObject({ refused: true })
  expect(server.output()).toMatch(/^evidence: [a-z-]+: /m)
  expect(server.output()).not.toMatch(/^evidence: internal-error/m)
  return 'refused to start'
}

/** Afterwards, with a machine that works: all is there, nothing is at fault, and writing works. */
async function recover(book: Acknowledged): Promise<void> {
  const settings = serverSettings.parse({ port: 0, logLevel: 'silent', signatureThreads: 0 })
  const server = await serve({ dataDir: book.root, settings, version: 'test' })
  try {
    await book.requireGoesOn(server.url)
    await book.requireAllServed(server.url)
    await book.resend(server.url)
    expect((await book.send(server.url)).kind).toBe('acknowledged')
    await book.requireAllServed(server.url)
  } finally {
    await server.close()
  }
  expect(await book.faultsOfFolder()).toEqual([])
}

describe.skipIf(lacks('strace'))('a system call fails', () => {
  let template: TestFolder
  let made = 0

  beforeAll(async () => {
    template = await trialFolder()
  })
  afterAll(() => template.remove())

  async function run(one: Case): Promise<Result> {
    const root = join(template.root, '..', `case-${made++}`)
    cpSync(template.root, root, { recursive: true })
    const book = new Acknowledged(root)
    const log = `${root}.strace`
    const later = one.rotates === true || one.listening === true
    const under = later ? {} : { under: underStrace(root, log, one) }
    const server = await launch(root, { ...under, env: { UV_THREADPOOL_SIZE: '1' } })
    let result: Result
    try {
      if (later) await faultFromNow(server, root, log, one)
      result = server.url === undefined ? await refused(server) : await work(server, book, one.rotates === true)
    } finally {
      await server.end()
    }
    // A call that the kill cut off is not marked.
    if (result !== 'killed' && !readFileSync(log, 'latin1').includes('(INJECTED)')) result = 'no such call'
    await recover(book)
    rmSync(root, { recursive: true })
    return result
  }

  /** Each until there is no such call. */
  async function sweep(rotates: boolean): Promise<void> {
    for (const call of calls) {
      for (const fault of faults) {
        const counts: Partial<Record<Result, number>> = {}
        const step = rotates ? (stepInRotation[call] ?? 1) : 1
        let result: Result = 'went on'
        for (let when = 1; result !== 'no such call'; when += step) {
          result = await run({ call, fault, when, rotates })
          if (result !== 'no such call') counts[result] = (counts[result] ?? 0) + 1
        }
        figures('system-calls', { rotates: `${rotates}`, call, fault, ...counts })
      }
    }
  }

  const sweeps: [string, boolean][] = [
    ['in the start and in commits', false],
    ['while a table is written', true],
  ]
  it.each(all ? sweeps : [])('each one, %s', (_name, rotates) => sweep(rotates))

  const chosen: [string, readonly Case[], readonly Result[]][] = [
    [
      'the log of the database',
      [
        { call: 'write', fault: 'error=EIO', when: 1, listening: true, of: 'log' },
        { call: 'write', fault: 'error=ENOSPC', when: 2, listening: true, of: 'log' },
        { call: 'fdatasync', fault: 'error=EIO', when: 1, listening: true, of: 'log' },
      ],
      ['writing stopped'],
    ],
    [
      'the head file',
      [
        { call: 'pwrite64', fault: 'error=ENOSPC', when: 1, listening: true, of: 'head' },
        { call: 'pwrite64', fault: 'error=EIO', when: 2, listening: true, of: 'head' },
        { call: 'fdatasync', fault: 'error=EIO', when: 1, listening: true, of: 'head' },
      ],
      ['writing stopped'],
    ],
    [
      'the start',
      [
        { call: 'write', fault: 'error=EIO', when: 3 },
        { call: 'fdatasync', fault: 'error=ENOSPC', when: 1 },
        { call: 'rename', fault: 'error=ENOSPC', when: 1 },
        { call: 'openat', fault: 'error=EIO', when: 9 },
      ],
      ['refused to start'],
    ],
    [
      'a kill at the call',
      [
        { call: 'write', fault: 'signal=SIGKILL', when: 2, listening: true, of: 'log' },
        { call: 'pwrite64', fault: 'signal=SIGKILL', when: 2, listening: true, of: 'head' },
        { call: 'fdatasync', fault: 'signal=SIGKILL', when: 1, listening: true, of: 'log' },
      ],
      ['killed'],
    ],
  ]
  it.each(all ? [] : chosen)('%s', async (_name, whole, expected) => {
    const cases = sampled('tests/faults/system-calls.test.ts', 'calls of each kind', whole)
    const results = await fewAtATime(cases, run)
    expect(results.map((result, i) => ({ ...cases[i], result, expected: expected.includes(result) }))).toEqual(
      cases.map((one) => expect.objectContaining({ ...one, expected: true }) as unknown),
    )
  })
})
