import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer, EntriesAnswer } from '../../src/api/answers.ts'
import { utf8 } from '../../src/core/bytes.ts'
import {
  type Answer,
  type Party,
  problemIn,
  type ServerOptions,
  soundReceipt,
  showing,
  type TestServer,
  testServer,
} from '../support/server.ts'
import { sha256Hex } from '../support/statements.ts'

const caseNumber = '(2026)沪0104刑初123号'
/** The same number as somebody else types it: full-width brackets and digits. */
const sameCase = '（2026）沪０１０４刑初123号'
const exhibit = 'ZJ-(12)'
/** The same, as `sameCase`. */
const sameExhibit = 'ＺＪ－（１２）'
const shared = 'a file that both deposit'

const readers = ['anonymous', 'depositor', 'other', 'auditor', 'administrator'] as const
type ReaderName = (typeof readers)[number]

/*
 * Entries: 0 genesis, 1 admits depositor, 2 admits other, 3 admits auditor, 4 a deposit of depositor with names, case and
 * note, 5 one of other with a case, 6 an attestation of other on entry 4.
 */
const ofDepositor = 4
const ofOther = 5
const attestation = 6
const registryEntries = [0, 1, 2, 3]

interface Library {
  readonly server: TestServer
  readonly parties: Readonly<Record<Exclude<ReaderName, 'anonymous'>, Party>>
}

async function library(options: ServerOptions): Promise<Library> {
  const server = await testServer(options)
  const other = await server.admit('other', ['depositor'])
  const auditor = await server.admit('auditor', ['auditor'])
  const sealed = {
    names: ['secret-name.txt'],
    case: [{ number: caseNumber, authority: 'Court' }],
    collection: { exhibit },
    note: 'a secret',
  }
  const own = (await server.post(server.deposit(shared, { sealed }).presentation)).json<DepositAnswer>()
  const others = { case: [{ number: sameCase }], collection: { exhibit: sameExhibit, parentExhibit: 'ZJ-1' } }
  await server.post(server.deposit(shared, { sealed: others }, other).presentation)
  const of = { index: own.index, leafHash: own.leafHash }
  await server.post(server.sign(other, 'evidence.attest', { of, as: 'witness' }).presentation, showing(own.receipt))
  const { administrator, depositor } = server
  return { server, parties: { administrator, depositor, other, auditor } }
}

/** What an answer comes to: a refusal, or what is read in it. */
function outcomeOf(answer: Answer, read: () => unknown): object {
  if (answer.status === 200) return { read: read() }
  const { status, code } = problemIn(answer)
  return { status, code, challenge: answer.headers['www-authenticate'] }
}

/** One after another, in order. */
async function eachOf<T, R>(values: readonly T[], ask: (value: T, i: number) => Promise<R>): Promise<R[]> {
  const out: R[] = []
  for (const [i, value] of values.entries()) out.push(await ask(value, i))
  return out
}

interface Mode {
  readonly name: string
  readonly options: ServerOptions
  /** Entries that each reader may read. */
  readonly entries: Readonly<Record<ReaderName, readonly number[]>>
  /** Entries whose sealed claims each reader sees. */
  readonly claims: Readonly<Record<ReaderName, readonly number[]>>
  readonly participants: readonly ReaderName[]
  /** May search at all, and search by case. */
  readonly searchers: readonly ReaderName[]
  readonly caseSearchers: readonly ReaderName[]
}

const all = [0, 1, 2, 3, 4, 5, 6]
const named = readers.filter((reader) => reader !== 'anonymous')
const ownClaims = {
  anonymous: [],
  depositor: [ofDepositor],
  other: [ofOther],
  auditor: [ofDepositor, ofOther],
  administrator: [],
}
const modes: readonly Mode[] = [
  {
    name: 'participants',
    options: { reading: 'participants' },
    entries: {
      anonymous: [],
      depositor: [...registryEntries, ofDepositor],
      other: [...registryEntries, ofOther, attestation],
      auditor: all,
      administrator: registryEntries,
    },
    claims: ownClaims,
    participants: named,
    searchers: named,
    caseSearchers: named,
  },
  {
    name: 'public',
    options: { reading: 'public' },
    entries: { anonymous: all, depositor: all, other: all, auditor: all, administrator: all },
    claims: ownClaims,
    participants: readers,
    searchers: readers,
    caseSearchers: named,
  },
  {
    name: 'public with open disclosures',
    options: { reading: 'public', openDisclosures: true },
    entries: { anonymous: all, depositor: all, other: all, auditor: all, administrator: all },
    claims: {
      anonymous: [ofDepositor, ofOther],
      depositor: [ofDepositor, ofOther],
      other: [ofDepositor, ofOther],
      auditor: [ofDepositor, ofOther],
      administrator: [ofDepositor, ofOther],
    },
    participants: readers,
    searchers: readers,
    caseSearchers: readers,
  },
  {
    name: 'participants, where open disclosures open nothing',
    options: { reading: 'participants', openDisclosures: true },
    entries: {
      anonymous: [],
      depositor: [...registryEntries, ofDepositor],
      other: [...registryEntries, ofOther, attestation],
      auditor: all,
      administrator: registryEntries,
    },
    claims: ownClaims,
    participants: named,
    searchers: named,
    caseSearchers: named,
  },
]

describe.each(modes)('reading mode: $name', (mode) => {
  let server: TestServer
  let parties: Library['parties']
  const partyOf = (reader: ReaderName): Party | undefined => (reader === 'anonymous' ? undefined : parties[reader])
  /** How many claims each entry seals. */
  const sealed = [0, 0, 0, 0, 4, 2, 0]
  const refusal = (reader: ReaderName): object =>
    reader === 'anonymous'
      ? { status: 401, code: 'not-authenticated', challenge: 'Bearer' }
      : { status: 403, code: 'not-permitted', challenge: undefined }

  beforeAll(async () => {
    ;({ server, parties } = await library(mode.options))
  })
  afterAll(() => server.remove())

  it.each(readers)('entries, for %s', async (reader) => {
    const keys = ['claims', 'disclosures', 'index', 'iss', 'jti', 'kid', 'kind', 'leafHash', 'payload']
    const found = await eachOf(all, async (index) => {
      const answer = await server.get(`/v1/entries/${index}`, partyOf(reader))
      return outcomeOf(answer, () => {
        const entry = answer.json<{ sealed: number; claims: object; disclosures: string[] }>()
        return {
          keys: Object.keys(entry).sort(),
          sealed: entry.sealed,
          claims: Object.keys(entry.claims).length,
          disclosures: entry.disclosures.length,
          secret: answer.text.includes('secret'),
          cache: answer.headers['cache-control'],
        }
      })
    })
    const expected = all.map((index) => {
      if (!mode.entries[reader].includes(index)) return refusal(reader)
      const count = mode.claims[reader].includes(index) ? sealed[index] : 0
      return {
        read: {
          keys: [...keys, 'previous', 'sealed', 'statement', 'time'],
          sealed: sealed[index],
          claims: count,
          disclosures: count,
          secret: index === ofDepositor && count !== 0,
          cache: mode.options.reading === 'public' ? 'no-cache' : 'private, no-store',
        },
      }
    })
    expect(found).toEqual(expected)
  })

  it.each(readers)('sealed claims, for %s', async (reader) => {
    const whole = {
      names: ['secret-name.txt'],
      case: [{ number: caseNumber, authority: 'Court' }],
      collection: { exhibit },
      note: 'a secret',
    }
    const answer = await server.get(`/v1/entries/${ofDepositor}`, partyOf(reader))
    const found = outcomeOf(answer, () => answer.json<{ claims: object }>().claims)
    const mayRead = mode.entries[reader].includes(ofDepositor)
    const claims = mode.claims[reader].includes(ofDepositor) ? whole : {}
    expect(found).toEqual(mayRead ? { read: claims } : refusal(reader))
  })

  it.each(readers)('receipts, for %s', async (reader) => {
    const found = await eachOf(all, async (index) => {
      const path = `/v1/entries/${index}/receipt`
      const answer = await server.get(path, partyOf(reader))
      const text = await server.get(path, partyOf(reader), { accept: 'text/plain' })
      return outcomeOf(answer, () => {
        const place = answer.json<DepositAnswer>()
        const { entry, disclosures, proof } = soundReceipt(server, place.receipt)
        return {
          indices: [place.index, entry.index, proof.index],
          sameTime: entry.time === place.time,
          size: proof.checkpoint.size,
          disclosures: disclosures.length,
          cache: answer.headers['cache-control'],
          asText: text.headers['content-type'],
          // Not letter by letter: a second signature may come between the two.
          same: soundReceipt(server, text.text).proof.index === place.index,
        }
      })
    })
    const expected = all.map((index) => {
      if (!mode.entries[reader].includes(index)) return refusal(reader)
      return {
        read: {
          indices: [index, index, index],
          sameTime: true,
          size: 7,
          disclosures: mode.claims[reader].includes(index) ? sealed[index] : 0,
          cache: 'private, no-store',
          asText: 'text/plain; charset=utf-8',
          same: true,
        },
      }
    })
    expect(found).toEqual(expected)
  })

  const searches: [string, readonly number[]][] = [
    ['', all],
    [`digest=sha256:${sha256Hex(shared)}`, [ofDepositor, ofOther]],
    ['participant=depositor', [1, ofDepositor]],
    ['participant=other', [2, ofOther, attestation]],
    ['participant=administrator', registryEntries],
    ['kind=evidence.deposit', [ofDepositor, ofOther]],
    ['kind=evidence.attest', [attestation]],
    ['kind=participant.admit', [1, 2, 3]],
    ['kind=ledger.genesis', [0]],
    ['kind=no.such', []],
    ['participant=nobody', []],
    [`digest=sha256:${sha256Hex('never deposited')}`, []],
  ]
  const search = async (query: string, reader: ReaderName): Promise<object> => {
    const answer = await server.get(`/v1/entries?${query}`, partyOf(reader))
    return outcomeOf(answer, () => {
      const { entries, next } = answer.json<{ entries: { index: number }[]; next: number | null }>()
      return { indices: entries.map(({ index }) => index), next, secret: answer.text.includes('secret') }
    })
  }

  it.each(readers)('look-ups, for %s', async (reader) => {
    const found = await eachOf(searches, ([query]) => search(query, reader))
    const expected = searches.map(([, indices]) => {
      if (!mode.searchers.includes(reader)) return refusal(reader)
      const visible = indices.filter((index) => mode.entries[reader].includes(index))
      return { read: { indices: visible, next: null, secret: false } }
    })
    expect(found).toEqual(expected)
  })

  it.each(readers)('look-ups by case, under NFKC, for %s', async (reader) => {
    const found = await eachOf([caseNumber, sameCase, '(2026)沪0104刑初124号'], (number) =>
      search(new URLSearchParams({ case: number }).toString(), reader),
    )
    const expected = [mode.claims[reader], mode.claims[reader], []].map((indices) =>
      mode.caseSearchers.includes(reader) ? { read: { indices, next: null, secret: false } } : refusal(reader),
    )
    expect(found).toEqual(expected)
  })

  it.each(readers)('R8: look-ups by exhibit, alone and with what else is named, for %s', async (reader) => {
    const both = mode.claims[reader]
    const depositors = both.filter((index) => index === ofDepositor)
    const asked: readonly (readonly [Readonly<Record<string, string>>, readonly number[]])[] = [
      [{ exhibit }, both],
      [{ exhibit: ` ${sameExhibit}` }, both],
      [{ exhibit: 'ZJ-1' }, []],
      [{ exhibit: 'ZJ-(13)' }, []],
      [{ exhibit, case: sameCase }, both],
      [{ exhibit, case: '(2026)沪0104刑初124号' }, []],
      [{ exhibit: 'ZJ-(13)', case: caseNumber }, []],
      [{ exhibit, participant: 'depositor' }, depositors],
      [{ exhibit, digest: `sha256:${sha256Hex(shared)}` }, both],
      [{ exhibit, kind: 'evidence.attest' }, []],
    ]
    const found = await eachOf(asked, ([query]) => search(new URLSearchParams(query).toString(), reader))
    const expected = asked.map(([, indices]) =>
      mode.caseSearchers.includes(reader) ? { read: { indices, next: null, secret: false } } : refusal(reader),
    )
    expect(found).toEqual(expected)
  })

  it.each(readers)('a page gives %s no sign of what it passed over', async (reader) => {
    const queries = [
      ...searches.map(([query]) => query),
      new URLSearchParams({ case: caseNumber }).toString(),
      new URLSearchParams({ exhibit }).toString(),
    ]
    const whole = await eachOf(queries, (query) => search(query, reader))
    const exact = await eachOf(queries, (query, i) => {
      const { read } = whole[i] as { read?: { indices: number[] } }
      return search(`${query}&limit=${Math.max(1, read?.indices.length ?? 1)}`, reader)
    })
    expect(exact).toEqual(whole)
  })

  it.each(readers)('participants, for %s', async (reader) => {
    const answer = await server.get('/v1/participants', partyOf(reader))
    const found = outcomeOf(answer, () => {
      const { participants } = answer.json<{ participants: { id: string; active: boolean }[] }>()
      return participants.map(({ id, active }) => `${id} ${active}`)
    })
    const read = ['administrator true', 'depositor true', 'other true', 'auditor true']
    expect(found).toEqual(mode.participants.includes(reader) ? { read } : refusal(reader))
  })

  it.each(readers)('entry bundles, for %s', async (reader) => {
    const answer = await server.get('/tile/entries/000.p/7', partyOf(reader))
    const found = outcomeOf(answer, () => answer.headers['cache-control'])
    const isPublic = mode.options.reading === 'public'
    const read = isPublic ? 'public, max-age=31536000, immutable' : 'private, no-store'
    expect(found).toEqual(isPublic || reader === 'auditor' ? { read } : refusal(reader))
  })

  it.each(readers)('checkpoint, hash tiles and proofs, for %s', async (reader) => {
    for (const path of [
      '/checkpoint',
      '/tile/0/000.p/7',
      '/v1/ledger',
      '/v1/proofs/inclusion?index=4',
      '/v1/proofs/consistency?from=2',
    ]) {
      const answer = await server.get(path, partyOf(reader))
      expect({ path, status: answer.status }).toEqual({ path, status: 200 })
    }
  })
})

describe('pages of a look-up', () => {
  let server: TestServer
  let other: Party
  let auditor: Party
  const mine: number[] = []
  const theirs: number[] = []

  beforeAll(async () => {
    server = await testServer({ reading: 'participants' })
    other = await server.admit('other', ['depositor'])
    auditor = await server.admit('auditor', ['auditor'])
    for (let i = 0; i < 24; i++) {
      const signer = i % 3 === 0 ? server.depositor : other
      const sealed = { case: [{ number: caseNumber }] }
      const { index } = (
        await server.post(server.deposit(shared, { sealed }, signer).presentation)
      ).json<DepositAnswer>()
      ;(i % 3 === 0 ? mine : theirs).push(index)
    }
  })
  afterAll(() => server.remove())

  async function walkPages(query: string, limit: number, reader: Party): Promise<{ indices: number[]; pages: number }> {
    const indices: number[] = []
    let after = ''
    for (let pages = 1; ; pages++) {
      const answer = await server.get(`/v1/entries?${query}&limit=${limit}${after}`, reader)
      expect(answer.status).toBe(200)
      const { entries, next } = answer.json<{ entries: { index: number }[]; next: number | null }>()
      expect(entries.length).toBeLessThanOrEqual(limit)
      indices.push(...entries.map(({ index }) => index))
      if (next === null) return { indices, pages }
      expect(entries).toHaveLength(limit)
      expect(next).toBeGreaterThanOrEqual(indices.at(-1) as number)
      after = `&after=${next}`
    }
  }

  it.each([1, 2, 3, 5, 7, 8, 24, 100])('give every entry once and in order, %i at a time', async (limit) => {
    const queries = [
      `digest=sha256:${sha256Hex(shared)}`,
      new URLSearchParams({ case: caseNumber }).toString(),
      'kind=evidence.deposit',
    ]
    for (const query of queries) {
      expect((await walkPages(query, limit, server.depositor)).indices).toEqual(mine)
      expect((await walkPages(query, limit, other)).indices).toEqual(theirs)
      const whole = await walkPages(query, limit, auditor)
      expect(whole.indices).toEqual([...mine, ...theirs].toSorted((a, b) => a - b))
      expect(whole.pages).toBe(Math.ceil(24 / limit))
    }
    expect((await walkPages('participant=depositor', limit, server.depositor)).indices).toEqual([1, ...mine])
    expect((await walkPages('', limit, auditor)).indices).toEqual(Array.from({ length: 28 }, (_, i) => i))
  })

  it('begin after any index', async () => {
    const answer = await server.get(`/v1/entries?kind=evidence.deposit&after=${mine[2]}`, server.depositor)
    expect(answer.json<{ entries: { index: number }[] }>().entries.map(({ index }) => index)).toEqual(mine.slice(3))
    const past = await server.get('/v1/entries?after=9007199254740991', auditor)
    expect(past.json()).toEqual({ entries: [], next: null })
  })

  it('hold 100 entries unless told otherwise, and at most 1,000', async () => {
    const results = await server.batch(
      Array.from({ length: 150 }, (_, i) => server.deposit(`page ${i}`).presentation),
      { prefer: 'return=minimal' },
    )
    expect(results.every(({ status }) => status === 201)).toBe(true)
    const count = async (query: string): Promise<number> =>
      (await server.get(`/v1/entries?${query}`, auditor)).json<EntriesAnswer>().entries.length
    expect(await count('')).toBe(100)
    expect(await count('limit=1000')).toBe(178)
  })

  it('summarise an entry', async () => {
    const { entries } = (await server.get('/v1/entries?kind=evidence.deposit&limit=1', auditor)).json<{
      entries: Record<string, unknown>[]
    }>()
    const [summary] = entries
    expect(Object.keys(summary ?? {}).sort()).toEqual(['index', 'iss', 'items', 'kind', 'leafHash', 'time'])
    expect(summary).toMatchObject({ index: mine[0], iss: 'depositor', kind: 'evidence.deposit', items: 1 })
  })

  it.each([
    'limit=0',
    'limit=1001',
    'limit=-1',
    'limit=01',
    'limit=1.0',
    'limit=',
    'after=-1',
    'after=01',
    'after=9007199254740992',
    'digest=',
    'digest=sha256',
    'digest=sha256:',
    `digest=sha256:${'a'.repeat(63)}`,
    `digest=sha256:${'A'.repeat(64)}`,
    `digest=sha384:${'a'.repeat(64)}`,
    `digest=sha9:${'a'.repeat(64)}`,
    'case=',
    'kind=',
    'participant=',
    'kind=a&kind=b',
    'nonsense=1',
  ])('refuse the query %s', async (query) => {
    const answer = await server.get(`/v1/entries?${query}`, auditor)
    expect(answer.status).toBe(400)
    expect(problemIn(answer).code).toBe('query-invalid')
  })
})

describe('one entry', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await testServer()
  })
  afterAll(() => server.remove())

  it.each(['2', '99', '9007199254740991'])('that is not there: %s', async (index) => {
    for (const path of [`/v1/entries/${index}`, `/v1/entries/${index}/receipt`]) {
      const answer = await server.get(path)
      expect(answer.status).toBe(404)
      expect(problemIn(answer).code).toBe('entry-not-found')
    }
  })

  it.each(['-1', '01', '1.0', '1e0', 'x', '%20', '9007199254740992', '%E5%8F%B7'])(
    'of no canonical index: %s',
    async (index) => {
      for (const path of [`/v1/entries/${index}`, `/v1/entries/${index}/receipt`]) {
        const answer = await server.get(path)
        expect(answer.status).toBe(400)
        expect(problemIn(answer).code).toBe('query-invalid')
      }
    },
  )

  it('gives JSON of a receipt where both are accepted, as a deposit does', async () => {
    const answer = await server.get('/v1/entries/0/receipt', undefined, { accept: 'application/json, text/plain, */*' })
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    soundReceipt(server, answer.json<DepositAnswer>().receipt)
  })

  it('serves the statement as it was received, and its payload decoded', async () => {
    const made = server.deposit('exactly', { sealed: { ext: { any: ['thing', { deep: true }] } } })
    const { index } = (await server.post(made.presentation)).json<DepositAnswer>()
    const entry = (await server.get(`/v1/entries/${index}`, server.depositor)).json<{
      statement: string
      payload: unknown
      claims: unknown
      disclosures: string[]
    }>()
    expect(entry.statement).toBe(made.jws)
    expect(utf8(made.jws).length).toBe(made.jws.length)
    expect(entry.payload).toEqual(JSON.parse(Buffer.from(made.jws.split('.')[1] as string, 'base64url').toString()))
    expect(entry.claims).toEqual({ ext: { any: ['thing', { deep: true }] } })
    expect(entry.disclosures).toEqual(made.disclosures.map(({ text }) => text))
  })
})
