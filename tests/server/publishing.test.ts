import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { LedgerAnswer } from '../../src/api/answers.ts'
import { type RunningServer, serve } from '../../server/serve.ts'
import { serverSettings, type ServerSettings } from '../../server/settings.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { parseNote, type VerifierKey, verifyNote } from '../../src/core/note.ts'
import { applyPolicy, parsePolicy } from '../../src/core/policy.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { readOwnKey } from '../../src/ledger/data-folder.ts'
import { cosignerNamed } from '../core/cosigners.ts'
import { type TestFolder, trialFolder } from '../support/folder.ts'
import { type Answer, problemIn, request } from '../support/server.ts'
import { type TestWitness, testWitness } from '../support/witness.ts'

type Handler = (request: IncomingMessage, response: ServerResponse, body: string) => void
/** `own` is the name of the witness in whose place it answers. */
type Failure = (...given: [...Parameters<Handler>, own: string]) => void

/** What answers in a witness's place, and what it was asked. */
class Impostor {
  readonly asked: string[] = []
  readonly bodies: string[] = []
  url = ''
  private readonly server: Server
  constructor(handle: Handler) {
    this.server = createServer((from, to) => {
      const chunks: Buffer[] = []
      this.asked.push(`${from.method} ${from.url}`)
      from.on('data', (chunk: Buffer) => chunks.push(chunk))
      from.on('end', () => {
        const body = Buffer.concat(chunks).toString()
        if (from.method === 'POST') this.bodies.push(body)
        handle(from, to, body)
      })
    })
  }
  async start(): Promise<this> {
    this.server.listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
    return this
  }
  async stop(): Promise<void> {
    this.server.closeAllConnections()
    await new Promise((resolve) => this.server.close(resolve))
  }
}

const cleanups: (() => Promise<void> | void)[] = []
const cleanUp = async (): Promise<void> => {
  for (const clean of cleanups.splice(0).reverse()) await clean()
}

interface Listed {
  readonly name: string
  readonly key: VerifierKey
  readonly url: string
}

async function folderWith(
  make: (folder: TestFolder) => Promise<{ list: readonly Listed[]; quorum: string }>,
): Promise<TestFolder> {
  const folder = await trialFolder()
  cleanups.push(() => folder.remove())
  const { list, quorum } = await make(folder)
  const before = readFileSync(folder.folder.policy, 'utf8').replace(/^quorum .*\n/m, '')
  const lines = list.map(({ name, key, url }) => `witness ${name} ${key.text} ${url}\n`)
  writeFileSync(folder.folder.policy, `${before}${lines.join('')}${quorum}\n`)
  return folder
}

async function served(folder: TestFolder, settings: Partial<ServerSettings> = {}): Promise<RunningServer> {
  const running = await serve({
    dataDir: folder.root,
    settings: serverSettings.parse({
      port: 0,
      logLevel: 'silent',
      witnessTimeoutSeconds: 5,
      cosignWaitSeconds: 45,
      ...settings,
    }),
    version: 'test',
  })
  cleanups.push(() => running.close())
  return running
}

async function realWitness(folder: TestFolder): Promise<TestWitness> {
  const witness = await testWitness([readOwnKey(folder.folder)])
  cleanups.push(() => witness.remove())
  return witness
}

async function impostor(handle: Handler): Promise<Impostor> {
  const one = await new Impostor(handle).start()
  cleanups.push(() => one.stop())
  return one
}

function post(running: RunningServer, folder: TestFolder, content: string, query = ''): Promise<Answer> {
  const body = folder.deposit(content).presentation
  return request(running.url, `/v1/statements${query}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/sd-jwt' },
  })
}

const checkpointOf = async (running: RunningServer) =>
  parseSignedCheckpoint((await request(running.url, '/checkpoint')).body)

describe('a ledger whose policy asks for no witness', () => {
  afterEach(cleanUp)

  it('publishes each checkpoint with both its keys, and receipts asked for again have both', async () => {
    const folder = await folderWith(async () => ({ list: [], quorum: 'quorum none' }))
    const running = await served(folder)
    const answer = await post(running, folder, 'a')
    const { index, receipt } = answer.json<{ index: number; receipt: string }>()
    // The answer is not made to wait for the slow signature.
    expect(parseReceipt(utf8(receipt)).proof.note.signatures).toHaveLength(1)
    const { note, checkpoint } = await checkpointOf(running)
    expect(checkpoint.size).toBe(index + 1)
    const policy = parsePolicy(readFileSync(folder.folder.policy))
    expect(applyPolicy({ ...policy, quorum: 'ledger-ml-dsa' }, note, folder.origin).witnesses).toHaveLength(1)
    const again = await request(running.url, `/v1/entries/${index}/receipt`)
    expect(parseReceipt(utf8(again.json<{ receipt: string }>().receipt)).proof.note.signatures).toHaveLength(2)
    const waited = await post(running, folder, 'b', '?wait=cosigned')
    expect(waited.status).toBe(201)
    expect(parseReceipt(utf8(waited.json<{ receipt: string }>().receipt)).proof.note.signatures).toHaveLength(2)
  })

  it('publishes as before without a second key in the folder', async () => {
    const folder = await folderWith(async (one) => {
      rmSync(one.folder.ledgerMlDsaKey)
      return { list: [], quorum: 'quorum none' }
    })
    const running = await served(folder)
    await post(running, folder, 'a')
    const own = (await request(running.url, '/v1/ledger')).json<LedgerAnswer>().checkpoint
    expect((await request(running.url, '/checkpoint')).text).toBe(own)
  })

  it('refuses to wait for a batch, and any other word', async () => {
    const folder = await folderWith(async () => ({ list: [], quorum: 'quorum none' }))
    const running = await served(folder)
    const headers = { 'content-type': 'application/x-ndjson' }
    const batch = await request(running.url, '/v1/statements?wait=cosigned', { method: 'POST', body: 'x', headers })
    expect([batch.status, problemIn(batch).code]).toEqual([400, 'query-invalid'])
    expect((await post(running, folder, 'a', '?wait=long')).status).toBe(400)
  })
})

/** Ways in which a witness may fail; all stand beside a good one, which is enough. */
const failures: readonly [string, string, Failure][] = [
  ['never answers', 'witness-unreachable', () => undefined],
  ['breaks off', 'witness-unreachable', (from) => from.socket.destroy()],
  ['answers 500', 'witness-refused', (_from, to) => to.writeHead(500).end('no')],
  ['answers 403', 'witness-refused', (_from, to) => to.writeHead(403).end()],
  ['sends elsewhere', 'witness-refused', (_from, to) => to.writeHead(307, { location: 'http://127.0.0.1:1/' }).end()],
  ['answers without end', 'witness-answer', (_from, to) => void to.writeHead(200).write(Buffer.alloc(600_000, 65))],
  ['answers nonsense', 'note-malformed', (_from, to) => to.writeHead(200).end('nonsense\n')],
  ['answers nothing', 'note-malformed', (_from, to) => to.writeHead(200).end()],
  ['signs with another key', 'witness-answer', (_from, to, body) => to.writeHead(200).end(lineBy('stranger', body))],
  [
    'signs another text',
    'signature-invalid',
    (_from, to, body, own) => to.writeHead(200).end(lineBy(own, body.replace(/\n\n.*\n/, '\n\nanother.example\n'))),
  ],
  ['states no time', 'witness-answer', (_from, to, body, own) => to.writeHead(200).end(lineBy(own, body, 0n))],
  [
    'F-H9: states a time in the year 10000',
    'signature-invalid',
    (_from, to, body, own) => to.writeHead(200).end(lineBy(own, body, 253_402_300_800n)),
  ],
  ['has a 409 without a size', 'witness-answer', (_from, to) => to.writeHead(409).end('7\n')],
  [
    'has a 409 of text',
    'witness-answer',
    (_from, to) => to.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end('7'),
  ],
  [
    'never keeps to a size',
    'witness-answer',
    (_from, to) => to.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end('1\n'),
  ],
]

function lineBy(name: string, body: string, seconds = 1_793_520_000n): string {
  const text = body.slice(body.indexOf('\n\n') + 2).split('\n\n')[0] as string
  const { name: by, id, signature } = cosignerNamed(name).cosign(`${text}\n`, seconds)
  return `— ${by} ${Buffer.concat([id, signature]).toString('base64')}\n`
}

describe('a witness that', () => {
  const bad: Impostor[] = []
  let folder: TestFolder
  let running: RunningServer
  const statuses: number[] = []

  beforeAll(async () => {
    let isReady = false
    folder = await folderWith(async (one) => {
      const list: Listed[] = []
      for (const [i, [, , handle]] of failures.entries()) {
        const own = `listed-${i}`
        const made = await impostor((from, to, body) => {
          if (isReady) return handle(from, to, body, own)
          to.writeHead(404).end()
        })
        bad.push(made)
        list.push({ name: own, key: cosignerNamed(own).key, url: made.url })
      }
      const good = await realWitness(one)
      list.push({ name: 'good', key: good.keys[0], url: good.url() })
      return { list, quorum: `group any-of-them any ${list.map(({ name }) => name).join(' ')}\nquorum any-of-them` }
    })
    running = await served(folder)
    isReady = true
    for (const content of ['a', 'b']) statuses.push((await post(running, folder, content, '?wait=cosigned')).status)
  })
  afterAll(cleanUp)

  it.each(failures.map(([what, code], i) => [what, code, i] as const))(
    '%s is told as %s, and holds up neither deposits nor the others',
    async (_, code, i) => {
      expect(statuses).toEqual([201, 201])
      const policy = parsePolicy(readFileSync(folder.folder.policy))
      const { note } = await checkpointOf(running)
      expect(applyPolicy(policy, note, folder.origin).witnesses.map(({ name }) => name)).toEqual([
        'ledger-ml-dsa',
        'good',
      ])
      const { url, asked } = bad[i] as Impostor
      const told = new RegExp(`evidence_witness_failures_total\\{url="${url}",code="${code}"\\} [1-9]`)
      while (!told.test((await request(running.url, '/metrics')).text)) await sleep(50)
      // Nothing else was ever asked of it.
      expect(new Set(asked.map((line) => line.replace(/[0-9a-f]{64}/, 'HASH')))).toEqual(
        new Set(['GET /HASH/checkpoint', 'POST /add-checkpoint']),
      )
    },
  )
})

describe('a witness of the policy', () => {
  afterEach(cleanUp)

  it('is sent the checkpoint with both signatures of the ledger, and a proof from what it has', async () => {
    let witness: TestWitness | undefined
    const folder = await folderWith(async (one) => {
      witness = await realWitness(one)
      const [ed25519, mlDsa] = witness.keys
      const url = witness.url()
      return {
        list: [
          { name: 'w', key: ed25519, url },
          { name: 'w-pq', key: mlDsa, url: `${url}/` },
        ],
        quorum: 'group both all w w-pq ledger-ml-dsa\nquorum both',
      }
    })
    const running = await served(folder)
    for (const content of ['a', 'b', 'c'])
      expect((await post(running, folder, content, '?wait=cosigned')).status).toBe(201)
    const { note } = await checkpointOf(running)
    expect(note.signatures).toHaveLength(4)
    const hash = createHash('sha256').update(folder.origin).digest('hex')
    const seen = parseNote((await request((witness as TestWitness).url(), `/${hash}/checkpoint`)).body)
    expect(seen.text).toBe(note.text)
    expect(verifyNote(seen, [readOwnKey(folder.folder)])).toHaveLength(1)
    // Kept for the next start: it is published before any witness is asked.
    await running.close()
    const kept = JSON.parse(readFileSync(folder.folder.cosigned, 'utf8')) as { published: string; sizes: object }
    expect(parseNote(utf8(kept.published)).text).toBe(note.text)
    expect(Object.values(kept.sizes)).toEqual([5])
  })

  it('is asked again after a start, from what it says, also where what was kept is gone or spoiled', async () => {
    let witness: TestWitness | undefined
    const folder = await folderWith(async (one) => {
      witness = await realWitness(one)
      return { list: [{ name: 'w', key: witness.keys[0], url: witness.url() }], quorum: 'quorum w' }
    })
    const first = await served(folder)
    await post(first, folder, 'a', '?wait=cosigned')
    await first.close()
    for (const content of ['', '{"format":1}', '{"format":1,"published":"x","sizes":{}}']) {
      writeFileSync(folder.folder.cosigned, content)
      const next = await served(folder)
      expect((await post(next, folder, `again ${content}`, '?wait=cosigned')).status).toBe(201)
      await next.close()
    }
  })

  it('F-H2: is sent nothing that the follower, where one is asked for, has not confirmed', async () => {
    const witness = await impostor((_from, to) => to.writeHead(404).end())
    const folder = await folderWith(async () => ({
      list: [{ name: 'w', key: cosignerNamed('listed').key, url: witness.url }],
      quorum: 'quorum w',
    }))
    const running = await served(folder, { requireFollower: 'auditor' })
    // Not even at the start, where a witness that shows nothing is offered a checkpoint: the head may be unconfirmed.
    const { durableSize: size } = running.ledger.replication
    await sleep(2500)
    expect(witness.bodies).toEqual([])
    running.ledger.confirmation?.confirm(size)
    while (witness.bodies.length < 1) await sleep(50)
    expect(witness.bodies[0]?.split('\n')[0]).toBe('old 0')
  })

  it('that claims more than the ledger has is told at once, and stops nothing', async () => {
    let isReady = false
    const ahead = await impostor((_from, to) => {
      if (!isReady) return to.writeHead(404).end()
      return to.writeHead(409, { 'content-type': 'text/x.tlog.size' }).end('999999\n')
    })
    const folder = await folderWith(async () => ({
      list: [{ name: 'w', key: cosignerNamed('listed').key, url: ahead.url }],
      quorum: 'quorum w',
    }))
    const running = await served(folder, { cosignWaitSeconds: 1 })
    isReady = true
    const answer = await post(running, folder, 'a', '?wait=cosigned')
    expect(answer.status).toBe(202)
    const told = /code="witness-ahead"\} [1-9]/
    while (!told.test((await request(running.url, '/metrics')).text)) await sleep(50)
    expect(problemIn(await request(running.url, '/checkpoint')).code).toBe('checkpoint-uncosigned')
    await running.close()
    // And at a start it refuses: here there is nobody else to believe.
    await expect(served(folder)).rejects.toMatchObject({ code: 'restore-behind' })
  })
})

describe('a policy', () => {
  afterEach(cleanUp)

  it.each([
    ['an address that is none', 'ftp://witness.example', 'quorum w'],
    ['an address with a password', 'http://user:secret@127.0.0.1:1', 'quorum w'],
    ['an address with a query', 'http://127.0.0.1:1/?x=1', 'quorum w'],
    ['no address for the quorum', '', 'quorum w'],
  ])('with %s does not start', async (_, url, quorum) => {
    const folder = await folderWith(async () => ({
      list: [{ name: 'w', key: cosignerNamed('listed').key, url }],
      quorum,
    }))
    await expect(served(folder)).rejects.toMatchObject({ code: 'config-invalid' })
  })

  it('that asks for the second key does not start without it, and says which', async () => {
    const folder = await folderWith(async () => ({ list: [], quorum: 'quorum ledger-ml-dsa' }))
    const running = await served(folder)
    expect((await post(running, folder, 'a', '?wait=cosigned')).status).toBe(201)
    await running.close()
    rmSync(folder.folder.ledgerMlDsaKey)
    await expect(served(folder)).rejects.toThrow('ML-DSA-44 signature, and the folder has no key')
  })

  it('with another second key than the folder has does not start', async () => {
    const folder = await folderWith(async () => ({ list: [], quorum: 'quorum none' }))
    const other = await trialFolder()
    cleanups.push(() => other.remove())
    writeFileSync(folder.folder.ledgerMlDsaKey, readFileSync(other.folder.ledgerMlDsaKey))
    await expect(served(folder)).rejects.toMatchObject({ code: 'config-invalid' })
  })
})
