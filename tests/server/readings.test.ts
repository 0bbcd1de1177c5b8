import { appendFileSync, existsSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import type { DepositAnswer, EntriesAnswer, EntryAnswer, ReadingsAnswer, ReceiptAnswer } from '../../src/api/answers.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { decodePiece } from '../../src/ledger/copy/piece.ts'
import { PacedTurns } from '../../server/paced-turns.ts'
import { type ReadingLine, ReadingLog } from '../../src/ledger/access/reading-log.ts'
import { LedgerReads, type ServedEntry } from '../../src/ledger/reads.ts'
import { type Answer, type Party, problemIn, showing, type TestServer, testServer } from '../support/server.ts'
import { sha256Hex } from '../support/statements.ts'

/* The log of readings under a seal, as the server writes it and as it is asked for. */
describe('the log of readings', () => {
  let server: TestServer
  afterEach(() => server.remove())

  const folder = (): string => join(server.folder.root, 'readings')
  const files = (): string[] => (existsSync(folder()) ? readdirSync(folder()) : [])
  const written = (): ReadingLine[] =>
    files().flatMap((name) =>
      readFileSync(join(folder(), name), 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as ReadingLine),
    )

  async function deposit(content: string, sealed: object = {}, by?: Party): Promise<DepositAnswer> {
    const all = { note: 'about it', case: [{ number: '7' }], ...sealed }
    const answer = await server.post(server.deposit(content, { sealed: all as never }, by).presentation)
    expect([answer.status, answer.text]).toEqual([201, expect.any(String)])
    return answer.json<DepositAnswer>()
  }
  const sealsItself = { collection: { exhibit: 'EX-1', handling: 'sealed' } }
  async function seal(by: Party, ...of: readonly DepositAnswer[]): Promise<void> {
    const terms = { rule: 'seal', of: of.map(({ index, leafHash }) => ({ index, leafHash })), basis: 'order 9' }
    const statement = server.sign(by, 'access.rule', {}, { sealed: { terms: terms as never } })
    const answer = await server.post(statement.presentation)
    expect([answer.status, answer.text]).toEqual([201, expect.any(String)])
  }
  const today = (): string => new Date().toISOString().slice(0, 10)
  async function pageOf(who: Party, query: string): Promise<ReadingsAnswer> {
    const answer = await server.get(`/v1/readings?day=${today()}${query}`, who)
    expect([answer.status, answer.text]).toEqual([200, expect.any(String)])
    return answer.json<ReadingsAnswer>()
  }
  const told = (answer: Answer): unknown => [answer.status, problemIn(answer).code]

  /** Lets reads of claims wait from here on; gives how many wait, and what lets them go on. */
  function holdClaims(): { readonly waiting: () => number; readonly open: () => void } {
    const read = Object.getOwnPropertyDescriptor(LedgerReads.prototype, 'disclosures')?.value as (
      this: LedgerReads,
      entry: ServedEntry,
    ) => Promise<string[]>
    let open = (): void => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    let waiting = 0
    vi.spyOn(LedgerReads.prototype, 'disclosures').mockImplementation(async function (this: LedgerReads, entry) {
      const found = await read.call(this, entry)
      waiting++
      await opened
      return found
    })
    return { waiting: () => waiting, open }
  }

  it('a seal that is set while claims are read closes them, and who may read all the same is written down', async () => {
    server = await testServer({ reading: 'participants' })
    const court = await server.admit('court', ['authority'])
    const auditor = await server.admit('auditor', ['auditor'])
    const one = await deposit('one')
    const held = holdClaims()
    const reads = ['', '/receipt'].flatMap((path) =>
      [auditor, server.depositor].map((who) => server.get(`/v1/entries/${one.index}${path}`, who)),
    )
    await expect.poll(held.waiting).toBe(4)
    await seal(court, one)
    held.open()
    const [entry, own, receipt, ownReceipt] = (await Promise.all(reads)) as [Answer, Answer, Answer, Answer]
    vi.restoreAllMocks()
    expect([entry.json<EntryAnswer>().claims, own.json<EntryAnswer>().claims]).toEqual([
      {},
      { note: 'about it', case: [{ number: '7' }] },
    ])
    const claims = [receipt, ownReceipt].map((answer) => parseReceipt(utf8(answer.json<ReceiptAnswer>().receipt)))
    expect(claims.map(({ disclosures }) => disclosures.length)).toEqual([0, 2])
    expect(written().map(({ reader, index, seals }) => [reader, index, seals.length])).toEqual([
      ['depositor', one.index, 1],
      ['depositor', one.index, 1],
    ])
  })

  it('a copy is written down also where the piece has only what is about a sealed deposit at a remove', async () => {
    server = await testServer({ reading: 'participants', settings: { followers: ['auditor'] } })
    const court = await server.admit('court', ['authority'])
    const auditor = await server.admit('auditor', ['auditor'])
    const one = await deposit('one')
    await seal(court, one)
    const say = async (by: Party, kind: string, { index, leafHash, receipt }: DepositAnswer, more: object = {}) => {
      const made = server.sign(by, kind, { of: { index, leafHash }, ...more }, { sealed: { reasons: 'why' } as never })
      const answer = await server.post(made.presentation, showing(receipt))
      expect([answer.status, answer.text]).toEqual([201, expect.any(String)])
      return answer.json<DepositAnswer>()
    }
    const challenge = await say(server.depositor, 'evidence.challenge', one)
    const finding = await say(court, 'evidence.finding', challenge, { finding: 'excluded' })
    const answer = await server.get(`/v1/replication?from=${finding.index}&erasures=0&wait=0`, auditor)
    expect(decodePiece(answer.body).entries.map(({ disclosures }) => disclosures.length)).toEqual([1])
    const { index, to, shown, seals } = written().at(-1) as ReadingLine
    expect([index, to, shown, seals]).toEqual([
      finding.index,
      finding.index,
      'copied',
      [{ entry: one.index + 1, by: 'court' }],
    ])
  })

  it('CR-H5: lists of entries, which no seal closes, are not written down, and cost whoever lists nothing', async () => {
    server = await testServer({ reading: 'public', settings: { readingsPerDay: 1 } })
    const stranger = await server.admit('stranger', ['depositor'])
    for (let i = 0; i < 5; i++) await deposit('same', sealsItself)
    for (const query of ['kind=evidence.deposit', 'participant=depositor', 'limit=1000'])
      for (const who of [stranger, server.depositor, undefined]) {
        const { entries } = (await server.get(`/v1/entries?${query}`, who)).json<EntriesAnswer>()
        expect(entries.length).toBeGreaterThanOrEqual(5)
      }
    expect(files()).toEqual([])
  })

  it('CR-H5: what is read again and again makes few lines, and what is told of it is who, what, when first and how often', async () => {
    server = await testServer({ reading: 'public' })
    for (let i = 0; i < 5; i++) await deposit('same', sealsItself)
    const { index } = await deposit('one', sealsItself)
    for (let i = 0; i < 20; i++) {
      await server.get(`/v1/entries?digest=sha256:${sha256Hex('same')}`, server.depositor)
      await server.get(`/v1/entries/${index}`, server.depositor)
    }
    // At the times 1, 2, 4, 8 and 16.
    expect(written()).toHaveLength(5 * 5 + 5)
    const claims = written().filter(({ shown }) => shown === 'claims')
    expect(claims.map((line) => [line.reader, line.index, line.times ?? 1])).toEqual(
      [1, 1, 2, 4, 8].map((times) => ['depositor', index, times]),
    )
  })

  it('CR-H5: one search that names a digest a thousand times is one reading of each that it finds', async () => {
    server = await testServer({ reading: 'public' })
    for (let i = 0; i < 5; i++) await deposit('same', sealsItself)
    const answer = await server.request('/v1/entries/search', {
      method: 'POST',
      headers: { authorization: `Bearer ${server.token(server.depositor)}`, 'content-type': 'application/json' },
      body: JSON.stringify({ digests: Array(1000).fill(`sha256:${sha256Hex('same')}`) }),
    })
    expect(answer.status).toBe(200)
    expect(written()).toHaveLength(5)
  })

  it('CR-H5: a participant whose readings wrote as many lines as they may is refused and shown nothing, and nobody else', async () => {
    server = await testServer({ reading: 'participants', settings: { readingsPerDay: 3 } })
    const court = await server.admit('court', ['authority', 'depositor'])
    const own = [await deposit('a', sealsItself), await deposit('b', sealsItself), await deposit('c', sealsItself)]
    const open = await deposit('open')
    const courts = await deposit('courts', sealsItself, court)
    const read = (who: Party, { index }: DepositAnswer): Promise<Answer> => server.get(`/v1/entries/${index}`, who)
    for (const one of own) expect((await read(server.depositor, one)).status).toBe(200)
    const [a] = own as [DepositAnswer]
    const refused = await read(server.depositor, a)
    expect([told(refused), Number(refused.headers['retry-after'])]).toEqual([
      [429, 'quota-exceeded'],
      expect.any(Number),
    ])
    expect(refused.text).not.toContain('about it')
    expect(written()).toHaveLength(3)
    for (const path of [`digest=sha256:${sha256Hex('a')}`, 'case=7'])
      expect(told(await server.get(`/v1/entries?${path}`, server.depositor))).toEqual([429, 'quota-exceeded'])
    // What is not sealed, and lists, stay readable; and so does everything to others.
    expect((await read(server.depositor, open)).status).toBe(200)
    expect((await server.get('/v1/entries', server.depositor)).status).toBe(200)
    expect((await read(court, courts)).status).toBe(200)
  })

  it('gives an authority its own lines in pages, and no word of what was read under the seals of others', async () => {
    server = await testServer({ reading: 'participants' })
    const roles = { court: ['authority'], prosecutor: ['authority'], operator: ['operator'] } as const
    const people = {} as Record<keyof typeof roles, Party>
    for (const [id, some] of Object.entries(roles)) people[id as keyof typeof roles] = await server.admit(id, some)
    const { court, prosecutor, operator } = people
    const grant = async (to: Party, of: DepositAnswer): Promise<void> => {
      const { index, leafHash } = of
      const terms = { rule: 'grant', of: [{ index, leafHash }], to: [to.id], basis: 'order 8' }
      const statement = server.sign(server.depositor, 'access.rule', {}, { sealed: { terms: terms as never } })
      expect((await server.post(statement.presentation)).status).toBe(201)
    }
    const both = await deposit('both')
    const courts = [await deposit('1'), await deposit('2'), await deposit('3')]
    const theirs = await deposit('theirs')
    for (const one of [both, ...courts]) await grant(court, one)
    for (const one of [both, theirs]) await grant(prosecutor, one)
    await seal(court, both, ...courts)
    await seal(prosecutor, theirs, both)
    for (const { index } of [both, ...courts, theirs])
      expect((await server.get(`/v1/entries/${index}`, server.depositor)).status).toBe(200)

    const lines: NonNullable<ReadingsAnswer['lines']> = []
    const cursors: string[] = []
    for (let after = ''; ; ) {
      const answer = await pageOf(court, `&limit=2${after}`)
      expect(Object.keys(answer).sort()).toEqual(['day', 'ended', 'lines', 'next'])
      lines.push(...(answer.lines ?? []))
      if (answer.next === null) break
      cursors.push(answer.next)
      after = `&after=${answer.next}`
    }
    expect(lines.map(({ index }) => index)).toEqual([both, ...courts].map(({ index }) => index))
    expect(JSON.stringify(lines)).not.toContain('prosecutor')
    for (const line of lines) {
      expect(Object.keys(line)).toEqual(['time', 'reader', 'index', 'shown', 'seals'])
      expect(line.seals).toHaveLength(1)
    }
    expect((await pageOf(prosecutor, '')).lines?.map(({ index }) => index)).toEqual([both.index, theirs.index])
    // A cursor is of one reader and day, and says no offset.
    const [cursor] = cursors as [string]
    const asked = (who: Party, day: string, after: string): Promise<Answer> =>
      server.get(`/v1/readings?day=${day}&after=${after}`, who)
    for (const [who, after] of [
      [prosecutor, cursor],
      [court, `A${cursor.slice(1)}`],
      [court, '200'],
    ] as const)
      expect(told(await asked(who, today(), after))).toEqual([400, 'query-invalid'])
    appendFileSync(join(folder(), '2026-01-01.ndjson'), '{}\n')
    expect(told(await asked(court, '2026-01-01', cursor))).toEqual([400, 'query-invalid'])
    // Sizes are for the operator, who keeps the files; digests of days that have ended for both.
    expect(await pageOf(operator, '')).toMatchObject({ size: expect.any(Number), lines: [], ended: false, next: null })
    const ended = async (who: Party): Promise<ReadingsAnswer> =>
      (await server.get('/v1/readings?day=2026-01-01', who)).json<ReadingsAnswer>()
    expect(await ended(operator)).toMatchObject({ size: 3, sha256: sha256Hex('{}\n'), ended: true })
    expect(await ended(court)).toEqual({
      day: '2026-01-01',
      sha256: sha256Hex('{}\n'),
      ended: true,
      lines: [],
      next: null,
    })
    const days = async (who: Party): Promise<unknown> =>
      (await server.get('/v1/readings', who)).json<ReadingsAnswer>().days
    expect(await days(court)).toEqual([{ day: '2026-01-01' }, { day: today() }])
    expect(await days(operator)).toEqual([
      { day: '2026-01-01', size: 3 },
      { day: today(), size: expect.any(Number) },
    ])
  })

  it('that is broken is said to be so, and shows nothing', async () => {
    server = await testServer({ reading: 'participants' })
    const court = await server.admit('court', ['authority'])
    const { index } = await deposit('a', sealsItself)
    const breaks = [
      () => writeFileSync(folder(), ''),
      () => {
        rmSync(folder())
        symlinkSync('nowhere', folder())
      },
    ]
    for (const broken of breaks) {
      broken()
      const read = await server.get(`/v1/entries/${index}`, server.depositor)
      expect(told(read)).toEqual([503, 'readings-failed'])
      expect(read.text).not.toContain('about it')
    }
    rmSync(folder())
    expect((await server.get(`/v1/entries/${index}`, server.depositor)).status).toBe(200)
    symlinkSync('nowhere', join(folder(), '2026-01-01.ndjson'))
    for (const path of ['/v1/readings', '/v1/readings?day=2026-01-01', `/v1/readings?day=${today()}`])
      expect([path, told(await server.get(path, court))]).toEqual([path, [503, 'readings-failed']])
    rmSync(folder(), { recursive: true })
    writeFileSync(folder(), '')
    expect(told(await server.get('/v1/readings', court))).toEqual([503, 'readings-failed'])
  })

  it('says which copies were given sealed claims: a line for a piece, before it is given', async () => {
    server = await testServer({ reading: 'participants', settings: { followers: ['auditor'] } })
    const auditor = await server.admit('auditor', ['auditor'])
    await deposit('open')
    const copy = (from: number): Promise<Answer> =>
      server.get(`/v1/replication?from=${from}&erasures=0&wait=0`, auditor)
    expect((await copy(0)).status).toBe(200)
    expect(written()).toEqual([])
    const { index } = await deposit('sealed', sealsItself)
    const { from, entries } = decodePiece((await copy(2)).body)
    expect(entries.at(-1)?.disclosures).not.toEqual([])
    const to = from + entries.length - 1
    const line = { reader: 'auditor', index: 2, to, shown: 'copied', seals: [{ entry: index, by: 'depositor' }] }
    expect(written()).toMatchObject([line])
    // What no seal is on is copied without a line.
    const size = await server.size()
    await deposit('open again')
    expect(decodePiece((await copy(size)).body).entries).toHaveLength(1)
    expect(written()).toHaveLength(1)
    rmSync(folder(), { recursive: true })
    await server.stop()
    writeFileSync(folder(), '')
    server = await server.restart({ followers: ['auditor'] })
    expect(told(await copy(0))).toEqual([503, 'readings-failed'])
  })

  it('writes down what the follower that is waited for is given before anybody else sees it', async () => {
    server = await testServer({ reading: 'participants' })
    const auditor = await server.admit('auditor', ['auditor'])
    server = await server.restart({ requireFollower: 'auditor', followerTimeoutSeconds: 30 })
    const copy = async (from: number, root: string): Promise<ReturnType<typeof decodePiece>> => {
      const query = `from=${from}&erasures=0&wait=10&follow=true&root=${encodeURIComponent(root)}`
      return decodePiece((await server.get(`/v1/replication?${query}`, auditor)).body)
    }
    const rootOf = (checkpoint: string): string => checkpoint.split('\n')[2] as string
    const { checkpoint } = server.running.ledger.unguardedReads
    const first = copy(3, rootOf(checkpoint))
    while ((await server.get('/readyz')).status !== 200);
    const deposited = deposit('sealed', sealsItself)
    const piece = await first
    expect(piece.entries).toHaveLength(1)
    expect(await server.size()).toBe(3)
    const seals = [{ entry: 3, by: 'depositor' }]
    expect(written()).toMatchObject([{ reader: 'auditor', index: 3, to: 3, shown: 'copied', seals }])
    const confirmed = copy(4, rootOf(piece.checkpoint))
    expect((await deposited).index).toBe(3)
    await server.stop()
    await confirmed.catch(() => undefined)
  })

  it('CR-M16: two days are walked through at once, and each reader in turn', async () => {
    server = await testServer({ reading: 'participants' })
    const court = await server.admit('court', ['authority'])
    const other = await server.admit('other', ['authority'])
    const { index } = await deposit('a', sealsItself)
    expect((await server.get(`/v1/entries/${index}`, server.depositor)).status).toBe(200)
    const order: string[] = []
    const waiting: (() => void)[] = []
    const turns = vi.spyOn(PacedTurns.prototype, 'whenTurn')
    const spy = vi.spyOn(ReadingLog.prototype, 'walk').mockImplementation(async (_day, { part }) => {
      order.push(part.includes('court') ? 'court' : 'other')
      await new Promise<void>((go) => waiting.push(go))
      return { at: 0, isEnd: true }
    })
    try {
      const asked = [court, court, court, court, other].map((who) => pageOf(who, ''))
      const begun = async (count: number): Promise<void> => {
        while (order.length < count) await new Promise((resolve) => setTimeout(resolve, 5))
      }
      while (turns.mock.calls.filter(([, group]) => group === 'court' || group === 'other').length < 5)
        await new Promise((resolve) => setTimeout(resolve, 5))
      await begun(2)
      expect(order).toHaveLength(2)
      for (let done = 0; done < asked.length; done++) {
        waiting[done]?.()
        await begun(Math.min(asked.length, done + 3))
        expect(order.length).toBeLessThanOrEqual(done + 3)
      }
      await Promise.all(asked)
      expect(order.toSorted()).toEqual(['court', 'court', 'court', 'court', 'other'])
      expect(order.lastIndexOf('other')).toBeLessThan(4)
    } finally {
      for (const one of [spy, turns]) one.mockRestore()
    }
  })
})
