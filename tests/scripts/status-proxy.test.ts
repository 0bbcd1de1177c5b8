import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliResult, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/* Somebody between reader and ledger, without any key, answers what they like of an entry's status. */
interface Status {
  events: Record<string, unknown>[]
  next: number | null
  [member: string]: unknown
}
interface Report {
  readonly ok: boolean
  readonly standing: string
  readonly faults: readonly { readonly code: string; readonly message: string }[]
  readonly status: { readonly events: readonly Record<string, unknown>[] }
}
type Answer = { readonly status: number; readonly body: string } | undefined

const { path: top, remove } = temporaryFolder()
const data = join(top, 'data')
const attested = join(top, 'attested.txt')
const retracted = join(top, 'retracted.txt')
let ledger: CliServer
let proxy: Server
let url: string
let forge: (path: string, text: string) => Answer = () => undefined

beforeAll(async () => {
  ledger = await startServer(data)
  const ask = ['--data', data, '--url', ledger.url]
  for (const [file, command] of [
    [attested, ['attest', '--as', 'holder']],
    [retracted, ['retract', '--reason', 'mistake']],
  ] as const) {
    writeFileSync(file, file)
    await evidenceOk(['deposit', file, ...ask])
    const [name, ...options] = command
    await evidenceOk([name, `${file}.tlog-proof`, ...options, ...ask])
  }
  proxy = createServer((request, response) => {
    const path = request.url ?? '/'
    void ledger.request(path).then(({ status, headers, text }) => {
      const forged = forge(path, text)
      response.writeHead(forged?.status ?? status, { 'content-type': headers['content-type'] ?? 'text/plain' })
      response.end(forged?.body ?? text)
    })
  })
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
})
afterAll(async () => {
  proxy.closeAllConnections()
  proxy.close()
  await ledger.stop()
  remove()
})

const check = (file: string, ...args: string[]): Promise<CliResult> =>
  evidence(['check', file, '--online', '--policy', join(data, 'policy'), '--url', url, ...args])

/** Has the proxy change the answers about an entry's status. */
function changing(change: (answer: Status, path: string) => void): void {
  forge = (path, text) => {
    if (!path.includes('/status')) return undefined
    const answer = JSON.parse(text) as Status
    change(answer, path)
    return { status: 200, body: JSON.stringify(answer) }
  }
}

function relabel(members: Record<string, unknown>): void {
  changing(({ events }) => {
    for (const event of events) {
      delete event['entry']
      delete event['signer']
      Object.assign(event, members)
    }
  })
}

describe('R3-H5: an answer that somebody without a key has changed', () => {
  it.each([
    ['retracted', { what: 'retracted', kind: 'evidence.retract', code: 'withdrawn by court order' }],
    ['key-revoked', { what: 'key-revoked', code: 'compromised', compromisedSince: '2020-01-01T00:00:00.000Z' }],
    [
      'participant-revoked',
      { what: 'participant-revoked', code: 'compromised', compromisedSince: '2020-01-01T00:00:00.000Z' },
    ],
    ['key-rotated', { what: 'key-rotated' }],
  ])(
    'and calls what it does not show %s, makes no headline, no standing and no fault of the evidence',
    async (_, members) => {
      relabel(members)
      const text = await check(attested)
      expect([text.code, text.stdout]).toEqual([
        3,
        expect.not.stringMatching(/RETRACTED|COMPROMISED|FLAGGED|court order|compromised since/),
      ])
      const report = (await check(attested, '--json')).json<Report>()
      expect(report).toMatchObject({ ok: false, standing: 'not-asked', faults: [{ code: 'server-answer' }] })
      expect(report.faults[0]?.message).toContain('does not show the entry')
    },
  )

  it('and calls a retraction attested, lists it as not shown, and leaves the standing open', async () => {
    relabel({ what: 'attested', kind: 'evidence.attest', code: 'notary: no fault' })
    const text = await check(retracted)
    expect(text.code).toBe(0)
    expect(text.stdout).toMatch(/the ledger says, not shown: attested: entry [0-9]+\n/)
    expect(text.stdout).not.toContain('notary')
    const report = (await check(retracted, '--json')).json<Report>()
    expect(report.standing).toBe('not-asked')
    expect(report.status.events).toEqual([{ proven: false, what: 'attested', index: expect.any(Number) as number }])
  })

  it('and names nothing later, is reported as its word', async () => {
    changing((answer) => (answer.events = []))
    const { code, stdout } = await check(retracted)
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /asked .+ as of size [0-9]+, .+: it names nothing later, which is its word and signed by nobody/,
    )
  })

  it('unchanged, is what the ledger says', async () => {
    forge = () => undefined
    expect((await check(retracted)).stdout).toMatch(/^RETRACTED: .+\(mistake\) by entry/)
    expect((await check(attested, '--json')).json<Report>()).toMatchObject({ ok: true, standing: 'sound' })
  })
})

describe('R3-M2: what nobody signed is no fault of the evidence', () => {
  const notFound = JSON.stringify({ code: 'entry-not-found', detail: 'says somebody' })
  const nobody = (size: number): string => {
    const origin = /\n\n(\S+)\n/.exec(readFileSync(`${attested}.tlog-proof`, 'latin1'))?.[1]
    return `${origin}\n${size}\n${'A'.repeat(43)}=\n\n— ${origin} ${'A'.repeat(91)}=\n`
  }

  it.each<[string, (path: string, body: string) => Answer]>([
    ['entry-not-found', (path) => (path.includes('/status') ? { status: 404, body: notFound } : undefined)],
    [
      'entry-not-found, with a checkpoint of more entries',
      (path) =>
        path.includes('/status')
          ? { status: 404, body: notFound }
          : path === '/checkpoint'
            ? { status: 200, body: nobody(999_999) }
            : undefined,
    ],
    [
      'entry-not-found, with a checkpoint of fewer entries',
      (path) =>
        path.includes('/status')
          ? { status: 404, body: notFound }
          : path === '/checkpoint'
            ? { status: 200, body: nobody(1) }
            : undefined,
    ],
    ['an object that is none', (path) => (path.includes('/status') ? { status: 200, body: '{"x":1}' } : undefined)],
    [
      'a checkpoint whose signature is wrong',
      (path, body) =>
        changed(path, body, (answer) =>
          Object.assign(answer, {
            checkpoint: String(answer['checkpoint']).replace(
              /(— \S+ \S{12})(.)/,
              (_, head: string, one: string) => head + (one === 'A' ? 'B' : 'A'),
            ),
          }),
        ),
    ],
    [
      'a proof that leads nowhere',
      (path, body) => changed(path, body, (answer) => Object.assign(answer, { hashes: [] })),
    ],
    [
      'another reason',
      (path, body) => changed(path, body, ({ events }) => Object.assign(events[0] as object, { code: 'ordered' })),
    ],
  ])('%s: exit code 3, with the reason', async (_, forged) => {
    forge = forged
    for (const file of [attested, retracted]) {
      const result = await check(file, '--json')
      expect(result.code).toBe(3)
      expect(result.json<Report>()).toMatchObject({
        ok: false,
        standing: 'not-asked',
        faults: [{ code: 'server-answer' }],
      })
    }
    writeFileSync(attested, 'another')
    expect((await check(attested)).code).toBe(1)
    writeFileSync(attested, attested)
  })
})

function changed(path: string, body: string, change: (answer: Status) => void): Answer {
  if (!path.includes('/status')) return undefined
  const answer = JSON.parse(body) as Status
  change(answer)
  return { status: 200, body: JSON.stringify(answer) }
}

describe('R3-L8: an answer whose pages do not go on', () => {
  it.each<[string, (answer: Status, path: string) => void]>([
    ['names the same page for ever', (answer) => (answer.next = 0)],
    [
      'breaks off after the first',
      (answer, path) => {
        answer.next = 1_000
        if (path.includes('after=')) answer['checkpoint'] = 'nothing'
      },
    ],
  ])('and %s: exit code 3; what was shown before stays', async (_, change) => {
    changing(change)
    const result = await check(retracted)
    expect(result.code).toBe(3)
    expect(result.stdout).toMatch(/^RETRACTED: [^]+and there its answer broke off/)
    const report = (await check(retracted, '--json')).json<Report>()
    expect(report).toMatchObject({ standing: 'retracted', faults: [{ code: 'server-answer' }] })
  })
})
