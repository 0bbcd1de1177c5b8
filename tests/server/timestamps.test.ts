import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer, LedgerAnswer } from '../../src/api/answers.ts'
import { formatTime } from '../../src/core/time.ts'
import { TimeStampFiles } from '../../src/ledger/time-stamp-files.ts'
import { parseRecord } from '../../src/timestamp/record.ts'
import { readToken } from '../../src/timestamp/token.ts'
import { timeStampingSettings } from '../../server/settings.ts'
import { evidence, evidenceOk } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { problemIn, type TestServer, testServer } from '../support/server.ts'
import { lacks } from '../support/system-tools.ts'
import {
  type AuthorityServer,
  day,
  honest,
  startAuthority,
  TestAuthority,
  type TestTimeStamper,
} from '../support/time-authority.ts'

/* A ledger, a real authority, and the way of a time stamp from one to the other and to the person who checks. */

describe.skipIf(lacks('openssl', 'faketime'))('time stamps of a server', () => {
  const { path, remove } = temporaryFolder()
  let root: TestAuthority
  let stamper: TestTimeStamper
  let authority: AuthorityServer
  let server: TestServer
  let anchors: string
  let settings: ReturnType<typeof timeStampingSettings.parse>

  beforeAll(async () => {
    root = TestAuthority.root(path, 'Root')
    stamper = root.timeStamper('Authority of the test')
    authority = await startAuthority(honest(stamper))
    anchors = join(path, 'anchors.pem')
    writeFileSync(anchors, root.pem)
    settings = timeStampingSettings.parse({
      authorities: [{ name: 'test', url: authority.url, anchors, crls: [`${authority.url}/crl`] }],
      timeoutSeconds: 2,
    })
    server = await testServer({ reading: 'participants', settings: { timeStamping: settings } })
  })
  afterAll(async () => {
    await server.remove()
    await authority.close()
    remove()
  })

  const take = (query = '', reader = server.administrator) =>
    server.request(`/v1/timestamps${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${server.token(reader)}` },
    })
  const metric = async (name: string): Promise<string[]> =>
    (await server.request('/metrics')).text.split('\n').filter((line) => line.startsWith(name))
  const sizes = async (query = ''): Promise<number[]> =>
    (await server.request(`/v1/timestamps${query}`)).json<{ sizes: number[] }>().sizes

  it('are none at first, and only an administrator has one taken', async () => {
    expect(await sizes()).toEqual([])
    expect(problemIn(await server.request('/v1/timestamps', { method: 'POST' })).code).toBe('not-authenticated')
    expect(problemIn(await take('', server.depositor)).code).toBe('not-permitted')
    expect(problemIn(await server.request('/v1/timestamps/2')).code).toBe('time-stamp-missing')
    expect((await metric('evidence_timestamp_age_seconds'))[0]).toMatch(/nan$/i)
  })

  it('are taken on demand, once for each size, read by anybody, and counted', async () => {
    const answer = await take()
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)])
    expect(answer.json()).toMatchObject({ size: 2, created: true, tokens: [{ authority: 'test' }], renewed: [] })
    expect((await take()).json()).toMatchObject({ size: 2, created: false, tokens: [] })
    expect(await sizes()).toEqual([2])
    const record = parseRecord((await server.request('/v1/timestamps/2')).body)
    const { checkpoint } = (await server.request('/v1/ledger')).json<LedgerAnswer>()
    expect(Buffer.from(record.checkpoint).toString()).toBe(checkpoint)
    expect(record.layers[0]).toMatchObject({
      algorithm: 'sha256',
      tokens: [expect.anything()],
      crls: [expect.anything()],
    })
    expect(await metric('evidence_timestamps_total{')).toEqual(['evidence_timestamps_total{authority="test"} 1'])
    expect(Number((await metric('evidence_timestamp_age_seconds '))[0]?.split(' ')[1])).toBeGreaterThanOrEqual(0)
  })

  it('are found by the entry that they cover', async () => {
    expect(await sizes('?index=1')).toEqual([2])
    expect(await sizes('?index=2')).toEqual([])
    expect(await sizes('?after=2')).toEqual([])
    expect((await server.request('/v1/timestamps?index=x')).status).toBe(400)
  })

  it.each([
    [
      'is not there',
      'time-stamp-authority',
      (_q: Uint8Array, _r: unknown, out: { socket: unknown; destroy(): unknown }) => void out.destroy(),
    ],
    [
      'redirects',
      'time-stamp-authority',
      (_q: Uint8Array, _r: unknown, out: never) => void (out as Out).writeHead(302, { location: authority.url }).end(),
    ],
    [
      'refuses',
      'time-stamp-authority',
      (_q: Uint8Array, _r: unknown, out: never) => void (out as Out).writeHead(500).end('no'),
    ],
    [
      'answers without end',
      'time-stamp-authority',
      (_q: Uint8Array, _r: unknown, out: never) => void (out as Out).writeHead(200).end(Buffer.alloc(1_000_000)),
    ],
    ['answers never', 'time-stamp-authority', () => undefined],
    [
      'answers nonsense',
      'time-stamp-malformed',
      (_q: Uint8Array, _r: unknown, out: never) => void (out as Out).writeHead(200).end('<h1>hello</h1>'),
    ],
    [
      'answers another request',
      'time-stamp-answer',
      (_q: Uint8Array, _r: unknown, out: never) =>
        void (out as Out).writeHead(200).end(stamper.reply(authority.seen[0] as Uint8Array)),
    ],
    [
      'is of yesterday',
      'time-stamp-clock',
      (q: Uint8Array, _r: unknown, out: never) =>
        void (out as Out).writeHead(200).end(stamper.reply(q, { atMs: Date.now() - day })),
    ],
    [
      'is of tomorrow',
      'time-stamp-clock',
      (q: Uint8Array, _r: unknown, out: never) =>
        void (out as Out).writeHead(200).end(stamper.reply(q, { atMs: Date.now() + day })),
    ],
    [
      'is another one',
      'time-stamp-untrusted',
      (q: Uint8Array, _r: unknown, out: never) => void (out as Out).writeHead(200).end(stranger().reply(q)),
    ],
  ])('of an authority that %s are none, and deposits go on', async (_what, code, behave) => {
    authority.behave = (query, request, response) =>
      request.method === 'GET'
        ? honest(stamper)(query, request, response)
        : (behave as (...all: unknown[]) => void)(query, request, response)
    try {
      expect((await server.post(server.deposit(`beside ${code} ${_what}`).presentation)).status).toBe(201)
      expect(problemIn(await take()).code).toBe(code)
      expect(await sizes()).toEqual([2])
      expect((await server.request('/readyz')).status).toBe(200)
      expect((await metric(`evidence_timestamp_failures_total{code="${code}"}`)).length).toBe(1)
    } finally {
      authority.behave = honest(stamper)
    }
  })

  it('are kept without a revocation list where that cannot be had', async () => {
    authority.behave = (query, request, response) =>
      request.method === 'GET' ? void response.writeHead(404).end() : honest(stamper)(query, request, response)
    await server.post(server.deposit('no list').presentation)
    const { size } = (await take()).json<{ size: number }>()
    authority.behave = honest(stamper)
    expect(parseRecord((await server.request(`/v1/timestamps/${size}`)).body).layers[0]?.crls).toEqual([])
  })

  it('are renewed on demand: a layer more, over all that was there', async () => {
    const before = (await server.request('/v1/timestamps/2')).body
    const { renewed } = (await take('?renew=true')).json<{ renewed: number[] }>()
    expect(renewed).toContain(2)
    const record = parseRecord((await server.request('/v1/timestamps/2')).body)
    expect(record.layers).toHaveLength(2)
    expect(Buffer.from(record.bytes.subarray(0, before.length))).toEqual(before)
  })

  it('whose record a disk changed are said to be damaged, and the others served', async () => {
    const { timeStamps } = server.folder.folder
    const file = join(timeStamps, '2.time-stamps')
    const whole = readFileSync(file)
    writeFileSync(file, whole.subarray(0, whole.length - 1))
    expect(problemIn(await server.request('/v1/timestamps/2')).code).toBe('storage-damaged')
    expect((await take('?renew=true')).status).toBe(200)
    writeFileSync(file, whole)
    expect((await server.request('/v1/timestamps/2')).status).toBe(200)
  })

  it('R3A-L5: whose record has one bit flipped anywhere are said to be damaged', async () => {
    const { timeStamps } = server.folder.folder
    const file = join(timeStamps, '2.time-stamps')
    const whole = readFileSync(file)
    for (let part = 0; part < 40; part++) {
      const flipped = Buffer.from(whole)
      const at = Math.floor((part * whole.length) / 40)
      flipped[at] = (flipped[at] as number) ^ 1
      writeFileSync(file, flipped)
      expect(problemIn(await server.request('/v1/timestamps/2')).code).toBe('storage-damaged')
    }
    writeFileSync(file, whole)
    // Cut off between record and digest: either state is sound.
    const digest = join(timeStamps, '2.sha256')
    const own = readFileSync(digest, 'utf8')
    writeFileSync(digest, `${own}${'0'.repeat(64)}\n`)
    expect((await server.request('/v1/timestamps/2')).status).toBe(200)
    writeFileSync(digest, own)
    const problem = problemIn(await server.request('/v1/timestamps/999999'))
    expect(problem.code).toBe('time-stamp-missing')
  })

  it('come on schedule where the ledger grew, and are renewed before the certificate ends', async () => {
    const short = root.timeStamper('Ends soon', { to: Date.now() + 30_000 })
    const soon = await startAuthority(honest(short))
    const scheduled = await testServer({
      settings: {
        timeStamping: {
          ...settings,
          authorities: [{ ...settings.authorities[0]!, url: soon.url, crls: [] }],
          everySeconds: 1,
        },
      },
    })
    try {
      const files = new TimeStampFiles(scheduled.folder.folder.timeStamps)
      await expect.poll(() => files.sizes()).toEqual([2])
      // Seconds are fewer than thirty days, so it is due at half of the token's life: renewed by the authority that is set by then.
      soon.behave = honest(stamper)
      const layers = (): number => parseRecord(files.read(2) as Uint8Array).layers.length
      expect(layers()).toBe(1)
      await expect.poll(layers).toBeGreaterThan(1)
      // And not at every turn after that, for the new certificate ends in a year.
      await scheduled.post(scheduled.deposit('grown').presentation)
      await expect.poll(() => files.sizes()).toEqual([2, 3])
      expect(layers()).toBe(2)
    } finally {
      await scheduled.remove()
      await soon.close()
    }
  })

  it('F-H2: are not taken of what the follower, where one is asked for, has not confirmed', async () => {
    const seen = await startAuthority(honest(stamper))
    const one = { ...settings.authorities[0]!, url: seen.url, crls: [] }
    const held = await testServer({
      settings: { requireFollower: 'auditor', timeStamping: { ...settings, authorities: [one], everySeconds: 1 } },
    })
    try {
      const files = new TimeStampFiles(held.folder.folder.timeStamps)
      await new Promise((resolve) => setTimeout(resolve, 3500))
      expect([files.sizes(), seen.seen]).toEqual([[], []])
      held.running.ledger.confirmation?.confirm(2)
      await expect.poll(() => files.sizes()).toEqual([2])
    } finally {
      await held.remove()
      await seen.close()
    }
  })

  describe('for a holder of a receipt', () => {
    let file: string
    let receipt: string
    let policy: string
    let index: number
    const proofFor = (...more: string[]) =>
      evidence(['timestamp', '--for', receipt, '--url', server.url, '--policy', policy, ...more])
    const check = (...more: string[]) => evidence(['check', file, '--receipt', receipt, '--policy', policy, ...more])

    beforeAll(async () => {
      file = join(path, 'photo.jpg')
      receipt = `${file}.tlog-proof`
      policy = server.folder.folder.policy
      writeFileSync(file, 'a photo')
      const answer = (await server.post(server.deposit('a photo').presentation)).json<DepositAnswer>()
      index = answer.index
      writeFileSync(receipt, answer.receipt ?? '')
    })

    it('there is none before the ledger is stamped', async () => {
      const early = await proofFor('--json')
      expect([early.code, early.json<{ error: { code: string } }>().error.code]).toEqual([3, 'time-stamp-missing'])
    })

    it('one is fetched, and check says the latest time and on whose word, offline', async () => {
      await server.fill((await server.size()) + 5)
      await take()
      const fetched = await proofFor('--timestamp-anchors', anchors)
      expect([fetched.code, fetched.stderr]).toEqual([0, ''])
      const proof = readFileSync(join(path, 'photo.jpg.time-proof'), 'utf8')
      expect(proof.startsWith(`evidence-ledger/time-proof/v1\nindex ${index}\n`)).toBe(true)
      const { code, stdout } = await check('--timestamp-anchors', anchors)
      expect([code, stdout]).toEqual([0, expect.any(String)])
      const record = parseRecord(Buffer.from(proof.slice(proof.indexOf('\n\n') + 2)))
      const { genTimeMs } = readToken(record.layers[0]?.tokens[0] as Uint8Array)
      expect(stdout).toContain(
        `existed no later than ${formatTime(genTimeMs + 1500)}, on the word of CN=Authority of the test, O=Test`,
      )
      expect(stdout).toContain('not shown by the time stamp:')
      expect(stdout).toContain('no fault found')
      const document = (await check('--timestamp-anchors', anchors, '--json')).json<{ time: object }>()
      expect(document.time).toMatchObject({
        authority: 'CN=Authority of the test, O=Test',
        verified: true,
        renewals: 0,
      })
    })

    it('without anchors the authority is not verified, and with another’s it is a fault', async () => {
      const bare = await check()
      expect([bare.code, bare.stdout]).toEqual([0, expect.stringContaining('which is not verified')])
      const other = join(path, 'other.pem')
      writeFileSync(other, TestAuthority.root(path, 'Other root').pem)
      const wrong = await check('--timestamp-anchors', other)
      expect([wrong.code, wrong.stdout]).toEqual([1, expect.stringContaining('FAULT time-stamp-untrusted')])
      writeFileSync(other, 'no certificate')
      expect((await check('--timestamp-anchors', other)).code).toBe(3)
    })

    it('the proof of another receipt is refused', async () => {
      const answer = (await server.post(server.deposit('another').presentation)).json<DepositAnswer>()
      writeFileSync(join(path, 'another'), 'another')
      writeFileSync(join(path, 'another.tlog-proof'), answer.receipt ?? '')
      const args = [
        'check',
        join(path, 'another'),
        '--policy',
        policy,
        '--time-proof',
        join(path, 'photo.jpg.time-proof'),
      ]
      const { code, stdout } = await evidence(args)
      expect([code, stdout]).toEqual([1, expect.stringContaining('FAULT time-proof-foreign')])
    })

    it('the commands of the specification check it without this software', async () => {
      await take('?renew=true')
      await proofFor()
      const page = readFileSync(new URL('../../docs/spec/13-time-stamps.md', import.meta.url), 'utf8')
      const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, block]) => block as string)
      expect(blocks).toHaveLength(2)
      const folder = join(path, 'by-hand')
      const { status, stdout, stderr } = spawnSync(
        'bash',
        [
          '-euo',
          'pipefail',
          '-c',
          `mkdir '${folder}'; cd '${folder}'; cp '${file}.time-proof' entry.time-proof; cp '${anchors}' .; ${blocks.join('\n')}`,
        ],
        { encoding: 'utf8' },
      )
      expect([status, stdout + stderr]).toEqual([0, expect.any(String)])
      expect(stdout.match(/Verification: OK/g) ?? stderr.match(/Verification: OK/g)).toHaveLength(2)
      const imprint = /^([0-9a-f]{64}) {2}checkpoint$/m.exec(stdout)?.[1] as string
      const shown = [...stdout.matchAll(/^ {4}[0-9a-f]{4} - ([0-9a-f -]{47,})/gm)].map(([, hex]) =>
        (hex as string).replace(/[^0-9a-f]/g, '').slice(0, 32),
      )
      expect(shown.slice(0, 2).join('')).toBe(imprint)
    })
  })

  it('of a stopped server are taken in its folder, and exported', async () => {
    await server.post(server.deposit('the last').presentation)
    const size = await server.size()
    await server.stop()
    const config = join(path, 'serve.json')
    writeFileSync(config, JSON.stringify({ timeStamping: settings }))
    const { stdout } = await evidenceOk(['timestamp', '--data', server.folder.root, '--config', config])
    expect(stdout).toContain(`stamped the checkpoint of size ${size}`)
    const out = join(path, 'export')
    await evidenceOk(['export', out, '--data', server.folder.root])
    const exported = readFileSync(join(out, 'timestamps', `${size}.time-stamps`))
    expect(parseRecord(exported).checkpoint).toEqual(new Uint8Array(readFileSync(join(out, 'checkpoint'))))
    await evidenceOk(['verify', '--dir', out, '--policy', join(out, 'policy')])
  })

  interface Out {
    writeHead(status: number, headers?: object): { end(body?: unknown): unknown }
  }
  let other: TestTimeStamper | undefined
  function stranger(): TestTimeStamper {
    other ??= TestAuthority.root(path, 'Strangers').timeStamper('Stranger')
    return other
  }
})
