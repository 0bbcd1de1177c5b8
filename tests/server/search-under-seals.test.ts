import { Level } from 'level'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { DepositAnswer, EntriesAnswer, SearchAnswer } from '../../src/api/answers.ts'
import { type Answer, type Party, type TestServer, testServer } from '../support/server.ts'
import { sha256Hex } from '../support/statements.ts'

/*
 * Four values, each a digest, a case and an exhibit number. Of `open` and `mixed` five deposits stay open, by the same two issuers in the same
 * order; `mixed` has five more, which are sealed, two of them of an issuer that has no other. All of `sealed` is sealed. Nothing is `absent`.
 */
const values = ['open', 'mixed', 'sealed', 'absent'] as const
type Value = (typeof values)[number]
const ways: Readonly<Record<string, (value: Value) => string>> = {
  digest: (value) => `digest=sha256:${sha256Hex(value)}`,
  case: (value) => `case=${value}`,
  exhibit: (value) => `exhibit=EX-${value}`,
  'exhibit of the case': (value) => `exhibit=EX-${value}&case=${value}`,
}

interface Recorded {
  /** The answer to each page, with the ordinals of entries in place of their indices. */
  readonly pages: string[]
  /** What each page asked of the database, by its methods. */
  readonly reads: string[]
}

describe.each(['public', 'public, with open disclosures', 'participants'])(
  'under seals, where reading is %s',
  (mode) => {
    let server: TestServer
    const people = {} as Record<'stranger' | 'other' | 'third' | 'court', Party>
    const placesOf: Record<Value, number[]> = { open: [], mixed: [], sealed: [], absent: [] }
    const toSeal: { index: number; leafHash: string }[] = []
    let before: Record<string, Recorded>

    async function deposit(value: Value, by: Party, isSealed = false): Promise<void> {
      const sealed = { case: [{ number: value }], collection: { exhibit: `EX-${value}` } }
      const answer = await server.post(server.deposit(value, { sealed }, by).presentation)
      const { index, leafHash } = answer.json<DepositAnswer>()
      if (isSealed) toSeal.push({ index, leafHash })
      else placesOf[value].push(index)
    }

    /** What a request asks of the database, by its methods, and how many keys it is given. */
    async function counted(ask: () => Promise<Answer>): Promise<{ answer: Answer; reads: string }> {
      const spies = (['get', 'getMany', 'getSync', 'iterator', 'values'] as const).map((name) =>
        vi.spyOn(Level.prototype, name),
      )
      const given: number[] = []
      const keys = Reflect.get(Level.prototype, 'keys') as Level['keys']
      const keysSpy = vi.spyOn(Level.prototype, 'keys').mockImplementation(function (this: Level, ...options) {
        const found = keys.apply(this, options)
        const all = found.all.bind(found)
        found.all = async () => {
          const page = await all()
          given.push(page.length)
          return page
        }
        return found
      })
      try {
        const answer = await ask()
        const calls = [...spies.map((spy) => spy.mock.calls.length), keysSpy.mock.calls.length]
        return { answer, reads: `${calls.join(' ')}, ${given.reduce((sum, count) => sum + count, 0)} keys` }
      } finally {
        for (const spy of [...spies, keysSpy]) spy.mockRestore()
      }
    }

    /** All pages of a look-up, two entries each, from the beginning to the end. */
    async function look(way: string, value: Value, reader: Party | undefined): Promise<Recorded> {
      const [pages, reads]: [string[], string[]] = [[], []]
      const places = placesOf[value]
      for (let after = ''; ; ) {
        const query = (ways[way] as (value: Value) => string)(value)
        const asked = await counted(() => server.get(`/v1/entries?${query}&limit=2${after}`, reader))
        reads.push(asked.reads)
        if (asked.answer.status !== 200) {
          pages.push(asked.answer.text.replace(/"request":"[^"]*"/, ''))
          return { pages, reads }
        }
        const { entries, next } = asked.answer.json<EntriesAnswer>()
        const shown = entries.map(({ index, iss, kind }) => [places.indexOf(index), iss, kind])
        pages.push(JSON.stringify([shown, next === null ? null : places.indexOf(next)]))
        if (next === null) return { pages, reads }
        after = `&after=${next}`
      }
    }

    /** One search that names a value's digest, case and exhibit, each a hundred times. */
    async function search(value: Value, reader: Party | undefined): Promise<Recorded> {
      const names = {
        digests: [`sha256:${sha256Hex(value)}`],
        ...(mode === 'public' && reader === undefined ? {} : { cases: [value], exhibits: [`EX-${value}`] }),
      }
      const body = JSON.stringify(
        Object.fromEntries(Object.entries(names).map(([by, of]) => [by, Array(100).fill(of[0])])),
      )
      const authorization = reader === undefined ? {} : { authorization: `Bearer ${server.token(reader)}` }
      const headers = { 'content-type': 'application/json', ...authorization }
      const { answer, reads } = await counted(() =>
        server.request('/v1/entries/search', { method: 'POST', headers, body }),
      )
      if (answer.status !== 200) return { pages: [answer.text.replace(/"request":"[^"]*"/, '')], reads: [reads] }
      const shown = answer
        .json<SearchAnswer>()
        .results.map(({ entries, more }) => [entries?.map(({ index }) => placesOf[value].indexOf(index)), more])
      return { pages: [JSON.stringify(shown)], reads: [reads] }
    }

    async function lookAll(): Promise<Record<string, Recorded>> {
      const out: Record<string, Recorded> = {}
      for (const [who, reader] of [
        ['nobody', undefined],
        ['stranger', people.stranger],
        ['another authority', people.other],
      ] as const)
        for (const way of Object.keys(ways))
          for (const value of values) out[`${who}: ${way} ${value}`] = await look(way, value, reader)
      for (const [who, reader] of [
        ['nobody', undefined],
        ['stranger', people.stranger],
      ] as const)
        for (const value of values) out[`${who}: search for ${value}`] = await search(value, reader)
      for (const path of ['/v1/entries/1000000', '/v1/entries/1000000/access', '/v1/entries?digest=sha256:00']) {
        const { answer, reads } = await counted(() => server.get(path, people.stranger))
        const text = answer.text.replace(/"request":"[^"]*"/, '').replace(/the ledger has \d+/, 'the ledger has N')
        out[path] = { pages: [`${answer.status} ${text}`], reads: [reads] }
      }
      return out
    }

    beforeAll(async () => {
      const reading = mode === 'participants' ? mode : 'public'
      server = await testServer({ reading, openDisclosures: mode.includes('open') })
      people.stranger = await server.admit('stranger', ['depositor'])
      people.other = await server.admit('other', ['authority', 'depositor'])
      people.third = await server.admit('third', ['depositor'])
      people.court = await server.admit('court', ['authority'])
      const { depositor } = server
      for (const by of [depositor, people.third, depositor, people.third, depositor]) await deposit('open', by)
      before = await lookAll()
      for (const by of [depositor, people.third, depositor, people.third, depositor]) {
        await deposit('mixed', by, true)
        await deposit('mixed', by)
      }
      const aside = await server.admit('aside', ['depositor'])
      for (const by of [aside, depositor, aside]) await deposit('sealed', by, true)
      for (let i = 0; i < 2; i++) await deposit('mixed', aside, true)
      // Far more than a page.
      for (let i = 0; i < 40; i++) await deposit('sealed', people.third, true)
      const terms = { rule: 'seal', of: toSeal, basis: 'order 17' }
      const sealing = server.sign(people.court, 'access.rule', {}, { sealed: { terms: terms as never } })
      const { status } = await server.post(sealing.presentation)
      if (status !== 201) throw new Error(`the seal was answered ${status}`)
    }, 60_000)
    afterAll(() => server.remove())

    it('a look-up of what is sealed is answered, page by page, as one of what there is not: bytes, cursor and reads', async () => {
      const after = await lookAll()
      const named = Object.keys(after).filter((name) => name.endsWith(' sealed'))
      expect(named).toHaveLength(14)
      for (const name of named) {
        expect([name, after[name]]).toEqual([name, after[name.replace(/sealed$/, 'absent')]])
        // What is sealed beside it changes nothing of what is open.
        const mixed = name.replace(/sealed$/, 'mixed')
        expect([name, after[mixed]]).toEqual([name, after[name.replace(/sealed$/, 'open')]])
      }
      // And all of it is as if there were no seals in the ledger; where nothing but one's own is found, the reads too.
      const names = Object.keys(before).filter((name) => !/ (?:mixed|sealed)$/.test(name))
      const parts = (all: Record<string, Recorded>): unknown[] =>
        names.map((name) => [name, all[name]?.pages, mode === 'participants' ? all[name]?.reads : []])
      expect(parts(after)).toEqual(parts(before))
      // Where everybody reads, five are found in three pages.
      const found = after['nobody: digest mixed']?.pages.map((page) => page.slice(0, 5))
      const wanted = mode === 'participants' ? found?.slice(0, 1) : ['[[[0,', '[[[2,', '[[[4,']
      expect(found).toEqual(wanted)
    })

    it('what is sealed is found by who sealed it, in pages', async () => {
      const found: number[] = []
      for (let after = ''; ; ) {
        const page = await server.get(`/v1/entries?case=sealed&limit=3${after}`, people.court)
        const { entries, next } = page.json<EntriesAnswer>()
        found.push(...entries.map(({ index }) => index))
        if (next === null) break
        expect(entries).toHaveLength(3)
        after = `&after=${next}`
      }
      const wanted = toSeal.map(({ index }) => index)
      expect(found).toHaveLength(43)
      expect(found.every((index) => wanted.includes(index))).toBe(true)
    })
  },
)
