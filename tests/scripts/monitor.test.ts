import { createHash } from 'node:crypto'
import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  type CliError,
  type CliServer,
  evidence,
  evidenceOk,
  type Proxy,
  startFileServer,
  startLines,
  startServer,
  unusedUrl,
} from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { sha256Hex } from '../support/statements.ts'

interface Event {
  readonly event: 'alarm' | 'notice'
  readonly what: string
  readonly where: string
  readonly kind?: string
  readonly file?: string
  readonly watched?: string
  readonly index?: number
  readonly to?: number
}

const { path, remove } = temporaryFolder()
const data = join(path, 'data')
const copied = join(path, 'copied')
const policy = join(data, 'policy')
let ledger: CliServer
let fork: CliServer
let origin = ''

const file = (name: string): string => {
  const at = join(path, name)
  writeFileSync(at, name)
  return at
}
const deposit = (name: string, folder: string, url: string) =>
  evidenceOk(['deposit', file(name), '--data', folder, '--url', url, '--case', '(2026)1'])

async function monitor(
  state: string,
  ...args: string[]
): Promise<{ code: number | null; events: Event[]; stderr: string }> {
  const asAuditor = ['--key', join(path, 'auditor.pem'), '--id', 'auditor']
  const all = ['monitor', ...args, '--once', '--json', '--policy', policy, '--state', join(path, state), ...asAuditor]
  const { code, stdout, stderr } = await evidence(all)
  const lines = stdout.split('\n').filter((line) => line !== '')
  return { code, stderr, events: lines.map((line) => JSON.parse(line) as Event) }
}

beforeAll(async () => {
  ledger = await startServer(data)
  origin = (await ledger.request('/v1/ledger')).json<{ origin: string }>().origin
  await evidenceOk(['keygen', '--out', join(path, 'auditor.pem')])
  const admit = [
    'participants',
    'admit',
    'auditor',
    '--public-key',
    join(path, 'auditor.jwk'),
    '--type',
    'court',
    '--role',
    'auditor',
  ]
  await evidenceOk([...admit, '--data', data, '--url', ledger.url])
  await deposit('a', data, ledger.url)
  await ledger.stop()
  cpSync(data, copied, { recursive: true })
  ledger = await startServer(data)
  fork = await startServer(copied)
  await deposit('b', data, ledger.url)
})
afterAll(async () => {
  await ledger.stop()
  await fork.stop()
  remove()
})

describe('a ledger that behaves', () => {
  it('is verified, entry by entry, and what is watched for is told', async () => {
    const watch = [
      '--watch-digest',
      `sha256:${sha256Hex('b')}`,
      '--watch-participant',
      'auditor',
      '--watch-case',
      '(2026)1',
    ]
    const first = await monitor('sound', ledger.url, ...watch)
    expect([first.code, first.stderr]).toEqual([0, ''])
    const told = first.events.map(({ what, watched, index, to }) => `${what} ${watched ?? ''} ${index ?? to}`)
    expect(told).toEqual([
      'grown  5',
      'watch participant auditor 2',
      `watch digest sha256:${sha256Hex('b')} 4`,
      'watch case (2026)1 3',
      'watch case (2026)1 4',
    ])
    expect((await monitor('sound', ledger.url, ...watch)).events).toEqual([])
  })

  it('F-M2: is not taken for a new one by a monitor whose copy of it is gone', async () => {
    await monitor('forgetful', ledger.url)
    rmSync(join(path, 'forgetful', sha256Hex(origin)), { recursive: true })
    const again = ['monitor', ledger.url, '--once', '--json', '--policy', policy, '--state', join(path, 'forgetful')]
    const refused = await evidence([...again, '--key', join(path, 'auditor.pem'), '--id', 'auditor'])
    expect([refused.code, refused.json<CliError>().error.code]).toEqual([3, 'copy-lost'])
  })

  it('may show an older checkpoint at another place: that is told, and no alarm', async () => {
    const { code, events } = await monitor('sound', ledger.url, fork.url)
    expect([code, events.map(({ what, where }) => [what, where])]).toEqual([0, [['behind', fork.url]]])
  })

  it('may be out of reach', async () => {
    const gone = await unusedUrl()
    const { code, events } = await monitor('sound', gone, ledger.url)
    expect([code, events.map(({ what, where }) => [what, where])]).toEqual([3, [['unreachable', gone]]])
  })
})

describe('a ledger that shows two histories', () => {
  let proof = ''

  it('is caught across two URLs, and the proof convinces a third party offline', async () => {
    await deposit('forked', copied, fork.url)
    const { code, events } = await monitor('split', ledger.url, fork.url)
    expect(code).toBe(1)
    const alarm = events.find(({ event }) => event === 'alarm')
    expect(alarm).toMatchObject({ what: 'misbehaviour', kind: 'split-view' })
    proof = alarm?.file as string
    const checked = await evidence(['check', proof, '--policy', policy, '--json'])
    expect([checked.code, checked.json()]).toMatchObject([0, { ok: true, kind: 'split-view', origin }])
    const text = await evidenceOk(['check', proof, '--policy', policy])
    expect(text.stdout).toContain(`The key of ${origin} signed two different trees of 5 entries`)
    expect(text.stdout).toContain('it does not show:')
  })

  it('is caught by sizes that differ, and by what a monitor saw before', async () => {
    await deposit('forked further', copied, fork.url)
    const { code, events } = await monitor('sound', fork.url)
    expect([code, events[0]]).toMatchObject([1, { what: 'misbehaviour', kind: 'inconsistent' }])
    const checked = await evidence(['check', events[0]?.file as string, '--policy', policy, '--json'])
    expect([checked.code, checked.json()]).toMatchObject([0, { kind: 'inconsistent' }])
  })

  it('proves nothing once a byte is changed, or under another policy', async () => {
    const changed = join(path, 'changed.misbehaviour')
    const text = readFileSync(proof, 'utf8')
    const [first] = /^checkpoint (.*)$/m.exec(text) as RegExpExecArray
    writeFileSync(
      changed,
      text
        .split('\n')
        .map((line, i) => (i === 3 ? first : line))
        .join('\n'),
    )
    const same = await evidence(['check', changed, '--policy', policy, '--json'])
    expect([same.code, same.json()]).toMatchObject([1, { ok: false, faults: [{ code: 'misbehaviour-unproven' }] }])
    const none = join(path, 'none')
    writeFileSync(none, 'quorum none\n')
    expect((await evidence(['check', proof, '--policy', none])).code).toBe(1)
  })

  it('is caught by what a witness was shown, and the hook is called', async () => {
    const shown = (await fork.request('/checkpoint')).body
    const hash = createHash('sha256').update(origin).digest('hex')
    const witness: Proxy = await startFileServer((name) => (name === `/w/${hash}/checkpoint` ? shown : undefined))
    const hook = join(path, 'hook.mjs')
    const out = join(path, 'event.json')
    writeFileSync(
      hook,
      `import { readFileSync, writeFileSync } from 'node:fs'\nwriteFileSync(process.argv[2], readFileSync(0))\n`,
    )
    const hooked = ['--hook', process.execPath, '--hook-arg', hook, '--hook-arg', out]
    await deposit('c', data, ledger.url)
    await deposit('d', data, ledger.url)
    const { code, events } = await monitor('witnessed', ledger.url, '--witness', `${witness.url}/w`, ...hooked)
    expect(code).toBe(1)
    expect(events.filter(({ event }) => event === 'alarm')).toMatchObject([
      { what: 'misbehaviour', where: `witness ${witness.url}/w` },
    ])
    expect(JSON.parse(readFileSync(out, 'utf8'))).toMatchObject({ event: 'alarm', what: 'misbehaviour', origin })
    await witness.close()
  })

  it('F-RA-M2: is told to a hook that failed, once it takes what it is told, and then no more', async () => {
    const hook = join(path, 'failing-hook.mjs')
    const out = join(path, 'told.jsonl')
    const mended = join(path, 'mended')
    writeFileSync(
      hook,
      `import { appendFileSync, existsSync, readFileSync } from 'node:fs'\nconst [, , out, mended] = process.argv\nif (!existsSync(mended)) process.exit(1)\nappendFileSync(out, readFileSync(0))\n`,
    )
    const hooked = ['--hook', process.execPath, '--hook-arg', hook, '--hook-arg', out, '--hook-arg', mended]
    const failed = await monitor('failing', ledger.url, fork.url, ...hooked)
    expect([failed.code, existsSync(out)]).toEqual([1, false])
    expect(failed.stderr).toContain('the hook')
    writeFileSync(mended, '')
    await monitor('failing', ledger.url, ...hooked)
    await monitor('failing', ledger.url, ...hooked)
    const told = readFileSync(out, 'utf8').trimEnd().split('\n')
    const alarms = failed.events.filter(({ event }) => event === 'alarm')
    expect(told.map((line) => JSON.parse(line) as Event)).toEqual(alarms)
    expect(alarms).toHaveLength(1)
  })

  it('has a webhook that is not called at a private address unless told so', async () => {
    let posted = 0
    const receiver = await startFileServer(() => {
      posted++
      return new Uint8Array()
    })
    const closed = await monitor('hooked', ledger.url, fork.url, '--webhook', `${receiver.url}/x`)
    expect([closed.code, posted]).toEqual([1, 0])
    expect(closed.stderr).toContain('webhook-refused')
    await monitor('hooked-2', ledger.url, fork.url, '--webhook', `${receiver.url}/x`, '--allow-private')
    expect(posted).toBe(1)
    await receiver.close()
  })
})

describe('a monitor that goes on', () => {
  it('sees what comes, is the only one on its folder, and ends when it is told to', async () => {
    const state = join(path, 'running')
    const args = [
      'monitor',
      ledger.url,
      '--json',
      '--policy',
      policy,
      '--state',
      state,
      '--interval',
      '0.2',
      '--key',
      join(path, 'auditor.pem'),
      '--id',
      'auditor',
    ]
    const running = startLines(args)
    const first = JSON.parse(await running.line()) as Event
    expect(first).toMatchObject({ what: 'grown' })
    await deposit('while it runs', data, ledger.url)
    expect(JSON.parse(await running.line())).toMatchObject({
      what: 'grown',
      from: first.to,
      to: (first.to as number) + 1,
    })
    const second = await evidence([...args, '--once'])
    expect([second.code, second.stdout]).toEqual([3, expect.stringContaining('ledger-in-use')])
    expect(await running.stop()).toBe(0)
  })
})

describe('a monitor', () => {
  it.each([
    [['--watch-digest', 'sha256:abc'], 'usage'],
    [['--interval', '0'], 'usage'],
    [['--webhook', 'ftp://x/'], 'usage'],
  ])('refuses %j', async (args, code) => {
    const result = await evidence([
      'monitor',
      ledger.url,
      '--json',
      '--policy',
      policy,
      '--state',
      join(path, 'refused'),
      ...args,
    ])
    expect([result.code, result.stdout]).toEqual([2, expect.stringContaining(code)])
    expect(existsSync(join(path, 'refused', 'proofs'))).toBe(false)
  })
})
