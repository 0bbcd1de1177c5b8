import { mkdirSync } from 'node:fs'
import { afterEach, expect, it } from 'vitest'
import type { DepositAnswer, EntriesAnswer } from '../../src/api/answers.ts'
import { dataFolder } from '../../src/ledger/data-folder.ts'
import type { ComposedStatement } from '../../src/statements/compose.ts'
import { showing, type TestServer, testServer } from '../support/server.ts'
import { isDisclosureText } from '../support/disclosures.ts'

/* Findings of the hostile review of reads that are under way: each of these fails until it is mended. */
let server: TestServer
afterEach(() => server.remove())

const named = ({ index, leafHash }: DepositAnswer): { index: number; leafHash: string } => ({ index, leafHash })
async function put(content: string, sealed: object): Promise<{ made: ComposedStatement; at: DepositAnswer }> {
  const made = server.deposit(content, { sealed: sealed as never })
  return { made, at: (await server.post(made.presentation)).json<DepositAnswer>() }
}

it('R9: receipts in bulk that are under way when a seal is acknowledged show no claims of what it closes', async () => {
  server = await testServer({ reading: 'participants' })
  const [court, auditor] = [await server.admit('court', ['authority']), await server.admit('auditor', ['auditor'])]
  const all: DepositAnswer[] = []
  for (let i = 0; i < 60; i++) all.push((await put(`content ${i}`, { note: `note ${i}` })).at)
  const indices = Array.from({ length: 8 }, () => all.map(({ index }) => index)).flat()
  const asked = server.request('/v1/receipts', {
    method: 'POST',
    headers: { authorization: `Bearer ${server.token(auditor)}`, 'content-type': 'application/json' },
    body: JSON.stringify({ indices }),
  })
  const terms = { rule: 'seal', of: all.map(named), basis: 'order 17' }
  const seal = await server.post(
    server.sign(court, 'access.rule', {}, { sealed: { terms: terms as never } }).presentation,
  )
  const sealedAt = performance.now()
  const rows = (await asked).text.trimEnd().split('\n')
  const later = performance.now() - sealedAt
  expect([seal.status, later > 0]).toEqual([201, true])
  const { receipt } = JSON.parse(rows.at(-1) as string) as { receipt: string }
  const shown = Buffer.from(/extra (\S+)/.exec(receipt)?.[1] ?? '', 'base64').toString()
  expect(shown.split(/[^A-Za-z0-9_-]+/).filter((part) => isDisclosureText(part))).toEqual([])
}, 60_000)

it('R10: an order whose execution failed leaves nothing to be found by what it names', async () => {
  server = await testServer({ reading: 'participants' })
  const [court, auditor] = [await server.admit('court', ['authority']), await server.admit('auditor', ['auditor'])]
  const { made, at } = await put('content', { case: [{ number: '(2026) 1' }] })
  mkdirSync(dataFolder(server.folder.root).erased)
  const of = [{ ...named(at), digests: made.disclosures.map(({ digest }) => digest) }]
  const order = server.sign(court, 'erasure.order', { of }, { sealed: { basis: 'Decision 12' } })
  expect((await server.post(order.presentation, showing(at.receipt))).status).toBe(503)
  const found = await server.get(`/v1/entries?case=${encodeURIComponent('(2026) 1')}`, auditor)
  expect(found.status === 200 ? found.json<EntriesAnswer>().entries : []).toEqual([])
})
