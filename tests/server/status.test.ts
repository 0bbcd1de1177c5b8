import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer, ReceiptAnswer, StatusAnswer } from '../../src/api/answers.ts'
import { composePossession } from '../../src/statements/compose.ts'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { fromBase64, toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { statusHash } from '../../src/core/entry.ts'
import { thumbprint } from '../../src/core/jwk.ts'
import { parsePolicy } from '../../src/core/policy.ts'
import { type CheckedReceipt, checkReceipt } from '../../src/verify/check-receipt.ts'
import { checkStatus } from '../../src/verify/check-status.ts'
import { policyOfFolder } from '../support/folder.ts'
import { type Party, problemIn, showing, type TestServer, testServer } from '../support/server.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor } from '../support/statements.ts'

type Event = StatusAnswer['events'][number]

/** Everything that may happen to a deposit, in a real ledger read by participants. */
let server: TestServer
let platform: Party
let court: Party
let deposited: DepositAnswer
let receipt: CheckedReceipt
let reference: { index: number; leafHash: string }

function checked(text: string): CheckedReceipt {
  const result = checkReceipt(utf8(text), policyOfFolder(server.folder))
  if (result.receipt === undefined) throw new Error('the receipt cannot be read')
  return result
}

function pathOf(index: number, entryHash: string, more = ''): string {
  return `/v1/entries/${index}/status?entryHash=${encodeURIComponent(entryHash)}${more}`
}

/** What shows that somebody has the deposit's bytes. */
function ownHash(): string {
  return toBase64(statusHash(receipt.receipt.entryBytes))
}

async function status(more = '', reader?: Party): Promise<StatusAnswer> {
  const answer = await server.get(pathOf(reference.index, ownHash(), more), reader)
  expect(answer.status).toBe(200)
  return answer.json<StatusAnswer>()
}

async function rotate(who: Party): Promise<Party> {
  const key = signerNamed(`${who.id} second`)
  const jti = '11111111-2222-4333-8444-555555555555'
  const place = { aud: server.origin, iss: who.id, jti, old: thumbprint(who.key.jwk) }
  const members = { newKey: key.jwk, possession: composePossession(place, key) }
  expect((await server.post(server.sign(who, 'participant.rotate-key', members, { jti }).presentation)).status).toBe(
    201,
  )
  return { id: who.id, key }
}

beforeAll(async () => {
  server = await testServer({ reading: 'participants' })
  platform = await server.admit('platform', ['depositor'])
  court = await server.admit('court', ['attestor', 'depositor'])
  deposited = (await server.post(server.deposit('a', { sealed: { note: 'secret' } }, platform).presentation)).json()
  reference = { index: deposited.index, leafHash: deposited.leafHash }
  receipt = checked(deposited.receipt as string)
  await server.post(server.deposit('unrelated', {}, platform).presentation)
  const of = reference
  await server.post(
    server.sign(court, 'evidence.attest', { of, as: 'examiner' }).presentation,
    showing(deposited.receipt),
  )
  const relates = [
    { rel: 'corrects', ...reference },
    { rel: 'same-as', ...reference },
  ]
  const items = [itemFor('b')]
  await server.post(server.sign(court, 'evidence.deposit', { items, relates }).presentation, showing(deposited.receipt))
  const second = await rotate(platform)
  await server.post(server.sign(second, 'evidence.retract', { of, reason: 'mistake' }).presentation)
  const compromise = { reason: 'compromised', compromisedSince: '2026-01-01T00:00:00.000Z' }
  await server.administer('participant.revoke', { key: thumbprint(platform.key.jwk), ...compromise })
  await server.administer('participant.revoke', { participant: 'platform', reason: 'affiliation-ended' })
})
afterAll(() => server.remove())

const all = [
  'attested examiner',
  'related corrects',
  'related same-as',
  'key-rotated undefined',
  'retracted mistake',
  'key-revoked compromised',
  'participant-revoked affiliation-ended',
]

describe('the status of an entry', () => {
  it('lists all that happened to it, for a holder of the receipt, and proves it', async () => {
    const answer = await status(`&from=${receipt.receipt.proof.checkpoint.size}`)
    expect(answer.events.map(({ what, code }) => `${what} ${code}`)).toEqual(all)
    const { faults, unjudged, events, flagged, size } = checkStatus(answer, receipt, policyOfFolder(server.folder))
    expect([faults, unjudged, size]).toEqual([[], [], answer.size])
    expect(events.map(({ proven }) => proven)).toEqual([false, false, false, true, true, true, true])
    expect(flagged).toBe(true)
    expect(JSON.stringify(answer)).not.toContain('secret')
  })

  it('shows entries of others to those who may read them', async () => {
    expect((await status('', court)).events.every(({ entry }) => entry !== undefined)).toBe(true)
    expect((await status('', server.depositor)).events[0]?.entry).toBeUndefined()
  })

  it('is found by the client, with the consistency proof in the same answer', async () => {
    const client = new LedgerClient(server.url, undefined, { retries: 0 })
    const answer = await client.status(reference.index, receipt.receipt.entryBytes, { from: 3 })
    expect(checkStatus(answer, receipt, policyOfFolder(server.folder)).faults[0]?.code).toBe('consistency-invalid')
    const { proof } = receipt.receipt
    const right = await client.status(reference.index, receipt.receipt.entryBytes, { from: proof.checkpoint.size })
    expect(checkStatus(right, receipt, policyOfFolder(server.folder)).faults).toEqual([])
  })

  it('has pages', async () => {
    const first = await status('&after=5')
    const later = await status(`&after=${first.events[0]?.index}`)
    expect(later.events.length).toBeLessThan(first.events.length)
    expect(later.events.every(({ index }) => index > (first.events[0] as Event).index)).toBe(true)
  })

  it('says the same to a wrong entry hash as where there is no entry', async () => {
    const wrong = Buffer.from(fromBase64(ownHash())).fill(1, 31).toString('base64')
    const other = problemIn(await server.get(pathOf(reference.index, wrong)))
    const missing = problemIn(await server.get(pathOf(9999, ownHash())))
    expect(other.code).toBe('entry-not-found')
    const { instance: _one, request: _two, ...first } = other as unknown as Record<string, unknown>
    const { instance: _three, request: _four, ...second } = missing as unknown as Record<string, unknown>
    expect(first).toEqual(second)
  })

  it.each(['', 'x', 'A'.repeat(44), `${'A'.repeat(42)}B=`])('refuses the entry hash %j', async (hash) => {
    expect(problemIn(await server.get(pathOf(reference.index, hash))).code).toBe('query-invalid')
  })
})

describe('F-H4: the right to ask for a status', () => {
  const codeOf = async (path: string, reader?: Party): Promise<string> => {
    const answer = await server.get(path, reader)
    return answer.status === 200 ? 'told' : problemIn(answer).code
  }

  it('is not the leaf hash, which public tiles hold', async () => {
    const { index, leafHash } = reference
    const tile = (await server.get(`/tile/0/000.p/${index + 1}`)).body.subarray(32 * index, 32 * (index + 1))
    expect(toBase64(tile)).toBe(leafHash)
    const encoded = encodeURIComponent(leafHash)
    expect(await codeOf(`/v1/entries/${index}/status?entryHash=${encoded}`)).toBe('entry-not-found')
    expect(await codeOf(`/v1/entries/${index}/status?leafHash=${encoded}`)).toBe('query-invalid')
    expect(await codeOf(`/v1/entries/${index}/status`)).toBe('not-authenticated')
  })

  it('is that of nobody for another entry', async () => {
    expect(await codeOf(pathOf(reference.index + 1, ownHash()))).toBe('entry-not-found')
    expect(await codeOf(pathOf(0, ownHash()))).toBe('entry-not-found')
  })

  it('is also the right to read the entry', async () => {
    const auditor = await server.admit('reads-all', ['auditor'])
    const path = `/v1/entries/${reference.index}/status`
    expect(await codeOf(path, auditor)).toBe('told')
    expect(await codeOf(path, court)).toBe('not-permitted')
    expect(await codeOf(pathOf(reference.index, ownHash()), court)).toBe('told')
    // What is given must fit, also by those who may read.
    expect(await codeOf(pathOf(reference.index + 1, ownHash()), auditor)).toBe('entry-not-found')
    expect(await codeOf('/v1/entries/999999/status')).toBe('not-authenticated')
    expect(await codeOf('/v1/entries/999999/status', court)).toBe('entry-not-found')
  })

  it('is everybody’s where reading is public', async () => {
    const open = await testServer({ reading: 'public' })
    try {
      expect((await open.get('/v1/entries/1/status')).status).toBe(200)
    } finally {
      await open.remove()
    }
  })
})

describe('an answer that is not what it should be', () => {
  const edit = async (change: (answer: StatusAnswer) => void): Promise<string | undefined> => {
    const answer = structuredClone(await status(`&from=${receipt.receipt.proof.checkpoint.size}`))
    change(answer)
    const { faults, events } = checkStatus(answer, receipt, policyOfFolder(server.folder))
    expect(events).toEqual([])
    return faults[0]?.code
  }

  it.each<[string, string, (answer: StatusAnswer) => void]>([
    ['another entry', 'status-malformed', (answer) => Object.assign(answer, { index: 0 })],
    ['another size', 'status-malformed', (answer) => Object.assign(answer, { size: answer.size - 1 })],
    ['no proof of consistency', 'consistency-invalid', (answer) => Object.assign(answer, { consistency: undefined })],
    [
      'an event that is not there',
      'inclusion-invalid',
      (answer) => Object.assign(answer.events[0] as Event, { index: 9 }),
    ],
    [
      'an event that says something else',
      'status-malformed',
      (answer) => Object.assign(answer.events[4] as Event, { code: 'ordered' }),
    ],
    [
      'an event at another time',
      'status-malformed',
      (answer) => Object.assign(answer.events[4] as Event, { time: '2026-01-01T00:00:00.000Z' }),
    ],
    [
      'a compromise since another time',
      'status-malformed',
      (answer) => Object.assign(answer.events[5] as Event, { compromisedSince: '2027-01-01T00:00:00.000Z' }),
    ],
    [
      'an event that is nothing of ours',
      'status-malformed',
      (answer) => Object.assign(answer.events[0] as Event, { what: 'approved' }),
    ],
    ['events in another order', 'status-malformed', (answer) => answer.events.reverse()],
    ['a checkpoint signed by nobody', 'note-malformed', (answer) => Object.assign(answer, { checkpoint: 'x' })],
    ['hashes that are none', 'status-malformed', (answer) => Object.assign(answer, { hashes: ['x'] })],
    ['nothing', 'status-malformed', (answer) => Object.assign(answer, { events: null })],
  ])('%s', async (_name, code, change) => {
    expect(await edit(change)).toBe(code)
  })

  it('is a fault where it shows less than the receipt, and where another ledger signed it', async () => {
    const early = await status()
    await server.post(server.deposit('one more').presentation)
    const auditor = await server.admit('auditor', ['auditor'])
    const later = (await server.get(`/v1/entries/${reference.index}/receipt`, auditor)).json<ReceiptAnswer>()
    expect(checkStatus(early, checked(later.receipt), policyOfFolder(server.folder)).faults[0]?.code).toBe(
      'status-behind',
    )
    const stranger = parsePolicy(utf8('quorum none\n'))
    expect(checkStatus(early, receipt, stranger).faults[0]?.code).toBe('checkpoint-untrusted')
  })
})

describe('more events than one answer holds', () => {
  it('come in pages, each bound to the receipt’s checkpoint, and none twice', async () => {
    const answer = (await server.post(server.deposit('much attested').presentation)).json<DepositAnswer>()
    const own = checked(answer.receipt as string)
    const of = { index: answer.index, leafHash: answer.leafHash }
    const attests = Array.from(
      { length: 230 },
      () => server.sign(court, 'evidence.attest', { of, as: 'holder' }).presentation,
    )
    expect(
      (await server.batch(attests, showing(answer.receipt))).every(({ status: code }) => Number(code) === 201),
    ).toBe(true)
    const client = new LedgerClient(server.url, undefined, { retries: 0 })
    const indices: number[] = []
    const sizes: number[] = []
    for (let after: number | undefined; ; ) {
      const page = await client.status(of.index, own.receipt.entryBytes, {
        from: own.receipt.proof.checkpoint.size,
        after,
      })
      const { faults, events, next } = checkStatus(page, own, policyOfFolder(server.folder), after)
      expect(faults).toEqual([])
      indices.push(...events.map(({ index }) => index))
      sizes.push(events.length)
      if (next === undefined) break
      after = next
    }
    expect(sizes).toEqual([100, 100, 30])
    expect(indices).toEqual(Array.from({ length: 230 }, (_, i) => answer.index + 1 + i))
  })
})

describe('R8: events of large entries', () => {
  it('come in pages of bounded bytes; where a page ends tells nothing of entries that are not shown', async () => {
    const answer = (await server.post(server.deposit('much related').presentation)).json<DepositAnswer>()
    const own = checked(answer.receipt as string)
    const place = { index: answer.index, leafHash: answer.leafHash }
    const relates = Array.from({ length: 64 }, (_, i) => ({ rel: `x-${'r'.repeat(50)}${i}`, ...place }))
    const large = { ...itemFor('large'), mediaType: `application/${'m'.repeat(115)}` }
    const items = Array.from({ length: 64 }, () => ({
      ...large,
      digest: { ...large.digest, sha512: 'a'.repeat(128), 'sha3-256': 'b'.repeat(64) },
    }))
    for (let i = 0; i < 5; i++) {
      const { presentation } = server.sign(court, 'evidence.deposit', { items, relates })
      expect((await server.post(presentation, showing(answer.receipt))).status).toBe(201)
    }
    const pages = async (identity?: { id: string; signer: Party['key'] }): Promise<number[]> => {
      const client = new LedgerClient(server.url, identity, { retries: 0 })
      const sizes: number[] = []
      for (let after: number | undefined; ; ) {
        const page = (await client.status(place.index, own.receipt.entryBytes, { after })) as StatusAnswer
        const shown = page.events.reduce((sum, { entry }) => sum + fromBase64(entry ?? '').length, 0)
        expect(shown).toBeLessThanOrEqual(4 * 1024 * 1024)
        sizes.push(page.events.length)
        if (page.next === null || page.next === undefined) return sizes
        after = page.next
      }
    }
    expect(await pages({ id: court.id, signer: court.key })).toEqual([64, 64, 64, 64, 64])
    expect(await pages()).toEqual([128, 128, 64])
  })
})
