import { afterEach, describe, expect, it } from 'vitest'
import type { DepositAnswer, EntriesAnswer, EntryAnswer, ReceiptAnswer, StatusAnswer } from '../../src/api/answers.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { statusHash } from '../../src/core/entry.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { type Answer, type Party, soundReceipt, type TestServer, testServer } from '../support/server.ts'
import { sha256Hex } from '../support/statements.ts'

let server: TestServer
afterEach(() => server.remove())

async function taken(answer: Answer): Promise<DepositAnswer> {
  if (answer.status !== 201) throw new Error(`${answer.status} ${answer.text}`)
  return answer.json<DepositAnswer>()
}

async function sealing(by: Party, { index, leafHash }: DepositAnswer): Promise<void> {
  const terms = { rule: 'seal', of: [{ index, leafHash }], basis: 'order 17' }
  await taken(await server.post(server.sign(by, 'access.rule', {}, { sealed: { terms: terms as never } }).presentation))
}

describe.each(['participants', 'public'] as const)('a seal where reading is %s', (reading) => {
  it('closes neither retraction nor revocation to who has the entry, and alters no byte of a tile', async () => {
    server = await testServer({ reading })
    const [stranger, court, auditor] = [
      await server.admit('stranger', ['attestor'], 'court'),
      await server.admit('court', ['authority']),
      await server.admit('auditor', ['auditor']),
    ]
    const givers = [await server.admit('giver-a', ['depositor']), await server.admit('giver-b', ['depositor'])]
    const deposits: DepositAnswer[] = []
    for (const giver of givers)
      deposits.push(
        await taken(await server.post(server.deposit('alike', { sealed: { note: 'a name' } }, giver).presentation)),
      )
    const tiles = async (size: number): Promise<string[]> => {
      const paths = [`/tile/0/000.p/${size}`, `/tile/entries/000.p/${size}`]
      const answers = await Promise.all(paths.map((path) => server.get(path, auditor)))
      expect(answers.map(({ status }) => status)).toEqual([200, 200])
      return answers.map(({ body }) => body.toString('base64'))
    }
    const size = await server.size()
    const before = await tiles(size)
    const [open, sealed] = deposits as [DepositAnswer, DepositAnswer]
    await sealing(court, sealed)
    expect(await tiles(size)).toEqual(before)
    for (const [i, giver] of givers.entries()) {
      const { index, leafHash } = deposits[i] as DepositAnswer
      const members = { of: { index, leafHash }, reason: 'mistake' }
      await taken(await server.post(server.sign(giver, 'evidence.retract', members).presentation))
      await server.administer('participant.revoke', { key: giver.key.thumbprint, reason: 'requested' })
    }
    expect(await tiles(size)).toEqual(before)
    const told = async ({ index, receipt }: DepositAnswer, reader?: Party): Promise<unknown[]> => {
      const hash = toBase64(statusHash(parseReceipt(utf8(receipt ?? '')).entryBytes))
      const answer = await server.get(`/v1/entries/${index}/status?entryHash=${encodeURIComponent(hash)}`, reader)
      expect(answer.status).toBe(200)
      return answer
        .json<StatusAnswer>()
        .events.map(({ what, code, kind, entry }) => [what, code, kind, entry !== undefined])
    }
    for (const reader of [undefined, stranger, court]) {
      expect(await told(sealed, reader)).toEqual(await told(open, reader))
      expect(await told(sealed, reader)).toEqual([
        ['retracted', 'mistake', 'evidence.retract', true],
        ['key-revoked', 'requested', 'participant.revoke', true],
      ])
    }
  })
})

describe('a seal where all claims were open', () => {
  it('takes back nothing that was handed out, and lets the server answer no more of it', async () => {
    server = await testServer({ reading: 'public', openDisclosures: true })
    const court = await server.admit('court', ['authority'])
    const stranger = await server.admit('stranger', ['attestor'])
    const secret = '(2026)沪0104刑初4417号'
    const sealed = { case: [{ number: secret }], collection: { exhibit: 'EX-9' }, note: 'a name' }
    const deposit = await taken(await server.post(server.deposit('open to all', { sealed }).presentation))
    const { index } = deposit
    const asked = async (reader?: Party) => {
      const { claims, disclosures } = (await server.get(`/v1/entries/${index}`, reader)).json<EntryAnswer>()
      const { receipt } = (await server.get(`/v1/entries/${index}/receipt`, reader)).json<ReceiptAnswer>()
      const found: number[] = []
      for (const query of [
        `case=${encodeURIComponent(secret)}`,
        'exhibit=EX-9',
        `digest=sha256:${sha256Hex('open to all')}`,
      ])
        found.push((await server.get(`/v1/entries?${query}`, reader)).json<EntriesAnswer>().entries.length)
      return {
        receipt,
        told: [
          Object.keys(claims).length,
          disclosures.length,
          parseReceipt(utf8(receipt)).disclosures.length,
          ...found,
        ],
      }
    }
    const handedOut = (await asked()).receipt
    expect((await asked()).told).toEqual([3, 3, 3, 1, 1, 1])
    await sealing(court, deposit)
    for (const reader of [undefined, stranger]) expect((await asked(reader)).told).toEqual([0, 0, 0, 0, 0, 0])
    expect((await asked(server.depositor)).told).toEqual([3, 3, 3, 1, 1, 1])
    // What somebody has stays what it was: valid, with its claims, and the status says nothing against it.
    const { entryBytes, disclosures } = soundReceipt(server, handedOut)
    expect(disclosures).toHaveLength(3)
    const hash = encodeURIComponent(toBase64(statusHash(entryBytes)))
    const status = (await server.get(`/v1/entries/${index}/status?entryHash=${hash}`)).json<StatusAnswer>()
    expect(status.events).toEqual([])
  })
})
