import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { AccessAnswer, DepositAnswer, EntriesAnswer, EntryAnswer, ReceiptAnswer } from '../../src/api/answers.ts'
import { parseBundle } from '../../src/core/bundle.ts'
import { parseEntry } from '../../src/core/entry.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { type Party, problemIn, type TestServer, testServer } from '../support/server.ts'

interface Place {
  readonly index: number
  readonly leafHash: string
}

describe('rules of access in a ledger that everybody reads', () => {
  let server: TestServer
  let court: Party
  const readers = Array.from({ length: 8 }, (_, i) => `clerk-of-chamber-${i}`)
  const deposits: Place[] = []
  const stated: (Place & {
    readonly terms: { readonly of: Place[]; readonly to?: string[]; readonly basis: string }
  })[] = []

  /** States 32 rules of one sort, on 1 to 64 deposits each; each grant for one participant or several. */
  async function state(rule: 'grant' | 'seal'): Promise<void> {
    const rules = Array.from({ length: 32 }, (_, i) => ({
      rule,
      of: deposits.slice(0, i === 31 ? 64 : 2 * i + 1),
      basis: `Order ${rule === 'grant' ? i : 100 + i} on ${'the file '.repeat(i % 9)}`,
      ...(rule === 'grant' ? { to: readers.slice(0, 1 + (i % readers.length)) } : {}),
    }))
    const texts = rules.map(
      (terms) => server.sign(court, 'access.rule', {}, { sealed: { terms: terms as never } }).presentation,
    )
    const answers = await server.batch(texts)
    expect(answers.map(({ status }) => Number(status))).toEqual(rules.map(() => 201))
    for (const [i, terms] of rules.entries()) {
      const { index, leafHash } = answers[i] as Place
      stated.push({ index, leafHash, terms })
    }
  }

  beforeAll(async () => {
    server = await testServer({ reading: 'public' })
    court = await server.admit('court', ['authority'])
    for (const id of readers) await server.admit(id, ['attestor'])
    const made = Array.from({ length: 64 }, (_, i) => server.deposit(`deposit ${i}`).presentation)
    for (const { index, leafHash } of await server.batch(made)) deposits.push({ index, leafHash })
    await state('grant')
  }, 60_000)
  afterAll(() => server.remove())

  /** Everything in a text, and in each part of it that is base64url, as text. */
  const unpacked = (text: string): string =>
    [
      text,
      ...(text.match(/[A-Za-z0-9_-]{20,}/g) ?? []).map((part) => Buffer.from(part, 'base64url').toString('latin1')),
    ].join('\n')

  /** What of its terms some bytes tell. */
  function toldOf({ terms }: (typeof stated)[number], text: string): string[] {
    const all = unpacked(text)
    const hashes = terms.of.map(({ leafHash }) => Buffer.from(leafHash, 'base64'))
    const secrets = [
      ...(terms.to ?? []),
      ...hashes.flatMap((hash) =>
        (['base64', 'base64url', 'hex', 'latin1'] as const).map((form) => hash.toString(form)),
      ),
      terms.basis,
    ]
    return secrets.filter((one) => all.includes(one))
  }

  /** Words of the rule among members and values; random ones are left out, for they may spell anything. */
  function wordsIn(payload: EntryAnswer['payload']): string[] {
    const words = [
      'grant',
      'end',
      'seal',
      'unseal',
      'hold',
      'basis',
      'until',
      'grade',
      'to',
      'of',
      'rule',
      'terms',
      'Order',
    ]
    const text = JSON.stringify({ ...payload, _sd: [], jti: '', kind: '' })
    return words.filter((word) => new RegExp(`\\b${word}\\b`).test(text))
  }

  it.each(['grants alone', 'grants and seals'])('show in no bytes of what, for whom and why: %s', async (which) => {
    // Nothing is closed by a seal as long as there is none.
    if (which.includes('seals')) await state('seal')
    const size = await server.size()
    expect(size).toBeLessThan(256)
    const tile = await server.get(`/tile/entries/000.p/${size}`)
    const bundle = parseBundle(tile.body, size)
    const shapes = new Set<string>()
    for (const one of stated) {
      const entry = bundle[one.index] as Uint8Array
      const { payload } = (await server.get(`/v1/entries/${one.index}`)).json<EntryAnswer>()
      shapes.add(Object.keys(payload).sort().join(' '))
      const { receipt } = (await server.get(`/v1/entries/${one.index}/receipt`)).json<ReceiptAnswer>()
      const { disclosures, entryBytes } = parseReceipt(utf8(receipt))
      expect([disclosures, Buffer.from(entryBytes).equals(entry)]).toEqual([[], true])
      const { claims, statement, sealed } = (await server.get(`/v1/entries/${one.index}`)).json<EntryAnswer>()
      expect([claims, sealed]).toEqual([{}, 1])
      for (const text of [Buffer.from(entry).toString('latin1'), receipt, statement, JSON.stringify(payload)])
        expect([one.index, toldOf(one, text)]).toEqual([one.index, []])
      // No number within it but the common ones.
      const { iss, aud, jti, iat, kind, _sd, _sd_alg, ...more } = payload
      expect([iss, aud, kind, (_sd as unknown[]).length, _sd_alg, more]).toEqual([
        'court',
        server.origin,
        'access.rule',
        1,
        'sha-256',
        {},
      ])
      expect([typeof jti, typeof iat, wordsIn(payload)]).toEqual(['string', 'number', []])
    }
    expect([...shapes]).toEqual(['_sd _sd_alg aud iat iss jti kind'])
  })

  it('have one length, however much they say', () => {
    const lengths = new Set<number>()
    return server.get('/v1/entries?kind=access.rule&limit=1000').then(async (answer) => {
      const { entries } = answer.json<EntriesAnswer>()
      expect(entries).toHaveLength(64)
      const members = new Set(entries.map((entry) => Object.keys(entry).sort().join(' ')))
      expect([...members]).toEqual(['iss index kind leafHash time'.split(' ').sort().join(' ')])
      for (const one of stated) expect(toldOf(one, answer.text)).toEqual([])
      const size = await server.size()
      const bundle = parseBundle((await server.get(`/tile/entries/000.p/${size}`)).body, size)
      for (const { index } of stated) {
        const entry = parseEntry(bundle[index] as Uint8Array)
        lengths.add('statement' in entry ? String(entry.statement).length : 0)
      }
      expect(lengths.size).toBe(1)
    })
  })
})

describe('a deposit', () => {
  it('has at most 1,024 grants, and 1,024 seals and holds, as a server is asked to set them', async () => {
    const server = await testServer({ reading: 'participants' })
    try {
      const court = await server.admit('court', ['authority'])
      await server.admit('reader', ['attestor'])
      const { index, leafHash } = (await server.post(server.deposit('asked of').presentation)).json<DepositAnswer>()
      const of = [{ index, leafHash }]
      const said = (by: Party, terms: object): string =>
        server.sign(by, 'access.rule', {}, { sealed: { terms: { basis: 'order', of, ...terms } as never } })
          .presentation
      const grant = (): string => said(server.depositor, { rule: 'grant', to: ['reader'] })
      const seal = (i: number): string => said(court, { rule: i % 2 === 0 ? 'seal' : 'hold' })
      const setMany = async (make: (i: number) => string): Promise<void> => {
        for (let from = 0; from < 1024; from += 256) {
          const lines = Array.from({ length: 256 }, (_, i) => make(from + i))
          const answers = await server.batch(lines, { prefer: 'return=minimal' })
          expect(answers.filter(({ status }) => Number(status) !== 201)).toEqual([])
        }
      }
      await setMany(grant)
      const size = await server.size()
      const refused = problemIn(await server.post(grant()))
      expect([refused.code, refused.where, await server.size()]).toEqual(['access-too-many', 'terms.of[0]', size])
      expect(refused.detail).toContain('1024 participants with a grant')
      // Seals and holds are counted apart, and together.
      await setMany(seal)
      for (const one of [seal(0), seal(1)]) expect(problemIn(await server.post(one)).code).toBe('access-too-many')
      // What ends makes room.
      expect((await server.post(said(court, { rule: 'unhold' }))).status).toBe(201)
      expect((await server.post(seal(0))).status).toBe(201)
      expect((await server.post(said(server.depositor, { rule: 'end', to: ['reader'] }))).status).toBe(201)
      expect((await server.post(grant())).status).toBe(201)
      const { rules } = (await server.get(`/v1/entries/${index}/access`, server.depositor)).json<AccessAnswer>()
      expect(rules.filter(({ rule }) => rule === 'grant')).toHaveLength(1)
    } finally {
      await server.remove()
    }
  }, 120_000)
})
