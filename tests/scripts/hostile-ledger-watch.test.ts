import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  type CliError,
  type CliResult,
  type CliServer,
  evidence,
  evidenceOk,
  type Proxy,
  startFileServer,
  startLines,
  startServer,
} from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/* Ledgers that somebody watches or packs from, and that answer as it pleases them. */

interface Event {
  readonly event: 'alarm' | 'notice'
  readonly what: string
  readonly where: string
  readonly origin: string
  readonly watched?: string
  readonly index?: number
  readonly after?: number
  readonly finding?: { readonly code: string }
}

const { path, remove } = temporaryFolder()
const data = join(path, 'data')
const copied = join(path, 'copied')
const policy = join(data, 'policy')
const caseNumber = '(2026)1'
const own: string[] = ['--policy', policy, '--key', join(path, 'auditor.pem'), '--id', 'auditor']
let ledger: CliServer
/** A place that shows another history of the ledger, and nothing else. */
let fork: Proxy
let forked: Uint8Array
let isForkShown = true
let hostile: { readonly url: string; readonly seen: string[]; readonly close: () => Promise<void> }
/** What the hostile server answers; undefined where it passes the ledger's own answer on. */
type Answer = (path: string) => { readonly status: number; readonly body: string } | undefined
let answer: Answer = () => undefined

/** The ledger through a server that may answer for itself. */
async function hostileServer(): Promise<typeof hostile> {
  const seen: string[] = []
  const server = createServer((from, to) => {
    const url = from.url ?? '/'
    seen.push(url)
    const made = answer(url)
    if (made !== undefined) return void to.writeHead(made.status, { 'content-type': 'application/json' }).end(made.body)
    const { hostname, port } = new URL(ledger.url)
    const { method, headers } = from
    const passed = request({ hostname, port, path: url, method, headers }, (own) => {
      to.writeHead(own.statusCode ?? 500, own.headers)
      own.pipe(to)
    })
    from.pipe(passed)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = (): Promise<void> => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(() => resolve()))
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen, close }
}
let states = 0
let state = ''

/** A search: the first entries of a case are asked for in a body, those after them in the address. */
const isSearch = (url: string): boolean => url.startsWith('/v1/entries?') || url === '/v1/entries/search'
const problem = (status: number, code: string): { status: number; body: string } => ({
  status,
  body: JSON.stringify({ type: 'about:blank', title: code, status, detail: 'says the server', code, action: '' }),
})
const deposit = (name: string, folder: string, url: string): Promise<CliResult> => {
  const beside = join(path, folder === data ? 'own' : 'other')
  mkdirSync(beside, { recursive: true })
  const file = join(beside, name)
  writeFileSync(file, name)
  return evidenceOk(['deposit', file, '--data', folder, '--url', url, '--case', caseNumber])
}
const eventsIn = (text: string): Event[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Event)
const watch = (...args: string[]): string[] => ['monitor', ...args, '--json', '--state', state, ...own]
async function once(...args: string[]): Promise<{ code: number | null; events: Event[] }> {
  const { code, stdout } = await evidence(watch(...args, '--once'))
  return { code, events: eventsIn(stdout) }
}
const names = (events: readonly Event[]): string[] => events.map(({ event, what }) => `${event} ${what}`)

/** A hook that writes what it is told to a file. */
const told = (): string => join(state, '..', `told-${states}.jsonl`)
function hook(): string[] {
  const program = join(path, 'hook.mjs')
  writeFileSync(
    program,
    `import { appendFileSync, readFileSync } from 'node:fs'\nappendFileSync(process.argv[2], readFileSync(0, 'utf8').trimEnd() + '\\n')\n`,
  )
  return ['--hook', process.execPath, '--hook-arg', program, '--hook-arg', told()]
}

beforeAll(async () => {
  hostile = await hostileServer()
  ledger = await startServer(data)
  await evidenceOk(['keygen', '--out', join(path, 'auditor.pem')])
  const admit = ['participants', 'admit', 'auditor', '--public-key', join(path, 'auditor.jwk')]
  await evidenceOk([...admit, '--type', 'court', '--role', 'auditor', '--data', data, '--url', ledger.url])
  await deposit('a', data, ledger.url)
  await ledger.stop()
  cpSync(data, copied, { recursive: true })
  const copy = await startServer(copied)
  await deposit('forked', copied, copy.url)
  forked = (await copy.request('/checkpoint')).body
  await copy.stop()
  ledger = await startServer(data, ['--base-url', hostile.url])
  await deposit('b', data, hostile.url)
  fork = await startFileServer((name) => (isForkShown && name === '/checkpoint' ? forked : undefined))
})
afterAll(async () => {
  await hostile.close()
  await fork.close()
  await ledger.stop()
  remove()
})
beforeEach(() => {
  answer = () => undefined
  isForkShown = true
  states++
  state = join(path, `state-${states}`)
})

const ok = (body: unknown): { status: number; body: string } => ({
  status: 200,
  body: typeof body === 'string' ? body : JSON.stringify(body),
})
const entry = (index: number): object => ({ index, time: '', leafHash: '', iss: 'x', kind: 'x' })
/** The first entries of a case, and that there are more. */
const first = (index: number): ReturnType<Answer> =>
  ok({ results: [{ case: caseNumber, entries: [entry(index)], more: true }] })
/** Answers to a search for a case, none of which is one. */
const searches: readonly (readonly [string, ReturnType<Answer>])[] = [
  ['pages without an end', ok({ entries: [], next: 3 })],
  ['no JSON', ok('<html>')],
  ['a refusal', problem(403, 'not-permitted')],
  ['a fault of the evidence', problem(400, 'signature-invalid')],
  ['entries that go back', ok({ entries: [entry(3), entry(1)], next: null })],
  ['a page that goes on before its own entries', ok({ entries: [entry(3)], next: 1 })],
]

describe('R7 F2: a ledger that is asked for a case', () => {
  it.each(searches)('R7 F2: and answers with %s keeps no alarm back', async (_name, made) => {
    answer = (url) => (isSearch(url) ? made : undefined)
    const { code, events } = await once(hostile.url, fork.url, '--watch-case', caseNumber, ...hook())
    expect([code, names(events)]).toEqual([1, ['alarm misbehaviour', 'notice grown', 'notice unsearched']])
    expect(events.at(-1)).toMatchObject({ watched: `case ${caseNumber}`, where: hostile.url })
    expect(eventsIn(readFileSync(told(), 'utf8')).map(({ what }) => what)).toEqual(['misbehaviour', 'unsearched'])
  })

  it('R7 F2: is asked again from where a search failed, by a later run too, and each entry is told once', async () => {
    const watched = (events: readonly Event[]): unknown[] =>
      events.filter(({ what }) => what === 'watch').map(({ index }) => index)
    answer = (url) => {
      if (!isSearch(url)) return undefined
      return url.includes('after=') ? problem(503, 'disk-full') : first(3)
    }
    const cut = await once(hostile.url, '--watch-case', caseNumber)
    expect([cut.code, watched(cut.events), cut.events.at(-1)]).toEqual([
      3,
      [3],
      expect.objectContaining({ what: 'unsearched', after: 3 }),
    ])
    answer = () => undefined
    const whole = await once(hostile.url, '--watch-case', caseNumber)
    expect([whole.code, watched(whole.events)]).toEqual([0, [4]])
    expect((await once(hostile.url, '--watch-case', caseNumber)).events).toEqual([])
  })

  it('R7 F2: is no place to pack a case from where its pages do not end', async () => {
    const endless = { results: [{ case: caseNumber, entries: [], more: true }] }
    answer = (url) =>
      url === '/v1/entries/search' ? ok(endless) : isSearch(url) ? ok({ entries: [], next: 3 }) : undefined
    hostile.seen.length = 0
    const output = join(path, 'endless')
    const args = ['package', '--case', caseNumber, '--from', empty(), '--out', output, '--json', '--url', hostile.url]
    const result = await evidence([...args, ...own])
    expect([result.code, result.json<CliError>().error.code]).toEqual([3, 'server-answer'])
    expect(hostile.seen.filter(isSearch)).toHaveLength(3)
    expect(existsSync(output)).toBe(false)
  })
})

const empty = (): string => {
  const folder = join(path, 'empty')
  mkdirSync(folder, { recursive: true })
  return folder
}

describe('R7 F3: a URL among several', () => {
  const garbage = ok('garbage')
  it.each([
    ['garbage', () => garbage, 'note-malformed'],
    [
      'the checkpoint of a ledger that no policy names',
      () => ok(Buffer.from(forked).toString().replaceAll(origin(), 'other.example')),
      'checkpoint-untrusted',
    ],
  ] as const)(
    'R7 F3: that shows %s after it was out of reach ends no watch of the others',
    async (_name, made, why) => {
      isForkShown = false
      answer = (url) => (url === '/checkpoint' ? { status: 404, body: '{}' } : undefined)
      const honest = await honestPlace()
      const running = startLines(watch(honest.url, hostile.url, fork.url, '--interval', '0.1', ...hook()))
      const until = async (isWanted: (event: Event) => boolean): Promise<Event> => {
        for (;;) {
          const event = JSON.parse(await running.line()) as Event
          if (isWanted(event)) return event
        }
      }
      await until(({ what, where }) => what === 'unreachable' && where === hostile.url)
      answer = (url) => (url === '/checkpoint' ? made() : undefined)
      const fault = await until(({ event }) => event === 'alarm')
      expect(fault).toMatchObject({ what: 'fault', where: hostile.url, origin: 'unknown', finding: { code: why } })
      // Only now the other history is shown.
      isForkShown = true
      expect(await until(({ event }) => event === 'alarm')).toMatchObject({ what: 'misbehaviour', where: fork.url })
      expect(await running.stop()).toBe(0)
      await honest.close()
      expect(eventsIn(readFileSync(told(), 'utf8')).map(({ what }) => what)).toEqual(['fault', 'misbehaviour'])
    },
  )

  it('R7 F3: is an alarm of its own with --once, and the others are looked at', async () => {
    answer = (url) => (url === '/checkpoint' ? garbage : undefined)
    const honest = await honestPlace()
    const { code, events } = await once(hostile.url, honest.url, fork.url)
    await honest.close()
    expect([code, names(events)]).toEqual([1, ['alarm fault', 'alarm misbehaviour', 'notice grown']])
  })

  it('R7 F3: whose copy was lost ends no watch of the others', async () => {
    await once(hostile.url)
    const folder = join(state, createHash('sha256').update(origin()).digest('hex'))
    rmSync(folder, { recursive: true })
    const { code, events } = await once(hostile.url, fork.url)
    expect([code, events]).toEqual([1, [expect.objectContaining({ what: 'fault', where: folder })]])
    expect(events[0]?.finding?.code).toBe('copy-lost')
  })

  it('R7 F3: does not matter where the caller’s own policy is missing', async () => {
    const args = ['monitor', hostile.url, '--once', '--json', '--state', state, '--policy', join(path, 'nowhere')]
    const result = await evidence(args)
    expect([result.code, result.json<CliError>().error.code]).not.toContain(0)
    expect(result.code).not.toBe(1)
  })
})

describe('R7 L4: a package of a case', () => {
  const pack = (name: string, ...args: string[]): Promise<CliResult> =>
    evidence(['package', '--case', caseNumber, '--out', join(path, name), '--json', '--policy', policy, ...args])
  const read = ['--key', join(path, 'auditor.pem'), '--id', 'auditor']

  it.each([
    ['no JSON', ok('<html>')],
    ['a refusal', problem(403, 'not-permitted')],
  ])('R7 L4: is refused where the search is answered with %s in its middle', async (name, made) => {
    answer = (url) => {
      if (!isSearch(url)) return undefined
      return url.includes('after=') ? made : first(3)
    }
    const result = await pack(`middle ${name}`, '--from', join(path, 'own'), '--url', hostile.url, ...read)
    expect(result.code).toBe(3)
    expect(existsSync(join(path, `middle ${name}`))).toBe(false)
  })

  it('R7 L4: says that the ledger was not searched', async () => {
    answer = (url) => (isSearch(url) ? problem(403, 'not-permitted') : undefined)
    const refused = await pack('refused', '--from', join(path, 'own'), '--url', hostile.url, ...read)
    expect([refused.code, refused.json()]).toMatchObject([
      0,
      { notGathered: [{ case: caseNumber, code: 'not-permitted' }] },
    ])
    const alone = await evidenceOk([
      'package',
      '--case',
      caseNumber,
      '--out',
      join(path, 'alone'),
      '--policy',
      policy,
      '--from',
      join(path, 'own'),
      '--without-admissions',
    ])
    expect(alone.stdout).toContain(`case ${caseNumber}: the ledger was NOT SEARCHED`)
  })

  it('R7 L4: says which entry was found and is not in it, and takes no other receipt for it', async () => {
    answer = (url) => (url === '/v1/entries/4/receipt' ? problem(403, 'not-permitted') : undefined)
    const result = await pack('lacks', '--from', empty(), '--url', hostile.url, ...read)
    expect([result.code, result.json()]).toMatchObject([
      0,
      { deposits: 1, notGathered: [{ case: caseNumber, index: 4, code: 'not-permitted' }] },
    ])
    const receipt = readFileSync(join(path, 'own', 'a.tlog-proof'), 'utf8')
    answer = (url) => (url === '/v1/entries/4/receipt' ? ok({ index: 4, time: '', leafHash: '', receipt }) : undefined)
    const other = await pack('another', '--from', empty(), '--url', hostile.url, ...read)
    expect([other.code, other.json<CliError>().error.code]).toEqual([3, 'server-answer'])
  })

  it('R7 L4: says nothing of the kind where all was gathered', async () => {
    const result = await pack('whole', '--from', empty(), '--url', hostile.url, ...read)
    expect([result.code, result.json()]).toMatchObject([0, { deposits: 2, notGathered: [] }])
  })
})

const origin = (): string => Buffer.from(forked).toString().split('\n')[0] as string

/** The ledger's files as a server of files shows them. */
async function honestPlace(): Promise<Proxy> {
  const kept = answer
  answer = () => undefined
  const folder = join(path, `export-${states}`)
  await evidenceOk(['mirror', hostile.url, folder, '--once', ...own])
  answer = kept
  return startFileServer((name) => {
    const file = join(folder, name)
    return existsSync(file) && statSync(file).isFile() ? readFileSync(file) : undefined
  })
}
