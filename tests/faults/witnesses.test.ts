import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ReceiptAnswer } from '../../src/api/answers.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { applyPolicy, parsePolicy, type Policy } from '../../src/core/policy.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { readOwnKey } from '../../src/ledger/data-folder.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { originHash } from '../../src/witness/folder.ts'
import { evidence, evidenceOk, startFileServer } from '../support/cli.ts'
import { type FaultServer, launch, launchSound } from '../support/fault-server.ts'
import { type TestFolder, temporaryFolder, trialFolder } from '../support/folder.ts'
import { request } from '../support/server.ts'
import { WitnessProcess } from '../support/witness-process.ts'

/*
 * One ledger and three witnesses, each a process of its own. The policy asks for two of the three, and for the ledger's own second
 * key.
 */
let ledger: TestFolder
let work: { path: string; remove: () => void }
let witnesses: [WitnessProcess, WitnessProcess, WitnessProcess]
let policy: Policy
let server: FaultServer & { url: string }
const kept = (name: string): string => join(work.path, name)
/** Short waits for what cannot come. */
const args = ['--witness-timeout', '3']
const env = { EVIDENCE_SERVE_COSIGN_WAIT_SECONDS: '8' }

beforeAll(async () => {
  work = temporaryFolder()
  ledger = await trialFolder({ origin: 'court.example/witnessed' })
  const key = readOwnKey(ledger.folder)
  witnesses = ['w1', 'w2', 'w3'].map((name) => new WitnessProcess(kept(name), `${name}.example/w`, [key])) as never
  await Promise.all(witnesses.map((witness) => witness.start()))
  const [w1, w2, w3] = witnesses
  const lines = [
    ...readFileSync(ledger.folder.policy, 'utf8')
      .trimEnd()
      .split('\n')
      .filter((line) => !line.startsWith('quorum')),
    `witness w1 ${w1.keys[0].text} ${w1.url}`,
    `witness w2 ${w2.keys[1].text} ${w2.url}/`,
    `witness w3 ${w3.keys[0].text} ${w3.url}`,
    'group notaries 2 w1 w2 w3',
    'group all-of-them all notaries ledger-ml-dsa',
    'quorum all-of-them',
  ]
  writeFileSync(ledger.folder.policy, `${lines.join('\n')}\n`)
  policy = parsePolicy(readFileSync(ledger.folder.policy))
  server = await launchSound(ledger.root, { args, env })
})
afterAll(async () => {
  await server.end()
  await Promise.all(witnesses.map((witness) => witness.end()))
  ledger.remove()
  work.remove()
})

interface MonitorLine {
  readonly event: 'alarm' | 'notice'
  readonly what: string
  readonly kind?: string
  readonly file?: string
}

interface Deposited {
  readonly status: number
  readonly index: number
  readonly receipt: string
  readonly presentation: string
}

async function deposit(to: FaultServer, content: string, query = ''): Promise<Deposited> {
  const { presentation } = ledger.deposit(content)
  const answer = await to.request(`/v1/statements${query}`, {
    method: 'POST',
    body: presentation,
    headers: { 'content-type': 'application/sd-jwt' },
  })
  return { status: answer.status, presentation, ...answer.json<{ index: number; receipt: string }>() }
}

function faultsOf(receipt: string): string[] {
  return checkReceipt(utf8(receipt), policy).faults.map(({ code }) => code)
}

/** Names of those who cosigned what a server publishes, and its size. */
async function published(of: FaultServer): Promise<{ size: number; by: string[] }> {
  const { checkpoint, note } = parseSignedCheckpoint((await of.request('/checkpoint')).body)
  const { witnesses: by } = applyPolicy(policy, note, ledger.origin)
  return { size: checkpoint.size, by: by.map(({ name }) => name).sort() }
}

async function until(what: () => Promise<boolean>): Promise<void> {
  while (!(await what())) await sleep(100)
}

async function sizeAt(witness: WitnessProcess): Promise<number> {
  const answer = await request(witness.url, `/${originHash(ledger.origin)}/checkpoint`)
  return answer.status === 200 ? parseSignedCheckpoint(answer.body).checkpoint.size : 0
}

describe('a ledger and its witnesses', () => {
  it('answers a deposit that waits with a receipt that has both keys and the quorum', async () => {
    const { status, receipt, index } = await deposit(server, 'first', '?wait=cosigned')
    expect([status, faultsOf(receipt)]).toEqual([201, []])
    const { by, size } = await published(server)
    expect(size).toBeGreaterThan(index)
    expect(by).toContain('ledger-ml-dsa')
    expect(by.length).toBeGreaterThanOrEqual(3)
    expect(parseReceipt(utf8(receipt)).proof.checkpoint.size).toBeGreaterThan(index)
  })

  it('answers one that does not wait at once; its receipt, asked for again, has the quorum', async () => {
    const { status, receipt, index, presentation } = await deposit(server, 'second')
    expect([status, faultsOf(receipt)]).toEqual([201, ['policy-unmet']])
    await until(async () => (await published(server)).size > index)
    const again = (await server.request(`/v1/entries/${index}/receipt`)).json<ReceiptAnswer>().receipt
    expect(faultsOf(again)).toEqual([])
    const headers = { 'content-type': 'application/sd-jwt' }
    const repeated = await server.request('/v1/statements', { method: 'POST', body: presentation, headers })
    expect([repeated.status, faultsOf(repeated.json<{ receipt: string }>().receipt)]).toEqual([200, []])
  })

  it('is waited for by the command line, for one file and for many; what did not come is got later', async () => {
    const files = ['a.txt', 'b.txt', 'c.txt'].map(kept)
    for (const path of files) writeFileSync(path, `content of ${path}`)
    const to = ['--data', ledger.root, '--url', server.url]
    const many = await evidenceOk(['deposit', '--separate', ...files, ...to, '--json'])
    const { deposits } = many.json<{ deposits: { index: number; cosigned: boolean }[] }>()
    expect(deposits.map(({ cosigned }) => cosigned)).toEqual([true, true, true])
    for (const path of files) expect((await evidence(['check', path, '--data', ledger.root])).code).toBe(0)
    // Again: the receipts that lie there are good, and nothing is deposited twice.
    const again = await evidenceOk(['deposit', '--separate', ...files, ...to, '--json'])
    expect(again.json<{ deposits: { outcome: string }[] }>().deposits.map(({ outcome }) => outcome)).toEqual([
      'existing',
      'existing',
      'existing',
    ])
  })

  it('does without a witness that is killed, which catches up when it is back', async () => {
    const [w1] = witnesses
    await w1.end('SIGKILL')
    for (const content of ['third', 'fourth']) {
      const { status, receipt } = await deposit(server, content, '?wait=cosigned')
      expect([status, faultsOf(receipt)]).toEqual([201, []])
    }
    expect((await published(server)).by).toEqual(['ledger-ml-dsa', 'w2', 'w3'])
    await w1.start()
    const { index } = await deposit(server, 'fifth', '?wait=cosigned')
    await until(async () => (await sizeAt(w1)) > index)
  })

  it('takes deposits without a quorum: 202 to those who wait, and the checkpoint stays where it is', async () => {
    const [w1, w2] = witnesses
    const before = (await published(server)).size
    await Promise.all([w1.end('SIGKILL'), w2.end('SIGKILL')])
    const { status, receipt, index } = await deposit(server, 'sixth', '?wait=cosigned')
    expect([status, faultsOf(receipt)]).toEqual([202, ['policy-unmet']])
    expect((await deposit(server, 'seventh')).status).toBe(201)
    const late = kept('late.txt')
    writeFileSync(late, 'deposited while nobody cosigned')
    const to = ['--data', ledger.root, '--url', server.url]
    const told = await evidenceOk(['deposit', late, ...to])
    expect(told.stdout).toMatch(/not cosigned yet; later: evidence show [0-9]+ --receipt /)
    expect((await evidence(['check', late, '--data', ledger.root])).code).toBe(1)
    expect((await published(server)).size).toBe(before)
    expect((await server.request('/readyz')).status).toBe(200)
    const metrics = (await server.request('/metrics')).text
    expect(metrics).toMatch(/evidence_witness_failures_total\{url="http[^"]+",code="witness-unreachable"\} [1-9]/)
    expect(metrics).toContain(`evidence_published_entries ${before}`)
    expect(metrics).toMatch(/evidence_witness_timestamp_seconds\{witness="w3"\} 1[0-9]{9}/)
    // Nobody can tell whether this folder went back: those who are silent could have made a quorum.
    await server.end()
    const refused = await launch(ledger.root, { args, env })
    expect(await refused.ended).toEqual({ code: 3, signal: null })
    expect(refused.output()).toContain('witness-unreachable')
    server = await launchSound(ledger.root, { args: [...args, '--accept-unreachable-witnesses'], env })
    // What was published is published still, after the start too.
    expect((await published(server)).size).toBe(before)
    await Promise.all([w1.start(), w2.start()])
    const entry = Number(/evidence show ([0-9]+)/.exec(told.stdout)?.[1])
    expect(entry).toBeGreaterThan(index)
    await until(async () => (await published(server)).size > entry)
    await evidenceOk([
      'show',
      String(entry),
      '--receipt',
      `${late}.tlog-proof`,
      '--data',
      ledger.root,
      '--url',
      server.url,
    ])
    expect((await evidence(['check', late, '--data', ledger.root])).code).toBe(0)
  })

  it('gets no cosignature for a forked copy, and each side keeps the proof', async () => {
    await deposit(server, 'the last in common', '?wait=cosigned')
    await server.end()
    const fork = kept('fork')
    cpSync(ledger.root, fork, { recursive: true })
    cpSync(ledger.root, kept('older'), { recursive: true })
    const forked = await launchSound(fork, { args, env: { EVIDENCE_SERVE_COSIGN_WAIT_SECONDS: '4' } })
    const common = (await published(forked)).size
    server = await launchSound(ledger.root, { args, env })
    const { receipt, index } = await deposit(server, 'the ledger goes on', '?wait=cosigned')
    expect(faultsOf(receipt)).toEqual([])
    await until(async () => (await Promise.all(witnesses.map(sizeAt))).every((size) => size > index))
    const other = await deposit(forked, 'and so does the fork', '?wait=cosigned')
    expect([other.status, other.index, faultsOf(other.receipt)]).toEqual([202, index, ['policy-unmet']])
    expect((await published(forked)).size).toBe(common)
    expect((await deposit(server, 'depositors notice nothing', '?wait=cosigned')).status).toBe(201)
    // What a witness keeps, and what a monitor makes of what witnesses and ledgers show: proof enough for anybody.
    const place = join(witnesses[0].folder.evidence, originHash(ledger.origin))
    const [name] = readdirSync(place).filter((one) => one.startsWith('two-roots'))
    await requireProof(join(place, name as string), 'split-view')
    await monitored(forked)
    await forked.end()
  })

  /** Checks a proof offline, as a third party does who has the ledger's policy. */
  async function requireProof(file: string, kind: string): Promise<void> {
    const checked = await evidenceOk(['check', file, '--policy', ledger.folder.policy, '--json'])
    expect(checked.json()).toMatchObject({ ok: true, kind, origin: ledger.origin })
  }

  /** A monitor that has no right but to read what is public, looks at the ledger, the fork's newest checkpoint and the witnesses. */
  async function monitored(forked: FaultServer): Promise<void> {
    const places = [server.url, ...witnesses.flatMap(({ url }) => ['--witness', url])]
    const args = [
      'monitor',
      ...places,
      '--policy',
      ledger.folder.policy,
      '--state',
      kept('monitor'),
      '--once',
      '--json',
    ]
    const events = async (more: readonly string[]): Promise<{ code: number | null; told: MonitorLine[] }> => {
      const { code, stdout } = await evidence([...args, ...more])
      return {
        code,
        told: stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as MonitorLine])),
      }
    }
    // With the honest ledger and its witnesses alone there is nothing to tell but that it grew.
    const quiet = await events([])
    expect([quiet.code, quiet.told.filter(({ event }) => event === 'alarm')]).toEqual([0, []])
    // Somebody was given the fork's own word, of the size that no witness signed: a receipt's checkpoint, served as a vantage point.
    const shown = await forked.request('/v1/ledger')
    const { checkpoint } = shown.json<{ checkpoint: string }>()
    const place = await startFileServer((path) => (path.endsWith('/checkpoint') ? utf8(checkpoint) : undefined))
    const { code, told } = await events(['--witness', place.url])
    await place.close()
    const alarm = told.find(({ event }) => event === 'alarm')
    expect([code, alarm?.what]).toEqual([1, 'misbehaviour'])
    await requireProof(alarm?.file as string, alarm?.kind as string)
  }

  it('does not start on a fork, nor on a folder that was put back as a whole', async () => {
    for (const [folder, code] of [
      ['fork', /restore-behind|consistency-invalid/],
      ['older', /restore-behind/],
    ] as const) {
      // Nothing of their own tells: not what was kept of the witnesses either.
      rmSync(join(kept(folder), 'cosigned.json'), { force: true })
      const refused = await launch(kept(folder), { args, env })
      expect(await refused.ended).toEqual({ code: 1, signal: null })
      expect(refused.output()).toMatch(code)
    }
    expect(existsSync(join(kept('older'), 'lock'))).toBe(false)
  })
})
