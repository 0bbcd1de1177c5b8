import { disclosureDigest } from '../../src/core/disclosure.ts'
import { cpSync, readFileSync, writeFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { answerWeight } from '../../server/batch-weight.ts'
import { BodyRoom } from '../../server/body-room.ts'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { makeBackup } from '../../src/ledger/copy/backup.ts'
import { decodePiece, encodePiece, type Piece } from '../../src/ledger/copy/piece.ts'
import { promote } from '../../src/ledger/copy/promote.ts'
import { Replica } from '../../src/ledger/copy/replica.ts'
import { readLedgerKey } from '../../src/ledger/create.ts'
import { dataFolder, readOwnKey } from '../../src/ledger/data-folder.ts'
import { readErasures } from '../../src/ledger/erasures.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { LookupAudit } from '../../src/ledger/lookup-audit.ts'
import { walk } from '../../src/verify/walk.ts'
import { UrlPieces } from '../../cli/sources/url-pieces.ts'
import { folderHash } from '../support/damage.ts'
import { policyOfFolder, temporaryFolder } from '../support/folder.ts'
import { type Party, problemIn, soundReceipt, type TestServer, testServer } from '../support/server.ts'

const sealed = { names: ['a.txt'], case: [{ number: '(2026)沪0104刑初123号' }] }
let server: TestServer
let auditor: Party
let temporary: ReturnType<typeof temporaryFolder>
let root: string

beforeEach(async () => {
  temporary = temporaryFolder()
  root = join(temporary.path, 'follower')
  server = await testServer()
  auditor = await server.admit('court-b', ['auditor'])
})
afterEach(async () => {
  await server.remove()
  temporary.remove()
})

function sourceOf(party: Party = auditor): UrlPieces {
  const identity = { id: party.id, signer: party.key }
  return new UrlPieces(new LedgerClient(server.url, identity, { retries: 0 }))
}

async function create(): Promise<Replica> {
  const first = await sourceOf().next(0, 0, undefined, 0)
  const { policy } = server.folder.folder
  return Replica.create({ root, policy: readFileSync(policy), key: readOwnKey({ policy }), of: server.url, first })
}

async function catchUp(replica: Replica): Promise<void> {
  for (;;) {
    const piece = await sourceOf().next(replica.size, replica.erasures, replica.root, 0)
    await replica.apply(piece)
    if (replica.size >= piece.size) return
  }
}

/** Follows until it is stopped; what ended it, if anything did. */
function followOn(replica: Replica): { stop: () => Promise<unknown> } {
  let stopped = false
  const run = async (): Promise<unknown> => {
    while (!stopped) {
      try {
        await replica.apply(await sourceOf().next(replica.size, replica.erasures, replica.root, 1))
      } catch (error) {
        return error
      }
    }
    return undefined
  }
  const ended = run()
  return {
    stop: () => {
      stopped = true
      return ended
    },
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function faultsOf(folder: string): Promise<string[]> {
  const source = await FolderSource.open(folder, readOwnKey(dataFolder(folder)))
  try {
    const audit = new LookupAudit(source.storage.codec)
    const report = await walk({ source, policy: policyOfFolder(server.folder), observer: audit })
    const outside = [...(await source.outsideFaults(report.size)), ...(await audit.finish(source.storage, report.size))]
    return [...source.faults, ...outside, ...report.faults].map(({ code }) => code)
  } finally {
    await source.close()
  }
}

describe('GET /v1/replication', () => {
  it('is for auditors', async () => {
    expect((await server.get('/v1/replication?from=0')).status).toBe(401)
    expect((await server.get('/v1/replication?from=0', server.depositor)).status).toBe(403)
    const answer = await server.get('/v1/replication?from=0', auditor)
    expect(answer.status).toBe(200)
    expect(answer.headers).toMatchObject({
      'content-type': 'application/x-ndjson; charset=utf-8',
      'cache-control': 'private, no-store',
    })
    expect(decodePiece(answer.body)).toMatchObject({ from: 0, size: 3, erasures: 0, config: { reading: 'public' } })
  })

  it.each(['', '?from=-1', '?from=x', '?from=0&wait=26', '?from=0&root=abc', '?from=0&other=1'])(
    'refuses the query %s',
    async (query) => {
      expect(problemIn(await server.get(`/v1/replication${query}`, auditor)).code).toBe('query-invalid')
    },
  )

  it('signs each piece at its own end, and waits for what is not there yet', async () => {
    await server.fill(1000)
    await server.fill(1500)
    const first = await sourceOf().next(0, 0, undefined, 0)
    expect(first).toMatchObject({ from: 0, size: 1500 })
    expect(first.entries).toHaveLength(1024)
    expect(first.checkpoint).toMatch(/^test\.example\/trial\n1024\n/)
    const second = await sourceOf().piece(1024, 0)
    expect(second.checkpoint).toMatch(/^test\.example\/trial\n1500\n/)
    const waited = sourceOf().next(1500, 0, undefined, 20)
    await server.post(server.deposit('new').presentation)
    expect((await waited).entries).toHaveLength(1)
    expect((await sourceOf().next(1501, 0, undefined, 1)).entries).toEqual([])
  })

  it('keeps no server from stopping', async () => {
    const waitSeconds = 25
    const waiting = sourceOf().next(3, 0, undefined, waitSeconds)
    await pause(100)
    const started = performance.now()
    await server.stop()
    // It ended before its time.
    expect(performance.now() - started).toBeLessThan(waitSeconds * 1000)
    expect((await waiting).entries).toEqual([])
  })

  it('is read strictly', async () => {
    const piece = await sourceOf().piece(0, 0)
    const text = encodePiece(piece)
    expect(decodePiece(utf8(text))).toEqual({
      ...piece,
      entries: piece.entries.map((entry) => ({ ...entry, bytes: Buffer.from(entry.bytes) })),
    })
    const [header, ...lines] = text.trimEnd().split('\n')
    const bad = [
      '',
      'x\n',
      [header, ...lines.slice(1)].join('\n'),
      [header, ...lines, lines[0]].join('\n'),
      text.replace('"from":0', '"from":-1'),
      text.replace('"from":0', '"from":0,"more":1'),
      [header, '[]', ...lines.slice(1)].join('\n'),
      [header, '["a",1]', ...lines.slice(1)].join('\n'),
      [header, '{"a":1}', ...lines.slice(1)].join('\n'),
    ]
    for (const one of bad)
      expect(() => decodePiece(utf8(one))).toThrow(expect.objectContaining({ code: 'server-answer' }) as Error)
  })
})

describe('a copy that leaves', () => {
  it('while it waits for new entries keeps none of its two places', async () => {
    const size = await server.size()
    const authorization = `Bearer ${server.token(auditor)}`
    const waited = vi.spyOn(server.running.ledger.replication, 'waitBeyond')
    for (let n = 0; n < 4; n++) {
      const left = new AbortController()
      const url = `${server.url}/v1/replication?from=${size}&wait=25`
      const asked = fetch(url, { headers: { authorization }, signal: left.signal }).catch(() => undefined)
      while (waited.mock.calls.length <= n) await sleep(5)
      left.abort()
      await asked
    }
    while (!/^evidence_connections 1$/m.test((await server.get('/metrics')).text)) await sleep(5)
    await server.post(server.deposit('ends the wait').presentation)
    await Promise.all(waited.mock.results.map(({ value }) => value as Promise<void>))
    for (let n = 0; n < 3; n++) expect((await server.get('/v1/replication?from=0', auditor)).status).toBe(200)
  })
})

describe('a follower', () => {
  it('holds what the leader holds, as a folder without a fault that does not sign', async () => {
    await server.fill(900, { sealed })
    await server.fill(1100, { sealed })
    const replica = await create()
    await catchUp(replica)
    expect(replica.size).toBe(1100)
    await server.post(server.deposit('one more', { sealed }).presentation)
    await catchUp(replica)
    await replica.close()
    expect(await faultsOf(root)).toEqual([])
    cpSync(server.folder.folder.ledgerKey, dataFolder(root).ledgerKey)
    await expect(Ledger.open(root, readLedgerKey(root))).rejects.toMatchObject({ code: 'ledger-standby' })
    const again = await Replica.open(root)
    await server.fill(1300)
    await catchUp(again)
    expect(again.size).toBe(1300)
    await again.close()
    expect(await faultsOf(root)).toEqual([])
  })

  it('finds a statement that is repeated, and refuses a ledger’s folder', async () => {
    await expect(Replica.open(server.folder.root)).rejects.toMatchObject({ code: 'ledger-in-use' })
    const replica = await create()
    await expect(Replica.open(root)).rejects.toMatchObject({ code: 'ledger-in-use' })
    await expect(promote({ root, takeOver: true })).rejects.toMatchObject({ code: 'ledger-in-use' })
    await replica.close()
  })

  const tampered: [string, (piece: Piece) => Piece][] = [
    [
      'an altered entry',
      (piece) =>
        withEntry(piece, (bytes) => {
          const at = bytes.length - 40
          bytes[at] = bytes[at] === 0x41 ? 0x42 : 0x41
          return bytes
        }),
    ],
    ['an entry left out', (piece) => ({ ...piece, entries: piece.entries.slice(1) })],
    [
      'two entries swapped',
      (piece) => ({
        ...piece,
        entries: [piece.entries[1], piece.entries[0], ...piece.entries.slice(2)] as Piece['entries'],
      }),
    ],
    ['the last entry withheld', (piece) => ({ ...piece, entries: piece.entries.slice(0, -1) })],
    [
      'a foreign disclosure',
      (piece) => ({
        ...piece,
        entries: piece.entries.map((entry, i) =>
          i === 0 ? { ...entry, disclosures: piece.entries[1]?.disclosures ?? [] } : entry,
        ),
      }),
    ],
    [
      'another root',
      (piece) => ({
        ...piece,
        checkpoint: piece.checkpoint.replace(/\n[A-Za-z0-9+/]{43}=\n/, `\n${toBase64(new Uint8Array(32))}\n`),
      }),
    ],
    ['another beginning', (piece) => ({ ...piece, from: piece.from + 1 })],
  ]
  it.each(tampered)('refuses %s, and stores nothing of the piece', async (_name, tamper) => {
    const replica = await create()
    await server.fill(10, { sealed })
    const piece = await sourceOf().piece(replica.size, 0)
    const before = folderHash(dataFolder(root).database)
    await expect(replica.apply(tamper(piece))).rejects.toThrow()
    expect(folderHash(dataFolder(root).database)).toBe(before)
    await replica.close()
    const again = await Replica.open(root)
    await again.apply(piece)
    expect(again.size).toBe(10)
    await again.close()
    expect(await faultsOf(root)).toEqual([])
  })

  it('keeps what the operator of the leader erased without an order, until its own operator follows that', async () => {
    await server.fill(20, { sealed })
    let replica = await create()
    await server.stop()
    const ledger = await server.folder.open()
    const [names, caseText] = await ledger.reads.disclosures(await ledger.reads.entry(10))
    await ledger.eraseDisclosures(10, ['case'])
    await ledger.eraseDisclosures(11)
    await ledger.close()
    server = await server.restart()
    await catchUp(replica)
    expect([replica.erasures, replica.keptErasures]).toEqual([2, 2])
    await replica.close()
    expect(await faultsOf(root)).toEqual([])
    const before = await FolderSource.open(root, readOwnKey(dataFolder(root)))
    expect(await before.storage.disclosures(10)).toEqual([names, caseText])
    expect(await before.storage.disclosures(11)).toHaveLength(2)
    await before.close()
    replica = await Replica.open(root, { operatorErasures: true })
    expect([replica.erasures, replica.keptErasures]).toEqual([2, 0])
    await replica.close()
    expect(await faultsOf(root)).toEqual([])
    const source = await FolderSource.open(root, readOwnKey(dataFolder(root)))
    expect(await source.storage.disclosures(10)).toEqual([names])
    expect(await source.storage.disclosures(11)).toEqual([])
    expect(await source.storage.lookup({ by: 'case', number: '(2026)沪0104刑初123号' }, 8, 3)).toEqual([9, 12, 13])
    await source.close()
  })

  it.each([
    ['the genesis', 0, 1],
    ['an entry that is no order', 2, 1],
    ['an entry that is not there', 999_999, 1],
  ])(
    'takes no word of the leader for it that %s ordered an erasure: it is told as one without an order',
    async (_, by, kept) => {
      await server.fill(6, { sealed })
      const piece = await sourceOf().next(0, 0, undefined, 0)
      const entry = piece.entries[3] as Piece['entries'][number]
      const digests = entry.disclosures.map(disclosureDigest)
      const { policy } = server.folder.folder
      const entries = piece.entries.map((one, i) => (i === 3 ? { ...one, disclosures: [] } : one))
      const first = { ...piece, entries, erased: [{ index: 3, digests, by }], erasures: 1 }
      const made = { policy: readFileSync(policy), key: readOwnKey({ policy }), of: server.url, first }
      const replica = await Replica.create({ root, ...made })
      expect(replica.keptErasures).toBe(kept)
      await replica.close()
      const listed = by < 10 ? [{ index: 3, digests, kept: true }] : [{ index: 3, digests, by }]
      expect(readErasures(dataFolder(root).erased)).toEqual(listed)
    },
  )

  it('CR-M15: begun by an operator who follows, holds nothing that the list of the first piece names, though the piece has it', async () => {
    await server.fill(6, { sealed })
    const piece = await sourceOf().next(0, 0, undefined, 0)
    const digests = (piece.entries[3]?.disclosures ?? []).map(disclosureDigest)
    expect(digests).toHaveLength(2)
    const { policy } = server.folder.folder
    const first = { ...piece, erased: [{ index: 3, digests }], erasures: 1 }
    const made = { policy: readFileSync(policy), key: readOwnKey({ policy }), of: server.url, first }
    for (const [name, operatorErasures, held] of [
      ['keeps', false, 2],
      ['follows', true, 0],
    ] as const) {
      const replica = await Replica.create({ root: join(temporary.path, name), ...made, operatorErasures })
      expect(replica.keptErasures).toBe(operatorErasures ? 0 : 1)
      await replica.close()
      const source = await FolderSource.open(join(temporary.path, name), readOwnKey({ policy }))
      expect(await source.storage.disclosures(3)).toHaveLength(held)
      await source.close()
    }
  })

  it('R3A-M1: stops where the leader has lost claims, and goes on without them only where that is accepted', async () => {
    await server.fill(5, { sealed })
    const replica = await create()
    await server.fill(10, { sealed })
    const piece = await sourceOf().piece(replica.size, 0)
    const lossy = {
      ...piece,
      entries: piece.entries.map((entry, i) =>
        i === 2 ? { ...entry, disclosures: entry.disclosures.slice(1) } : entry,
      ),
    }
    const before = folderHash(dataFolder(root).database)
    await expect(replica.apply(lossy)).rejects.toMatchObject({ code: 'disclosures-missing', facts: { index: 7 } })
    expect(folderHash(dataFolder(root).database)).toBe(before)
    await replica.close()
    const told: string[] = []
    const again = await Replica.open(root, { acceptMissing: ({ message }) => told.push(message) })
    await again.apply(lossy)
    expect(told).toEqual([expect.stringContaining('of the entries 7')])
    await again.close()
    expect(await faultsOf(root)).toEqual(['disclosures-missing'])
    const { policy } = server.folder.folder
    const first = await sourceOf().next(0, 0, undefined, 0)
    const without = { ...first, entries: first.entries.map((entry) => ({ ...entry, disclosures: [] })) }
    const made = Replica.create({
      root: join(temporary.path, 'second'),
      policy: readFileSync(policy),
      key: readOwnKey({ policy }),
      of: server.url,
      first: without,
    })
    await expect(made).rejects.toMatchObject({ code: 'disclosures-missing' })
  })

  it('R3A-M1: learns of all erasures before the entries that they emptied', async () => {
    await server.fill(5, { sealed })
    const replica = await create()
    await server.fill(10, { sealed })
    await server.stop()
    const ledger = await server.folder.open()
    const { erased } = server.folder.folder
    // A line repeated does no harm.
    await ledger.eraseDisclosures(4)
    writeFileSync(erased, readFileSync(erased, 'utf8').repeat(1500))
    await ledger.eraseDisclosures(8)
    await ledger.close()
    server = await server.restart()
    expect((await sourceOf().piece(replica.size, 0)).entries).toEqual([])
    await catchUp(replica)
    expect([replica.size, replica.erasures]).toEqual([10, 1501])
    await replica.close()
    expect(await faultsOf(root)).toEqual([])
  })

  it('tells of a leader that was put back, or has another history', async () => {
    await server.stop()
    const kept = join(temporary.path, 'kept')
    cpSync(server.folder.root, kept, { recursive: true })
    server = await server.restart()
    await server.fill(10)
    const replica = await create()
    await server.stop()
    rmSync(server.folder.root, { recursive: true })
    cpSync(kept, server.folder.root, { recursive: true })
    server = await server.restart()
    await expect(catchUp(replica)).rejects.toMatchObject({ code: 'ledger-behind-follower' })
    await server.fill(12)
    await expect(catchUp(replica)).rejects.toMatchObject({ code: 'ledger-behind-follower' })
    await replica.close()
  })
})

function withEntry(piece: Piece, change: (bytes: Buffer) => Buffer): Piece {
  const [first, ...others] = piece.entries
  return {
    ...piece,
    entries: [{ bytes: change(Buffer.from(first?.bytes ?? [])), disclosures: first?.disclosures ?? [] }, ...others],
  }
}

describe('a leader that requires a follower', () => {
  // Long for a follower on a busy machine to confirm, and short enough to be waited for.
  const followerTimeoutSeconds = 5
  const settings = { requireFollower: 'court-b', followerTimeoutSeconds }
  const code = (answer: Awaited<ReturnType<TestServer['post']>>): string => problemIn(answer).code

  it('answers nothing before the follower has confirmed once, and then as ever', async () => {
    server = await server.restart({ ...settings, followerTimeoutSeconds: 30 })
    for (const path of ['/v1/ledger', '/checkpoint', '/v1/entries/0/receipt', '/tile/0/000.p/3', '/readyz'])
      expect(code(await server.get(path))).toBe('follower-unconfirmed')
    expect(code(await server.post(server.deposit('early').presentation))).toBe('follower-unconfirmed')
    expect((await server.get('/healthz')).status).toBe(200)
    const replica = await create()
    expect(code(await server.get('/v1/ledger'))).toBe('follower-unconfirmed')
    const follower = followOn(replica)
    while ((await server.get('/readyz')).status !== 200);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, i) => server.post(server.deposit(`${i}`, { sealed }).presentation)),
    )
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201))
    for (const answer of answers) soundReceipt(server, answer.json<DepositAnswer>().receipt)
    expect(replica.size).toBeGreaterThanOrEqual(53)
    expect(await server.size()).toBe(53)
    expect(await follower.stop()).toBeUndefined()
    await replica.close()
    expect(await faultsOf(root)).toEqual([])
  })

  it('refuses in time what is not confirmed, seals nothing more, and answers the same bytes later with the first index', async () => {
    server = await server.restart(settings)
    const replica = await create()
    await catchUp(replica)
    const waiting = server.deposit('waits')
    const started = performance.now()
    const refused = await server.post(waiting.presentation)
    expect(code(refused)).toBe('follower-unconfirmed')
    expect(refused.headers['retry-after']).toBeDefined()
    expect(performance.now() - started).toBeGreaterThan(followerTimeoutSeconds * 1000 - 10)
    // Durable here, seen by nobody; and nothing more is taken.
    const { replication } = server.running.ledger
    expect(replication.durableSize).toBe(4)
    expect(await server.size()).toBe(3)
    expect((await server.get('/v1/entries/3')).status).toBe(404)
    expect((await server.get('/checkpoint')).text).toMatch(/\n3\n/)
    const quick = performance.now()
    expect(code(await server.post(server.deposit('another').presentation))).toBe('follower-unconfirmed')
    expect(code(await server.post(waiting.presentation))).toBe('follower-unconfirmed')
    expect(code(await server.get('/readyz'))).toBe('follower-unconfirmed')
    expect(performance.now() - quick).toBeLessThan(followerTimeoutSeconds * 1000)
    expect(replication.durableSize).toBe(4)
    const [line] = await server.batch([waiting.presentation])
    expect(line?.code).toBe('follower-unconfirmed')
    await catchUp(replica)
    await catchUp(replica)
    expect(await server.size()).toBe(4)
    const repeated = await server.post(waiting.presentation)
    expect(repeated.status).toBe(200)
    expect(repeated.json<DepositAnswer>().index).toBe(3)
    expect(parseReceipt(utf8(repeated.json<DepositAnswer>().receipt ?? '')).proof.index).toBe(3)
    soundReceipt(server, repeated.json<DepositAnswer>().receipt)
    expect(replication.durableSize).toBe(4)
    await replica.close()
  })

  it('F-H5: holds no room for bodies while deposits wait for the follower; what waits is bounded by the queue', async () => {
    const enter = vi.spyOn(BodyRoom.prototype, 'enter')
    const bounded = { followerTimeoutSeconds: 30, maxQueueBytes: 40_000 }
    server = await server.restart({ ...settings, ...bounded })
    const replica = await create()
    await catchUp(replica)
    const long = { note: 'n'.repeat(5000) }
    const waiting = [1, 2, 3].map((i) => server.post(server.deposit(`waits ${i}`, { sealed: long }).presentation))
    const lines = [4, 5].map((i) => server.deposit(`waits ${i}`).presentation)
    const batch = server.batch(lines)
    const { confirmation } = server.running.ledger
    while (confirmation?.unanswered !== 5) await sleep(20)
    const rooms = [...new Set(enter.mock.contexts as BodyRoom[])]
    // The room of a batch's answer is kept, with the entries that its receipts hold.
    const answer = answerWeight(2, lines.join('\n').length, true)
    expect(rooms.map(({ held }) => held).toSorted((a, b) => a - b)).toEqual([...rooms.slice(1).map(() => 0), answer])
    expect(confirmation.unansweredBytes).toBeLessThan(40_000)
    const past = server.deposit('one more', { sealed: { note: 'n'.repeat(11_000) } }).presentation
    expect(code(await server.post(past))).toBe('queue-full')
    const follower = followOn(replica)
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([201, 201, 201])
    expect((await batch).map(({ status }) => status)).toEqual([201, 201])
    expect([confirmation.unanswered, confirmation.unansweredBytes]).toEqual([0, 0])
    expect((await server.post(past)).status).toBe(201)
    await follower.stop()
    await replica.close()
    vi.restoreAllMocks()
  })

  it('R4A-H1: a backlog waits before the writer, where it is fair, and not behind it until the follower has confirmed', async () => {
    const other = await server.admit('police-9', ['depositor'])
    server = await server.restart({ ...settings, followerTimeoutSeconds: 50 })
    const replica = await create()
    await catchUp(replica)
    const { confirmation, replication } = server.running.ledger
    const waiting = (): number => server.running.ledger.queued + (confirmation?.unanswered ?? 0)
    const note = { note: 'n'.repeat(9000) }
    const composed = Array.from(
      { length: 280 },
      (_, i) => server.deposit(`backlog ${i}`, { sealed: note }).presentation,
    )
    const backlog = server.batch(composed)
    while (waiting() < 280) await sleep(20)
    const sequenced = replication.durableSize
    expect(sequenced).toBeLessThan(280)
    // The window, and at most one statement past it.
    expect(confirmation?.unansweredBytes).toBeGreaterThan(confirmation?.window ?? 0)
    expect(confirmation?.unansweredBytes).toBeLessThan((confirmation?.window ?? 0) + 20_000)
    const single = server.post(server.deposit('by itself', {}, other).presentation)
    while (waiting() < 281) await sleep(20)
    expect(replication.durableSize).toBe(sequenced)
    const follower = followOn(replica)
    const { index } = (await single).json<DepositAnswer>()
    expect((await backlog).map(({ status }) => status)).toEqual(composed.map(() => 201))
    // Within the next group, by turns of 32 KiB: not behind all that came before it.
    expect(index).toBeLessThan(sequenced + 10)
    await follower.stop()
    await replica.close()
  })

  it('counts the word of the named participant alone, with the right root', async () => {
    const other = await server.admit('court-c', ['auditor'])
    server = await server.restart(settings)
    const replica = await create()
    const { size, root: held } = replica
    await expect(sourceOf(other).next(size, 0, held, 0)).rejects.toMatchObject({ code: 'follower-unconfirmed' })
    expect(code(await server.get('/v1/ledger'))).toBe('follower-unconfirmed')
    await expect(sourceOf().next(size, 0, new Uint8Array(32), 0)).rejects.toMatchObject({
      code: 'ledger-behind-follower',
    })
    await sourceOf().next(size - 1, 0, undefined, 0)
    expect(code(await server.get('/v1/ledger'))).toBe('follower-unconfirmed')
    await sourceOf().next(size, 0, held, 0)
    expect((await server.get('/v1/ledger')).status).toBe(200)
    await replica.close()
  })

  it('F-H2: gives to the follower alone what it has not confirmed: every other reader gets what is published', async () => {
    const other = await server.admit('court-c', ['auditor'])
    const size = await server.size()
    server = await server.restart(settings)
    // Before the follower's first word nobody knows how far the published part goes.
    const early = await server.get(`/v1/replication?from=0`, other)
    expect(code(early)).toBe('follower-unconfirmed')
    expect(code(await server.get(`/v1/replication?from=0&follow=true`, other))).toBe('follower-unconfirmed')
    expect(code(await server.get(`/v1/replication?from=0`, auditor))).toBe('follower-unconfirmed')
    expect((await server.get('/metrics')).text).toMatch(/^evidence_entries Nan$/m)
    expect((await server.get('/metrics')).text).toMatch(new RegExp(`^evidence_unconfirmed_entries ${size}$`, 'm'))
    const replica = await create()
    await catchUp(replica)
    expect(code(await server.post(server.deposit('waits', { sealed }).presentation))).toBe('follower-unconfirmed')
    const { replication } = server.running.ledger
    expect(replication.durableSize).toBe(size + 1)
    const all: [string, Piece][] = [
      ['another auditor', await sourceOf(other).piece(0, 0)],
      ['another auditor that says it follows', await sourceOf(other).next(0, 0, undefined, 0)],
      ['a backup by the follower’s key', await sourceOf().piece(0, 0)],
    ]
    for (const [who, piece] of all) {
      expect([who, piece.size, piece.entries.length]).toEqual([who, size, size])
      expect([who, piece.checkpoint.split('\n')[1]]).toEqual([who, String(size)])
    }
    // A backup over HTTP, then its checkpoint against the history of the follower that took over.
    const { policy } = server.folder.folder
    const out = join(temporary.path, 'backup')
    const key = readOwnKey({ policy })
    const made = await makeBackup({ source: sourceOf(other), out, key, policy: readFileSync(policy) })
    expect(made.size).toBe(size)
    // A long poll of another auditor is not answered by what is durable alone, and is by what is published.
    const polled = sourceOf(other).next(size, 0, replica.root, 20)
    const metrics = (await server.get('/metrics')).text
    expect(metrics).toMatch(new RegExp(`^evidence_entries ${size}$`, 'm'))
    expect(metrics).toMatch(/^evidence_unconfirmed_entries 1$/m)
    for (const path of [
      `/v1/entries/${size}`,
      `/v1/entries/${size}/receipt`,
      `/tile/0/000.p/${size + 1}`,
      `/tile/entries/000.p/${size + 1}`,
    ])
      expect([path, (await server.get(path, other)).status]).toEqual([path, 404])
    expect((await server.get(`/v1/proofs/consistency?from=${size}&to=${size + 1}`)).status).toBe(404)
    expect((await server.get('/checkpoint')).text).toMatch(new RegExp(`^test.example/trial\\n${size}\\n`))
    expect((await server.get('/v1/entries?kind=evidence.deposit', other)).text).not.toContain(`"index":${size}`)
    await catchUp(replica)
    await catchUp(replica)
    expect((await polled).entries).toHaveLength(1)
    expect((await sourceOf(other).piece(0, 0)).size).toBe(size + 1)
    await replica.close()
  })

  it('keeps what was not confirmed through a restart', async () => {
    server = await server.restart(settings)
    const replica = await create()
    await catchUp(replica)
    const waiting = server.deposit('waits')
    const pending = server.post(waiting.presentation)
    while (server.running.ledger.replication.durableSize < 4) await pause(5)
    server = await server.restart(settings)
    expect([503]).toContain((await pending).status)
    expect(code(await server.get('/v1/entries/3'))).toBe('follower-unconfirmed')
    const follower = followOn(replica)
    while ((await server.get('/readyz')).status !== 200);
    const repeated = await server.post(waiting.presentation)
    expect([repeated.status, repeated.json<DepositAnswer>().index]).toEqual([200, 3])
    await follower.stop()
    await replica.close()
  })
})
