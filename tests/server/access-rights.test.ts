import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Level } from 'level'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type {
  AccessAnswer,
  DepositAnswer,
  EntriesAnswer,
  EntryAnswer,
  ReadingsAnswer,
  ReceiptAnswer,
  StatusAnswer,
} from '../../src/api/answers.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { type Answer, type Party, problemIn, showing, type TestServer, testServer } from '../support/server.ts'
import { releaseBy, transferMembers } from '../support/custody.ts'
import { sha256Hex } from '../support/statements.ts'

/* docs/design/access-rights.md, "Role, operation, seal": asked of a running server cell by cell. */
const page = readFileSync(fileURLToPath(new URL('../../docs/design/access-rights.md', import.meta.url)), 'utf8')

/** Rows of a table under a heading: first cell, then one for each reader. */
function tableOf(heading: string): [string, string[]][] {
  const section = page.split(/^## /m).find((part) => part.startsWith(heading)) ?? ''
  const rows = section.split('\n').filter((line) => line.startsWith('|'))
  return rows.slice(2).map((row) => {
    const [first = '', ...cells] = row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim())
    return [first, cells]
  })
}

type Name = 'stranger' | 'early' | 'late' | 'court' | 'prosecutor' | 'auditor' | 'operator'
interface Cast {
  readonly server: TestServer
  readonly people: Readonly<Record<Name, Party>>
  /** In the order of the columns. */
  readonly readers: readonly (Party | undefined)[]
  /** A deposit that is not sealed, and one that is. */
  readonly open: DepositAnswer
  readonly sealed: DepositAnswer
}

const contentOf = (which: string): string => `content ${which}`
const exhibitOf = (which: string): string => `EX-${which}`
const caseOf = (which: string): string => `(2026) ${which} 1`

async function taken(answer: Answer): Promise<DepositAnswer> {
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`)
  return answer.json<DepositAnswer>()
}

/** Sends a rule of access. */
function rule(server: TestServer, by: Party, terms: object): Promise<Answer> {
  const sealed = { terms: { basis: 'order 17', ...terms } as never }
  return server.post(server.sign(by, 'access.rule', {}, { sealed }).presentation)
}

async function deposited(server: TestServer, which: string, handling?: string): Promise<DepositAnswer> {
  const collection = { exhibit: exhibitOf(which), ...(handling === undefined ? {} : { handling }) }
  const sealed = { case: [{ number: caseOf(which) }], collection, note: `note ${which}` }
  return taken(await server.post(server.deposit(contentOf(which), { sealed }).presentation))
}

async function handedOver(server: TestServer, of: DepositAnswer, from: Party, to: Party): Promise<DepositAnswer> {
  const iat = Math.floor(Date.now() / 1000)
  const since = (await server.size()) - 1
  const place = { aud: server.origin, iss: from.id, to: to.id, exhibits: [named(of)], since, iat }
  const members = transferMembers(releaseBy(from.key, place), 'accepted', 1)
  return taken(await server.post(server.sign(to, 'custody.transfer', members).presentation))
}

const named = ({ index, leafHash }: DepositAnswer): { index: number; leafHash: string } => ({ index, leafHash })

async function cast(reading: 'public' | 'participants'): Promise<Cast> {
  const server = await testServer({ reading })
  const people = {} as Record<Name, Party>
  const roles: Readonly<Record<Name, string>> = {
    stranger: 'depositor',
    early: 'attestor',
    late: 'attestor',
    court: 'authority',
    prosecutor: 'authority',
    auditor: 'auditor',
    operator: 'operator',
  }
  for (const [id, role] of Object.entries(roles)) people[id as Name] = await server.admit(id, [role])
  const { stranger, early, late, court, prosecutor, auditor, operator } = people
  const open = await deposited(server, 'open')
  const sealed = await deposited(server, 'sealed')
  const of = [named(open), named(sealed)]
  await taken(await rule(server, server.depositor, { rule: 'grant', of, to: ['early'] }))
  await taken(await rule(server, court, { rule: 'seal', of: [named(sealed)] }))
  await taken(await rule(server, court, { rule: 'grant', of, to: ['late'] }))
  const readers = [undefined, stranger, server.depositor, early, late, court, prosecutor, auditor, operator]
  return { server, people, readers, open, sealed }
}

/** What an answer shows, in a word: its status, and what of it there is. */
function cellOf(operation: string, answer: Answer, { index }: DepositAnswer): string {
  if (answer.status !== 200) return String(answer.status)
  if (operation.startsWith('entry')) return `200, ${Object.keys(answer.json<EntryAnswer>().claims).length} claims`
  if (operation.startsWith('receipt'))
    return `200, ${parseReceipt(utf8(answer.json<ReceiptAnswer>().receipt)).disclosures.length} claims`
  if (operation.startsWith('status')) return `200, ${answer.json<StatusAnswer>().events.length} events`
  if (operation.startsWith('rules')) return `200, ${answer.json<AccessAnswer>().rules.length} rules`
  if (operation.startsWith('readings')) return '200'
  const { entries } = answer.json<EntriesAnswer>()
  return entries.some((entry) => entry.index === index) ? 'found' : 'not found'
}

function pathOf(operation: string, { index }: DepositAnswer, which: string): string {
  const paths: Readonly<Record<string, string>> = {
    entry: `/v1/entries/${index}`,
    receipt: `/v1/entries/${index}/receipt`,
    status: `/v1/entries/${index}/status`,
    rules: `/v1/entries/${index}/access`,
    'by digest': `/v1/entries?digest=sha256:${sha256Hex(contentOf(which))}`,
    'by case': `/v1/entries?case=${encodeURIComponent(caseOf(which))}`,
    'by exhibit': `/v1/entries?exhibit=${exhibitOf(which)}`,
    readings: '/v1/readings',
  }
  return paths[operation] as string
}

describe.each([
  ['Where participants read', 'participants'],
  ['Where everybody reads', 'public'],
] as const)('%s', (heading, reading) => {
  let all: Cast
  beforeAll(async () => {
    all = await cast(reading)
  })
  afterAll(() => all.server.remove())

  it.each(tableOf(heading))('%s', async (row, cells) => {
    const { server, readers } = all
    const [operation = '', which = ''] = row.split(', ')
    const deposit = which === 'sealed' ? all.sealed : all.open
    const found: string[] = []
    for (const reader of readers)
      found.push(cellOf(operation, await server.get(pathOf(operation, deposit, which), reader), deposit))
    expect(found).toEqual(cells)
  })
})

describe('a seal', () => {
  let all: Cast
  beforeAll(async () => {
    all = await cast('participants')
  })
  afterAll(() => all.server.remove())

  /** What a request reads of the database. */
  async function readsOf(ask: () => Promise<Answer>): Promise<{ answer: string; reads: number[] }> {
    const spies = (['get', 'getMany', 'keys', 'iterator', 'values'] as const).map((name) =>
      vi.spyOn(Level.prototype, name),
    )
    try {
      const { status, text } = await ask()
      return { answer: `${status} ${text}`, reads: spies.map((spy) => spy.mock.calls.length) }
    } finally {
      for (const spy of spies) spy.mockRestore()
    }
  }

  it('changes nothing of what a stranger is answered: bytes and reads of the database are those of a deposit that is not sealed', async () => {
    const { server, people } = all
    for (const operation of ['entry', 'receipt', 'status', 'rules', 'by digest', 'by case', 'by exhibit', 'readings']) {
      const [open, sealed] = await Promise.all(
        (['open', 'sealed'] as const).map((which) =>
          Promise.resolve({ path: pathOf(operation, all[which], which), index: String(all[which].index) }),
        ),
      )
      for (const reader of [people.stranger, people.operator, undefined]) {
        const one = await readsOf(() => server.get((open as { path: string }).path, reader))
        const other = await readsOf(() => server.get((sealed as { path: string }).path, reader))
        const same = (text: string): string =>
          text
            .replace(/"request":"[^"]*"/, '')
            .replaceAll(`entry ${all.open.index}`, 'entry N')
            .replaceAll(`entry ${all.sealed.index}`, 'entry N')
        expect({ operation, ...other, answer: same(other.answer) }).toEqual({
          operation,
          ...one,
          answer: same(one.answer),
        })
      }
    }
  })

  it('is of those who may set it alone: others are refused in one way, whatever the deposit is', async () => {
    const { server, people, open, sealed } = all
    const nothing = { index: 10_000, leafHash: named(open).leafHash }
    const wrong = { index: open.index, leafHash: sealed.leafHash }
    const tried = [named(open), named(sealed), nothing, wrong]
    const answers: string[] = []
    for (const of of tried) {
      const { status, code, detail } = problemIn(
        await rule(server, people.stranger, { rule: 'grant', of: [of], to: ['late'] }),
      )
      answers.push(`${status} ${code} ${detail}`)
    }
    expect(new Set(answers).size).toBe(1)
    expect(answers[0]).toContain('reference-not-found')
    expect(
      problemIn(await rule(server, people.early, { rule: 'grant', of: [named(open)], to: ['stranger'] })).code,
    ).toBe('access-not-yours')
    expect(problemIn(await rule(server, server.depositor, { rule: 'seal', of: [named(open)] })).code).toBe(
      'role-missing',
    )
    expect(problemIn(await rule(server, people.prosecutor, { rule: 'unseal', of: [named(sealed)] })).code).toBe(
      'access-nothing-stands',
    )
    expect(problemIn(await rule(server, people.auditor, { rule: 'hold', of: [named(open)] })).code).toBe('role-missing')
  })

  it('shows neither ids nor numbers nor what it rests on in the bytes of its entry', async () => {
    const { server, people, sealed } = all
    const statement = server.sign(
      people.court,
      'access.rule',
      {},
      { sealed: { terms: { rule: 'grant', of: [named(sealed)], to: ['late'], basis: 'the order of 3 May' } as never } },
    )
    const payload = Buffer.from(statement.jws.split('.')[1] as string, 'base64url').toString()
    for (const secret of ['late', 'the order', named(sealed).leafHash, `"index":${sealed.index}`])
      expect(payload).not.toContain(secret)
  })

  it('writes who read under it, for who set it; and the day’s digest for who deposits it', async () => {
    const { server, people, sealed, open } = all
    await server.get(`/v1/entries/${open.index}`, people.late)
    await server.get(`/v1/entries/${sealed.index}`, people.late)
    await server.get(`/v1/entries?exhibit=${exhibitOf('sealed')}`, people.late)
    const days = (await server.get('/v1/readings', people.operator)).json<ReadingsAnswer>().days ?? []
    const day = days.at(-1)?.day as string
    const mine = (await server.get(`/v1/readings?day=${day}`, people.court)).json<ReadingsAnswer>()
    const lines = (mine.lines ?? []).filter(({ reader }) => reader === 'late').map(({ index, shown }) => [index, shown])
    expect(lines.slice(-2)).toEqual([
      [sealed.index, 'claims'],
      [sealed.index, 'found'],
    ])
    expect((mine.lines ?? []).every(({ index }) => index === sealed.index)).toBe(true)
    for (const other of [people.prosecutor, people.operator]) {
      const theirs = (await server.get(`/v1/readings?day=${day}`, other)).json<ReadingsAnswer>()
      expect([theirs.lines, theirs.sha256]).toEqual([[], mine.sha256])
    }
    expect((await server.get('/v1/readings?day=2001-01-01', people.court)).status).toBe(404)
  })

  it('holds after a restart, as do grants and holds; and a copy is for the followers that are named', async () => {
    const { people, sealed } = all
    const before = (await all.server.get(`/v1/entries/${sealed.index}/access`, people.court)).text
    expect((await all.server.get('/v1/replication?from=0&erasures=0&wait=0', people.auditor)).status).toBe(403)
    const server = await all.server.restart({ followers: ['auditor'] })
    all = { ...all, server }
    expect((await server.get(`/v1/entries/${sealed.index}/access`, people.court)).text).toBe(before)
    expect(cellOf('entry', await server.get(`/v1/entries/${sealed.index}`, people.auditor), sealed)).toBe(
      '200, 0 claims',
    )
    expect(cellOf('entry', await server.get(`/v1/entries/${sealed.index}`, people.late), sealed)).toBe('200, 3 claims')
    expect((await server.get('/v1/replication?from=0&erasures=0&wait=0', people.auditor)).status).toBe(200)
  })

  it('a deposit that seals itself is closed from its own commit on, also after a restart, until an authority lifts it', async () => {
    const own = await deposited(all.server, 'own', 'sealed')
    const entry = async (reader: Party): Promise<string> =>
      cellOf('entry', await all.server.get(`/v1/entries/${own.index}`, reader), own)
    expect(await entry(all.people.auditor)).toBe('200, 0 claims')
    const server = await all.server.restart()
    all = { ...all, server }
    expect(await entry(all.people.auditor)).toBe('200, 0 claims')
    expect(await entry(server.depositor)).toBe('200, 3 claims')
    await taken(await rule(server, all.people.court, { rule: 'unseal', of: [named(own)] }))
    expect(await entry(all.people.auditor)).toBe('200, 3 claims')
  })

  it('a grantee finds what it was granted by every key, in pages, and nothing else', async () => {
    const { server, people } = all
    const many: DepositAnswer[] = []
    for (let i = 0; i < 5; i++) {
      many.push(
        await taken(await server.post(server.deposit('many', { sealed: { case: [{ number: 'many' }] } }).presentation)),
      )
      await server.post(server.deposit('many', { sealed: { case: [{ number: 'many' }] } }).presentation)
    }
    await taken(await rule(server, server.depositor, { rule: 'grant', of: many.map(named), to: ['stranger'] }))
    for (const query of [
      `digest=sha256:${sha256Hex('many')}`,
      'case=many',
      'participant=depositor',
      'kind=evidence.deposit',
    ]) {
      const found: number[] = []
      for (let after = ''; ; ) {
        const { entries, next } = (
          await server.get(`/v1/entries?${query}&limit=2${after}`, people.stranger)
        ).json<EntriesAnswer>()
        found.push(...entries.map(({ index }) => index))
        if (next === null) break
        expect(entries).toHaveLength(2)
        after = `&after=${next}`
      }
      // The entry that admits the depositor is about it too.
      const deposits = found.filter((index) => index > 1)
      expect({ query, deposits }).toEqual({ query, deposits: many.map(({ index }) => index) })
    }
  })

  it('who holds a deposit reads and finds it, grants it, and its grants end for good when it hands the deposit over', async () => {
    const { server, people } = all
    const { early, stranger, auditor } = people
    const held = await deposited(server, 'held')
    const handOver = (from: Party, to: Party): Promise<DepositAnswer> => handedOver(server, held, from, to)
    const entry = async (reader: Party): Promise<string> =>
      cellOf('entry', await server.get(`/v1/entries/${held.index}`, reader), held)
    const found = async (reader: Party): Promise<string> =>
      cellOf('by exhibit', await server.get(`/v1/entries?exhibit=${exhibitOf('held')}`, reader), held)
    expect([await entry(early), await found(early)]).toEqual(['403', 'not found'])
    await handOver(server.depositor, early)
    expect([await entry(early), await found(early), await entry(stranger)]).toEqual(['200, 3 claims', 'found', '403'])
    await taken(await rule(server, early, { rule: 'grant', of: [named(held)], to: ['stranger'] }))
    expect([await entry(stranger), await found(stranger)]).toEqual(['200, 3 claims', 'found'])
    // Back to who deposited it, and to the custodian again: the grant is of the first time.
    await handOver(early, server.depositor)
    expect([await entry(stranger), await found(stranger), await entry(early), await found(early)]).toEqual([
      '403',
      'not found',
      '403',
      'not found',
    ])
    await handOver(server.depositor, early)
    expect([await entry(stranger), await entry(early)]).toEqual(['403', '200, 3 claims'])
    await taken(await rule(server, people.court, { rule: 'seal', of: [named(held)] }))
    expect([await entry(auditor), await entry(early), await entry(server.depositor)]).toEqual([
      '200, 0 claims',
      '200, 3 claims',
      '200, 3 claims',
    ])
    all = { ...all, server: await server.restart({ followers: ['auditor'] }) }
    expect(cellOf('entry', await all.server.get(`/v1/entries/${held.index}`, early), held)).toBe('200, 3 claims')
    const again = await all.server.get(`/v1/entries?exhibit=${exhibitOf('held')}`, early)
    expect(cellOf('by exhibit', again, held)).toBe('found')
  })

  it('a grant of who deposited stands when the deposit is handed over; one of a custodian ends with its custody', async () => {
    const { server, people } = all
    const { early, late, stranger, court } = people
    const of = await deposited(server, 'granted')
    const grant = async (by: Party, to: string): Promise<DepositAnswer> =>
      taken(await rule(server, by, { rule: 'grant', of: [named(of)], to: [to] }))
    const read = async (...readers: Party[]): Promise<string[]> => {
      const answers = await Promise.all(readers.map((reader) => server.get(`/v1/entries/${of.index}`, reader)))
      return answers.map((answer) => cellOf('entry', answer, of))
    }
    await grant(server.depositor, 'late')
    await handedOver(server, of, server.depositor, early)
    expect(await read(late, early, server.depositor)).toEqual(['200, 3 claims', '200, 3 claims', '200, 3 claims'])
    // The issuer always reads its own, and may let read it still.
    await grant(server.depositor, 'prosecutor')
    await grant(early, 'stranger')
    expect(await read(stranger, people.prosecutor)).toEqual(['200, 3 claims', '200, 3 claims'])
    await handedOver(server, of, early, court)
    expect(await read(late, people.prosecutor, stranger, early, court)).toEqual([
      '200, 3 claims',
      '200, 3 claims',
      '403',
      '403',
      '200, 3 claims',
    ])
    // Who held it may neither grant it nor end what it granted; the issuer ends its own grant.
    expect(problemIn(await rule(server, early, { rule: 'grant', of: [named(of)], to: ['stranger'] })).code).toBe(
      'reference-not-found',
    )
    await taken(await rule(server, server.depositor, { rule: 'end', of: [named(of)], to: ['late'] }))
    expect(await read(late, people.prosecutor)).toEqual(['403', '200, 3 claims'])
  })

  it('no claim is erased that is under a hold or that a seal rests on; a grant whose terms are erased stands no more', async () => {
    const { server, people } = all
    const { court, prosecutor, late } = people
    const order = (
      by: Party,
      { index, leafHash, receipt }: DepositAnswer,
      digests: readonly string[],
      shown = showing(receipt),
    ): Promise<Answer> => {
      const sealed = { basis: 'decision 12' }
      const members = { of: [{ index, leafHash, digests }] }
      return server.post(server.sign(by, 'erasure.order', members, { sealed }).presentation, shown)
    }
    const made = server.deposit('held by order', { sealed: { note: 'a name' } })
    const digests = made.disclosures.map(({ digest }) => digest)
    const held = await taken(await server.post(made.presentation))
    await taken(await rule(server, court, { rule: 'hold', of: [named(held)] }))
    expect(problemIn(await order(prosecutor, held, digests, {})).code).toBe('reference-not-found')
    expect(problemIn(await order(prosecutor, held, digests)).code).toBe('under-hold')
    expect(cellOf('entry', await server.get(`/v1/entries/${held.index}`, server.depositor), held)).toBe('200, 1 claims')
    const terms = { rule: 'grant', of: [named(held)], to: ['late'], basis: 'a name' }
    const granting = server.sign(server.depositor, 'access.rule', {}, { sealed: { terms: terms as never } })
    const grant = await taken(await server.post(granting.presentation))
    expect(cellOf('entry', await server.get(`/v1/entries/${held.index}`, late), held)).toBe('200, 1 claims')
    await taken(
      await order(
        court,
        grant,
        granting.disclosures.map(({ digest }) => digest),
      ),
    )
    expect((await server.get(`/v1/entries/${held.index}`, late)).status).toBe(403)
    await taken(await rule(server, court, { rule: 'unhold', of: [named(held)] }))
    await taken(await order(prosecutor, held, digests))
    expect(cellOf('entry', await server.get(`/v1/entries/${held.index}`, server.depositor), held)).toBe('200, 0 claims')
    const again = await server.restart({ followers: ['auditor'] })
    all = { ...all, server: again }
    expect((await again.get(`/v1/entries/${held.index}`, late)).status).toBe(403)
  })
})
