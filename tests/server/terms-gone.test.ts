import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { Level } from 'level'
import { afterEach, describe, expect, it } from 'vitest'
import { serve } from '../../server/serve.ts'
import { serverSettings } from '../../server/settings.ts'
import type { AccessAnswer, DepositAnswer, EntriesAnswer, EntryAnswer } from '../../src/api/answers.ts'
import { accessToken } from '../../src/client/access-token.ts'
import { openClaims } from '../../src/ledger/claims-shut.ts'
import { backUpFolder } from '../../src/ledger/copy/final.ts'
import { restoreBackup } from '../../src/ledger/copy/restore.ts'
import { dataFolder } from '../../src/ledger/data-folder.ts'
import { disclosuresKey } from '../../src/ledger/leveldb/keys.ts'
import type { ComposedStatement } from '../../src/statements/compose.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Answer, type Party, problemIn, request, showing, type TestServer, testServer } from '../support/server.ts'

/* Rules of access whose sealed terms are gone, may be gone, or must not go. */
let server: TestServer
afterEach(() => server.remove())

interface Made {
  readonly made: ComposedStatement
  readonly at: DepositAnswer
}
const named = ({ at: { index, leafHash } }: Made): { index: number; leafHash: string } => ({ index, leafHash })
async function sent(made: ComposedStatement): Promise<Made> {
  const answer = await server.post(made.presentation)
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`)
  return { made, at: answer.json<DepositAnswer>() }
}
const deposited = (content: string): Promise<Made> =>
  sent(server.deposit(content, { sealed: { note: content, collection: { exhibit: 'EX-1' } } }))
const rule = (by: Party, terms: object): Promise<Made> =>
  sent(server.sign(by, 'access.rule', {}, { sealed: { terms: { basis: 'order 17', ...terms } as never } }))
async function claims(reader: Party, { at }: Made): Promise<number | string> {
  const answer = await server.get(`/v1/entries/${at.index}`, reader)
  return answer.status === 200 ? Object.keys(answer.json<EntryAnswer>().claims).length : answer.status
}

describe('CR-M4: a restored ledger whose claims are shut', () => {
  it('lets nobody read by terms, and tells none; its seals stand; opened, it is as it was', async () => {
    const { path, remove } = temporaryFolder()
    server = await testServer({ reading: 'participants' })
    const [court, lab] = [await server.admit('court', ['authority']), await server.admit('lab', ['attestor'])]
    const [of, sealed] = [await deposited('x'), await deposited('y')]
    const grant = await rule(server.depositor, { rule: 'grant', of: [named(of)], to: ['lab'] })
    await rule(court, { rule: 'seal', of: [named(sealed)] })
    await server.stop()
    const [out, root] = [join(path, 'backup'), join(path, 'restored')]
    await backUpFolder({ root: server.folder.root, out, final: false })
    server = await server.restart()
    const digests = grant.made.disclosures.map(({ digest }) => digest)
    const order = server.sign(
      court,
      'erasure.order',
      { of: [{ ...named(grant), digests }] },
      { sealed: { basis: 'D' } },
    )
    expect((await server.post(order.presentation, showing(grant.at.receipt))).status).toBe(201)
    await restoreBackup({ from: out, root, takeOver: true })
    cpSync(server.folder.folder.ledgerKey, dataFolder(root).ledgerKey)
    const ask = async (asked: (get: (at: string, who: Party) => Promise<Answer>) => Promise<void>): Promise<void> => {
      const settings = serverSettings.parse({ port: 0, logLevel: 'silent' })
      const running = await serve({ dataDir: root, settings, version: 'test' })
      try {
        await asked((at, who) => {
          const token = accessToken(who.id, who.key, running.url, Date.now())
          return request(running.url, at, { headers: { authorization: `Bearer ${token}` } })
        })
      } finally {
        await running.close()
      }
    }
    const [entry, access, list] = [`/v1/entries/${of.at.index}`, `/v1/entries/${of.at.index}/access`, '/v1/entries']
    await ask(async (get) => {
      expect((await get(entry, lab)).status).toBe(403)
      expect((await get(list, lab)).json<EntriesAnswer>().entries.map(({ index }) => index)).not.toContain(of.at.index)
      for (const who of [server.depositor, court]) expect(problemIn(await get(access, who)).code).toBe('claims-shut')
      expect((await get(access, lab)).status).toBe(403)
      // What the seal closed stays closed, to who sealed too; the issuer reads its own.
      expect((await get(`/v1/entries/${sealed.at.index}`, court)).status).toBe(403)
      expect((await get(`/v1/entries/${sealed.at.index}`, server.depositor)).status).toBe(200)
    })
    openClaims(dataFolder(root))
    await ask(async (get) => {
      expect((await get(entry, lab)).status).toBe(200)
      expect((await get(access, server.depositor)).json<AccessAnswer>().rules).toHaveLength(1)
    })
    remove()
  })
})

describe('CR-M5: terms that are missing', () => {
  it('and that nobody erased shut all claims and keep all from being erased, for a seal or hold may be lost with them; until the operator says that they are gone', async () => {
    server = await testServer({ reading: 'participants' })
    const [court, auditor] = [await server.admit('court', ['authority']), await server.admit('auditor', ['auditor'])]
    const [of, free] = [await deposited('x'), await deposited('y')]
    const seal = await rule(court, { rule: 'seal', of: [named(of)] })
    await server.stop()
    const { database } = dataFolder(server.folder.root)
    const level = new Level<Buffer, Buffer>(database, { keyEncoding: 'buffer', valueEncoding: 'buffer' })
    await level.del(disclosuresKey(seal.at.index))
    await level.close()
    server = await server.restart()
    expect(server.running.ledger.claimsRefusal).toMatchObject({
      code: 'database-thinned',
      message: expect.stringContaining(`entry ${seal.at.index} are missing`) as string,
    })
    expect([await claims(auditor, of), await claims(auditor, free), await claims(server.depositor, of)]).toEqual([
      0, 0, 0,
    ])
    const digests = free.made.disclosures.map(({ digest }) => digest)
    const order = server.sign(court, 'erasure.order', { of: [{ ...named(free), digests }] }, { sealed: { basis: 'D' } })
    expect(problemIn(await server.post(order.presentation, showing(free.at.receipt))).code).toBe('under-hold')
    // It takes deposits, and lacks the terms after each start until then.
    await deposited('later')
    server = await server.restart()
    expect(server.running.ledger.claimsRefusal?.code).toBe('database-thinned')
    await server.stop()
    const ledger = await server.folder.open()
    await expect(ledger.eraseDisclosures(free.at.index)).rejects.toMatchObject({ code: 'under-hold' })
    expect(await ledger.eraseDisclosures(seal.at.index, ['terms'])).toEqual(['terms'])
    await ledger.close()
    server = await server.restart()
    expect(server.running.ledger.claimsRefusal).toBeUndefined()
    expect(await claims(auditor, free)).toBe(2)
  })

  it('and were erased by an order, or by the operator, shut nothing', async () => {
    server = await testServer({ reading: 'participants' })
    const [court, lab] = [await server.admit('court', ['authority']), await server.admit('lab', ['attestor'])]
    const of = await deposited('x')
    const grants = [0, 1].map(() => rule(server.depositor, { rule: 'grant', of: [named(of)], to: ['lab'] }))
    const [first, second] = (await Promise.all(grants)) as [Made, Made]
    const digests = first.made.disclosures.map(({ digest }) => digest)
    const order = server.sign(
      court,
      'erasure.order',
      { of: [{ ...named(first), digests }] },
      { sealed: { basis: 'D' } },
    )
    expect((await server.post(order.presentation, showing(first.at.receipt))).status).toBe(201)
    await server.stop()
    const ledger = await server.folder.open()
    expect(await ledger.eraseDisclosures(second.at.index)).toEqual(['terms'])
    await ledger.close()
    server = await server.restart()
    expect(await claims(lab, of)).toBe(403)
  })
})

it('CR-M6: an operator erases neither the terms of a seal or hold that stands, nor what is under a hold', async () => {
  server = await testServer({ reading: 'participants' })
  const court = await server.admit('court', ['authority'])
  const of = await deposited('x')
  const challenge = await sent(
    server.sign(server.depositor, 'evidence.challenge', { of: named(of) }, { sealed: { reasons: 'on what ground' } }),
  )
  const seal = await rule(court, { rule: 'seal', of: [named(of)] })
  const hold = await rule(court, { rule: 'hold', of: [named(of)] })
  const free = await deposited('y')
  await server.stop()
  const ledger = await server.folder.open()
  for (const { at } of [seal, hold, of, challenge])
    await expect(ledger.eraseDisclosures(at.index)).rejects.toMatchObject({ code: 'under-hold' })
  // Nor does an order of the ledger that goes on from this one.
  const digests = challenge.made.disclosures.map(({ digest }) => digest)
  const [ordered] = await ledger.executeSuccessorOrders([{ by: 1, of: [{ ...named(challenge), digests }] }])
  expect(ordered).toMatchObject({ outcome: 'refused', code: 'under-hold' })
  expect(await ledger.eraseDisclosures(free.at.index)).toHaveLength(2)
  await ledger.close()
  server = await server.restart()
  expect(await claims(server.depositor, of)).toBe(2)
})
