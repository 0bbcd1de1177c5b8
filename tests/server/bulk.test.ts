import { createHash, randomUUID } from 'node:crypto'
import { Level } from 'level'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { EntriesAnswer, EntrySummary, SearchAnswer } from '../../src/api/answers.ts'
import { type Party, problemIn, soundReceipt, type TestServer, testServer } from '../support/server.ts'

const json = { 'content-type': 'application/json' }
const sha256 = (content: string): string => `sha256:${createHash('sha256').update(content).digest('hex')}`

interface ReceiptResult {
  readonly index: number
  readonly status: number
  readonly code?: string
  readonly receipt?: string
}

describe('many questions in one request', () => {
  let server: TestServer
  let other: Party
  let own: number
  let others: number

  const ask = (path: string, document: unknown, who?: Party) =>
    server.request(path, {
      method: 'POST',
      body: typeof document === 'string' ? document : JSON.stringify(document),
      headers: { ...json, ...(who === undefined ? {} : { authorization: `Bearer ${server.token(who)}` }) },
    })
  const search = async (digests: readonly string[], who?: Party): Promise<SearchAnswer['results']> =>
    (await ask('/v1/entries/search', { digests }, who)).json<SearchAnswer>().results
  const receipts = async (indices: readonly number[], who?: Party): Promise<ReceiptResult[]> =>
    (await ask('/v1/receipts', { indices }, who)).text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as ReceiptResult)

  beforeAll(async () => {
    server = await testServer({ reading: 'participants' })
    other = await server.admit('other', ['depositor'])
    own = (await server.post(server.deposit('own', { sealed: { note: 'mine' } }).presentation)).json<EntrySummary>()
      .index
    others = (await server.post(server.deposit('others', {}, other).presentation)).json<EntrySummary>().index
    for (let n = 0; n < 20; n++) await server.post(server.deposit('often', { jti: randomUUID() }).presentation)
  })
  afterAll(() => server.remove())

  it('finds each digest as one search of each would, in order, and says where there are more', async () => {
    const asked = [sha256('nothing'), sha256('own'), sha256('others'), sha256('often'), sha256('own')]
    const results = await search(asked, server.depositor)
    expect(results.map(({ digest }) => digest)).toEqual(asked)
    expect(results.map(({ entries, more }) => [entries?.length, more])).toEqual([
      [0, false],
      [1, false],
      [0, false],
      [16, true],
      [1, false],
    ])
    for (const { digest, entries } of results) {
      const one = await server.get(`/v1/entries?digest=${digest}&limit=16`, server.depositor)
      expect(entries).toEqual(one.json<EntriesAnswer>().entries)
    }
    expect((await search([sha256('others')], other))[0]?.entries?.[0]?.index).toBe(others)
  })

  it('R8: finds by case and exhibit as one search of each would, and only what the reader may read the claims of', async () => {
    const mine = { case: [{ number: '（2026）1' }], collection: { exhibit: 'A,[1]{2}' } }
    const post = async (sealed: object, who?: Party): Promise<number> =>
      (await server.post(server.deposit('sealed', { sealed }, who).presentation)).json<EntrySummary>().index
    const first = await post(mine)
    const theirs = await post(mine, other)
    const exhibits = ['A,[1]{2}', 'none', 'A,［１］{2}']
    const asked = { digests: [sha256('own')], cases: ['(2026)1', 'none'], exhibits }
    const results = async (who: Party): Promise<unknown[]> =>
      (await ask('/v1/entries/search', asked, who))
        .json<SearchAnswer>()
        .results.map(({ entries, more, ...by }) => [by, entries?.map(({ index }) => index), more])
    const found = (digest: number[], sealed: number[]): unknown[] => [
      [{ digest: asked.digests[0] }, digest, false],
      [{ case: '(2026)1' }, sealed, false],
      [{ case: 'none' }, [], false],
      [{ exhibit: exhibits[0] }, sealed, false],
      [{ exhibit: 'none' }, [], false],
      [{ exhibit: exhibits[2] }, sealed, false],
    ]
    expect(await results(server.depositor)).toEqual(found([own], [first]))
    expect(await results(other)).toEqual(found([], [theirs]))
    const refusals = await Promise.all(
      [asked, { exhibits: [exhibits[0]] }, { exhibits: ['none'] }].map(async (body) => {
        const { status, code, detail } = problemIn(await ask('/v1/entries/search', body))
        return { status, code, detail }
      }),
    )
    expect(refusals[0]).toMatchObject({ status: 401, code: 'not-authenticated' })
    expect(refusals).toEqual(refusals.map(() => refusals[0]))
  })

  it('gives receipts in order, each with what the reader may see, and refuses one without the others', async () => {
    const found = await receipts([own, others, 0, 99_999, own], server.depositor)
    expect(found.map(({ index, status, code }) => [index, status, code])).toEqual([
      [own, 200, undefined],
      [others, 403, 'not-permitted'],
      [0, 200, undefined],
      [99_999, 404, 'entry-not-found'],
      [own, 200, undefined],
    ])
    expect(soundReceipt(server, found[0]?.receipt).disclosures.map(({ claim }) => claim)).toEqual(['note'])
  })

  it('tells strangers nothing', async () => {
    expect(problemIn(await ask('/v1/entries/search', { digests: [sha256('own')] }))).toMatchObject({ status: 401 })
    expect((await receipts([own, 99_999])).map(({ status }) => status)).toEqual([401, 401])
  })

  it.each([
    ['/v1/receipts', { indices: [] }, 'body.indices'],
    ['/v1/receipts', { indices: Array.from({ length: 1001 }, () => 0) }, 'body.indices'],
    ['/v1/receipts', { indices: [-1] }, 'body.indices[0]'],
    ['/v1/receipts', { indices: ['0'] }, 'body.indices[0]'],
    ['/v1/receipts', { index: 0 }, 'body.indices'],
    ['/v1/entries/search', { digests: ['sha256:00'] }, 'body.digests[0]'],
    ['/v1/entries/search', { digests: sha256('own') }, 'body.digests'],
    ['/v1/entries/search', {}, 'body'],
    ['/v1/entries/search', { exhibits: [] }, 'body.exhibits'],
    ['/v1/entries/search', { exhibits: [''] }, 'body.exhibits[0]'],
    ['/v1/entries/search', { cases: ['x'.repeat(513)] }, 'body.cases[0]'],
    ['/v1/entries/search', { exhibits: Array.from('x'.repeat(1001)) }, 'body.exhibits'],
    ['/v1/entries/search', { digests: [sha256('own')], limit: 1 }, 'body'],
  ])('%s refuses %j by the name of what is wrong', async (path, document, where) => {
    const refused = problemIn(await ask(path, document, server.depositor))
    expect(refused).toMatchObject({ status: 400, code: 'body-malformed', where })
    expect(refused.detail).not.toMatch(/Invalid|Expected|Too/)
  })

  it.each(['/v1/receipts', '/v1/entries/search'])(
    'R7 H1: %s takes no batch, whose body may be larger, and reads nothing of one',
    async (path) => {
      const values = path === '/v1/receipts' ? '{"indices":[0]}' : JSON.stringify({ digests: [sha256('own')] })
      for (const type of ['application/x-ndjson', 'application/jwt', 'text/plain']) {
        const headers = { 'content-type': type, authorization: `Bearer ${server.token(server.depositor)}` }
        const answer = await server.request(path, { method: 'POST', body: values, headers })
        expect(problemIn(answer)).toMatchObject({ status: 415, code: 'media-type', where: 'Content-Type' })
      }
      const large = `{"digests":[${' '.repeat(300 * 1024)}]}`
      expect(problemIn(await ask(path, large, server.depositor))).toMatchObject({ status: 413, code: 'body-too-large' })
    },
  )

  it('takes the 1,000 digests or exhibits that it may name, however they are spelled', async () => {
    const digests = Array.from({ length: 1000 }, (_, i) => sha256(String(i)))
    // What a number has of brackets, commas and quotes is no value of its own.
    const exhibits = Array.from({ length: 1000 }, (_, i) => `[{,"\\ ${i}`)
    for (const body of [{ digests }, JSON.stringify({ digests }, null, 2), { exhibits }])
      expect((await ask('/v1/entries/search', body, server.depositor)).status).toBe(200)
  })

  it.each([
    ['objects', `{"digests":[${'{},'.repeat(80_000)}{}]}`],
    ['lists in lists', `{"digests":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
    ['members', `{${Array.from({ length: 20_000 }, (_, i) => `"a${i}":0`).join(',')}}`],
  ])('R7 L1: refuses a body of many %s before it is parsed', async (_what, body) => {
    const parse = vi.spyOn(JSON, 'parse')
    try {
      const refused = problemIn(await ask('/v1/entries/search', body))
      expect(refused).toMatchObject({ status: 400, code: 'body-malformed', where: 'body' })
      expect(parse.mock.calls.filter(([text]) => text === body)).toEqual([])
    } finally {
      parse.mockRestore()
    }
  })

  it('refuses what is no JSON, and another media type', async () => {
    expect(problemIn(await ask('/v1/receipts', '{"indices":[0', server.depositor))).toMatchObject({ status: 400 })
    const authorization = `Bearer ${server.token(server.depositor)}`
    for (const type of ['text/xml', 'application/x-www-form-urlencoded']) {
      const headers = { 'content-type': type, authorization }
      const answer = await server.request('/v1/receipts', { method: 'POST', body: '{"indices":[0]}', headers })
      expect(problemIn(answer)).toMatchObject({ status: 415, code: 'media-type' })
    }
  })
})

describe('R7 M1: digests of one value under two algorithms', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await testServer()
  })
  afterAll(() => server.remove())

  it('are both found: nobody hides a deposit behind a digest of another algorithm', async () => {
    const [name, hex] = sha256('wanted').split(':') as [string, string]
    const items = [
      { digest: { sha256: sha256('bait').slice(7), sm3: hex }, size: 4 },
      { digest: { sha256: hex, blake3: hex }, size: 6 },
    ]
    const { index } = (
      await server.post(server.sign(server.depositor, 'evidence.deposit', { items }).presentation)
    ).json<EntrySummary>()
    for (const algorithm of [name, 'sm3', 'blake3']) {
      const found = (await server.get(`/v1/entries?digest=${algorithm}:${hex}`)).json<EntriesAnswer>().entries
      expect([algorithm, found.map((entry) => entry.index)]).toEqual([algorithm, [index]])
    }
  })
})

describe('one search by several members', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await testServer()
  })
  afterAll(() => server.remove())

  it('finds what has all of them', async () => {
    const other = await server.admit('other', ['depositor'])
    const mine = (await server.post(server.deposit('shared').presentation)).json<EntrySummary>().index
    const theirs = (await server.post(server.deposit('shared', {}, other).presentation)).json<EntrySummary>().index
    const indices = async (query: string): Promise<number[]> =>
      (await server.get(`/v1/entries?${query}`)).json<EntriesAnswer>().entries.map(({ index }) => index)
    const digest = `digest=${sha256('shared')}`
    expect(await indices(digest)).toEqual([mine, theirs])
    expect(await indices(`${digest}&participant=other`)).toEqual([theirs])
    expect(await indices(`${digest}&participant=other&kind=evidence.deposit`)).toEqual([theirs])
    expect(await indices(`${digest}&kind=evidence.retract`)).toEqual([])
    expect(await indices('participant=other&kind=participant.admit')).toHaveLength(1)
  })

  it('finds a statement by its id, and says nothing of another', async () => {
    const jti = randomUUID()
    const { index } = (await server.post(server.deposit('by id', { jti }).presentation)).json<EntrySummary>()
    expect((await server.get(`/v1/statements/depositor/${jti}`)).json()).toMatchObject({ index, iss: 'depositor' })
    for (const path of [`other/${jti}`, `depositor/${randomUUID()}`])
      expect(problemIn(await server.get(`/v1/statements/${path}`))).toMatchObject({ status: 404, code: 'not-found' })
    expect(problemIn(await server.get(`/v1/statements/depositor/${jti.toUpperCase()}`))).toMatchObject({ status: 400 })
  })
})

describe('CR-M1: what one search may cost', () => {
  let server: TestServer
  const digests = (count: number, name: (i: number) => string): string[] =>
    Array.from({ length: count }, (_, i) => sha256(name(i)))
  const ask = async (names: readonly string[]): Promise<SearchAnswer['results']> => {
    const answer = await server.request('/v1/entries/search', {
      method: 'POST',
      body: JSON.stringify({ digests: names }),
      headers: json,
    })
    expect(answer.status).toBe(200)
    return answer.json<SearchAnswer>().results
  }
  /** Reads of the database, and entries of look-up lists that these gave. */
  async function counted(names: readonly string[]): Promise<{ results: SearchAnswer['results']; calls: number }> {
    const spies = (['get', 'getMany', 'getSync', 'keys', 'iterator', 'values'] as const).map((name) =>
      vi.spyOn(Level.prototype, name),
    )
    try {
      const results = await ask(names)
      return { results, calls: spies.reduce((sum, spy) => sum + spy.mock.calls.length, 0) }
    } finally {
      for (const spy of spies) spy.mockRestore()
    }
  }

  beforeAll(async () => {
    server = await testServer({ reading: 'public' })
    await server.post(server.deposit('open', { jti: randomUUID() }).presentation)
    for (let n = 0; n < 600; n += 100) {
      const lines = Array.from(
        { length: 100 },
        (_, i) =>
          server.deposit('same', {
            jti: randomUUID(),
            sealed: { collection: { exhibit: `E${n + i}`, handling: 'sealed' } },
          }).presentation,
      )
      await server.batch(lines)
    }
  }, 60_000)
  afterAll(() => server.remove())

  it('each of the deposits is there', async () => {
    expect(await server.size()).toBe(2 + 1 + 600)
  })

  it('a digest that is named a thousand times is looked up once, found or not, sealed or not', async () => {
    const calls: Record<string, number> = {}
    for (const name of ['same', 'absent', 'open']) {
      const alone = await counted([sha256(name)])
      const often = await counted(Array.from({ length: 1000 }, () => sha256(name)))
      expect([name, often.calls]).toEqual([name, alone.calls])
      calls[name] = alone.calls
      const [first] = alone.results
      expect([name, first?.entries?.length]).toEqual([name, ['open'].indexOf(name) + 1])
      expect(often.results).toEqual(often.results.map(() => first))
    }
    expect(calls['same']).toBe(calls['absent'])
  })

  it('ends after a bounded number of entries of look-up lists, whatever is found, and leaves the rest to be asked again', async () => {
    const absent = await counted(digests(1000, (i) => `absent ${i}`))
    const answered = absent.results.filter(({ entries }) => entries !== null).length
    // Each looks at 17 and 600 that are sealed, and at as many in the list of who sealed them, at most; the last may go beyond.
    expect(answered).toBe(Math.ceil(500_000 / (2 * (17 + 600))))
    const mixed = await counted(digests(1000, (i) => (i === 0 ? 'same' : `absent ${i}`)))
    expect(mixed.calls).toBe(absent.calls)
    expect(mixed.results.map(({ entries, more }) => [entries, more])).toEqual(
      absent.results.map(({ entries, more }) => [entries, more]),
    )
    expect(absent.results.at(-1)).toMatchObject({ entries: null, more: true })
  })
})
