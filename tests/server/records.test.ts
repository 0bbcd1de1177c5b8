import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer, StatusAnswer } from '../../src/api/answers.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { statusHash } from '../../src/core/entry.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { checkStatus } from '../../src/verify/check-status.ts'
import { policyOfFolder } from '../support/folder.ts'
import { type Party, problemIn, showing, soundReceipt, type TestServer, testServer } from '../support/server.ts'

/* Records and access rules in a ledger that participants read: who is told of them, and who may make them. */

let server: TestServer
let lab: Party
let court: Party
let stranger: Party
let deposited: DepositAnswer
let challenge: DepositAnswer

const referenceTo = ({ index, leafHash }: DepositAnswer): { index: number; leafHash: string } => ({ index, leafHash })

/** Sends a statement about an entry whose receipt the sender shows. */
async function said(
  who: Party,
  kind: string,
  members: object,
  sealed: object,
  about: DepositAnswer,
): Promise<DepositAnswer> {
  const presentation = server.sign(who, kind, { of: referenceTo(about), ...members }, { sealed }).presentation
  const answer = await server.post(presentation, showing(about.receipt))
  expect(answer.status).toBe(201)
  return answer.json<DepositAnswer>()
}

async function status(of: DepositAnswer, reader?: Party): Promise<StatusAnswer> {
  const hash = toBase64(statusHash(soundReceipt(server, of.receipt).entryBytes))
  const answer = await server.get(`/v1/entries/${of.index}/status?entryHash=${encodeURIComponent(hash)}`, reader)
  expect(answer.status).toBe(200)
  return answer.json<StatusAnswer>()
}
const whats = ({ events }: StatusAnswer): string[] =>
  events.map(({ what, code, entry }) => `${what} ${code}${entry === undefined ? '' : ', shown'}`)

beforeAll(async () => {
  server = await testServer({ reading: 'participants' })
  lab = await server.admit('lab', ['attestor'])
  court = await server.admit('court', ['authority'])
  stranger = await server.admit('stranger', ['depositor'])
  deposited = (await server.post(server.deposit('a').presentation)).json<DepositAnswer>()
})
afterAll(() => server.remove())

describe('records', () => {
  it('are told to readers of the deposit alone, and whole', async () => {
    const before = await status(deposited, stranger)
    await said(lab, 'evidence.event', { event: 'opened' }, { note: 'secret' }, deposited)
    await said(lab, 'evidence.attest', { as: 'examiner' }, {}, deposited)
    challenge = await said(lab, 'evidence.challenge', {}, { ground: ['integrity'], reasons: 'secret' }, deposited)
    await said(court, 'evidence.finding', { finding: 'excluded' }, { reasons: 'secret' }, deposited)
    const all = ['recorded opened, shown', 'attested examiner', 'challenged undefined, shown', 'found excluded, shown']
    const own = await status(deposited, server.depositor)
    expect(whats(own)).toEqual(all)
    expect(JSON.stringify(own)).not.toContain('secret')
    for (const reader of [undefined, stranger, lab, court])
      expect((await status(deposited, reader)).events.filter(({ what }) => what !== 'attested')).toEqual(before.events)
    const auditor = await server.admit('auditor', ['auditor'])
    expect(whats(await status(deposited, auditor))).toEqual(all.map((one) => one.replace(/(examiner)$/, '$1, shown')))
  })

  it('are proven by the answer, and one that is told without its entry is refused', async () => {
    const receipt = checkReceipt(utf8(deposited.receipt as string), policyOfFolder(server.folder))
    const judge = (answer: StatusAnswer): unknown[] => {
      if (receipt.receipt === undefined) throw new Error('the receipt cannot be read')
      const { faults, events } = checkStatus(answer, receipt, policyOfFolder(server.folder))
      return [faults.map(({ code }) => code), events.map((event) => event.proven)]
    }
    const hash = toBase64(statusHash(soundReceipt(server, deposited.receipt).entryBytes))
    const path = `/v1/entries/${deposited.index}/status?entryHash=${encodeURIComponent(hash)}&from=${deposited.index + 1}`
    const whole = (await server.get(path, server.depositor)).json<StatusAnswer>()
    expect(judge(whole)).toEqual([[], [true, false, true, true]])
    for (const what of ['recorded', 'challenged', 'found']) {
      const events = whole.events.map(({ entry, ...event }) =>
        event.what === what || entry === undefined ? event : { ...event, entry },
      )
      expect(judge({ ...whole, events })).toEqual([['status-malformed'], []])
    }
    const relabelled = whole.events.map((event) => (event.what === 'found' ? { ...event, code: 'admitted' } : event))
    expect(judge({ ...whole, events: relabelled })).toEqual([['status-malformed'], []])
  })

  it('about a challenge are told to everybody who has its bytes', async () => {
    await said(court, 'evidence.finding', { finding: 'left-open' }, {}, challenge)
    for (const reader of [undefined, server.depositor, lab])
      expect(whats(await status(challenge, reader))).toEqual(['found left-open, shown'])
  })

  it('are refused of what the signer may not read and does not show, in one and the same words', async () => {
    const refusal = async (of: object): Promise<object> => {
      const answer = await server.post(server.sign(lab, 'evidence.event', { of, event: 'copied' }).presentation)
      const { code, detail } = problemIn(answer)
      return { code, detail }
    }
    const own = await refusal(referenceTo(deposited))
    expect(own).toMatchObject({ code: 'reference-not-found' })
    expect(await refusal({ ...referenceTo(deposited), leafHash: toBase64(new Uint8Array(32)) })).toEqual(own)
  })

  it('beyond what one answer holds end no page of a stranger’s', async () => {
    const busy = (await server.post(server.deposit('much used').presentation)).json<DepositAnswer>()
    const of = referenceTo(busy)
    const presentations = Array.from(
      { length: 230 },
      () => server.sign(lab, 'evidence.event', { of, event: 'examined' }).presentation,
    )
    const sent = await server.batch(presentations, showing(busy.receipt))
    expect(sent.every(({ status: code }) => Number(code) === 201)).toBe(true)
    const { events, next } = await status(busy, stranger)
    expect([events, next]).toEqual([[], null])
    const own = await status(busy, server.depositor)
    expect([own.events.length, own.next]).toEqual([100, own.events.at(-1)?.index])
  })
})

describe('an access rule', () => {
  const terms = (over: object = {}): object => ({
    rule: 'grant',
    of: [referenceTo(deposited)],
    to: ['lab'],
    basis: 'secret',
    ...over,
  })
  const rule = (who: Party, sealed: object): string => server.sign(who, 'access.rule', {}, { sealed }).presentation

  it('is taken with terms of their form, and shows nothing of them', async () => {
    const answer = await server.post(rule(server.depositor, { terms: terms() }))
    expect(answer.status).toBe(201)
    const { receipt } = answer.json<DepositAnswer>()
    const { entryBytes } = soundReceipt(server, receipt)
    for (const secret of ['secret', '"lab"', deposited.leafHash]) {
      const [, payload = ''] = Buffer.from(entryBytes).toString().split('.')
      expect(Buffer.from(payload, 'base64url').toString()).not.toContain(secret)
    }
    expect(whats(await status(deposited, server.depositor))).not.toContain('access')
  })

  it.each<[string, () => object]>([
    ['without their disclosure’s form', () => ({ terms: terms({ rule: 'lock' }) })],
    ['for nobody', () => ({ terms: terms({ to: undefined }) })],
    ['of an item', () => ({ terms: terms({ of: [{ ...referenceTo(deposited), item: 0 }] }) })],
    ['under another name', () => ({ note: 'x' })],
  ])('is refused with terms %s', async (_name, sealed) => {
    expect(problemIn(await server.post(rule(server.depositor, sealed()))).code).toBe('disclosure-claim')
  })

  it('is found by its kind by its signer alone', async () => {
    const found = async (reader: Party): Promise<number> =>
      (await server.get('/v1/entries?kind=access.rule', reader)).json<{ entries: unknown[] }>().entries.length
    expect([await found(server.depositor), await found(lab), await found(stranger)]).toEqual([1, 0, 0])
  })
})
