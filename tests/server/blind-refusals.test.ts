import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { toBase64url } from '../../src/core/base64.ts'
import { makeDisclosure } from '../../src/core/disclosure.ts'
import { changesRegistry, kinds } from '../../src/statements/kinds.ts'
import { releaseBy, transferMembers } from '../support/custody.ts'
import { orderByChange, targetOf } from '../support/erasure.ts'
import { type Party, problemIn, showing, type TestServer, testServer } from '../support/server.ts'
import { itemFor } from '../support/statements.ts'

/*
 * What a refusal tells of entries that its receiver may not read: nothing, whatever else is wrong with the statement, and whatever rule finds it. The leaf
 * hashes of all entries are in the public tiles, so that anybody can refer to any of them.
 */
interface Reference {
  readonly index: number
  readonly leafHash: string
  readonly item?: number
}

let server: TestServer
let stranger: Party
let court: Party
let lab: Party
let auditor: Party
let reader: Party
let own: Reference
/** Entries that the stranger may not read, by what they are; and such as there are none. */
let unreadable: Readonly<Record<string, Reference>>

beforeAll(async () => {
  server = await testServer({ reading: 'participants' })
  stranger = await server.admit('stranger', ['depositor'])
  court = await server.admit('court', ['authority'])
  lab = await server.admit('lab', ['attestor'])
  auditor = await server.admit('auditor', ['auditor'])
  reader = await server.admit('reader', ['attestor'])
  const taken = async (presentation: string, shown?: string): Promise<Reference> => {
    const answer = await server.post(presentation, shown === undefined ? {} : showing(shown))
    if (answer.status !== 201) throw new Error(answer.text)
    const { index, leafHash } = answer.json<DepositAnswer>()
    return { index, leafHash }
  }
  const take = (by: Party, kind: string, members: object, sealed: object = {}, shown?: string): Promise<Reference> => {
    const { presentation } = server.sign(by, kind, members, { sealed: sealed as never })
    return taken(presentation, shown)
  }
  const items = [itemFor('1'), itemFor('2'), itemFor('3')]
  const deposit = await take(server.depositor, 'evidence.deposit', { items }, { note: 'n' })
  const receipt = (await server.get(`/v1/entries/${deposit.index}/receipt`, server.depositor)).json<{
    receipt: string
  }>().receipt
  const release = releaseOf(server.depositor, lab, [{ ...deposit, item: 0 }], deposit.index)
  const transfer = await take(lab, 'custody.transfer', transferMembers(release, 'accepted', 1))
  const event = await take(server.depositor, 'evidence.event', { of: deposit, event: 'opened' })
  const terms = { rule: 'grant', of: [deposit], to: ['reader', 'court'], basis: 'leave' }
  const rule = await take(server.depositor, 'access.rule', {}, { terms })
  const finding = await take(court, 'evidence.finding', { of: deposit, finding: 'excluded' }, {}, receipt)
  const challenge = await take(server.depositor, 'evidence.challenge', { of: deposit }, { reasons: 'why' })
  const attestation = await take(lab, 'evidence.attest', { of: { ...deposit, item: 0 }, as: 'holder' })
  const retraction = await take(server.depositor, 'evidence.retract', {
    of: { ...deposit, item: 1 },
    reason: 'mistake',
  })
  const units = { of: [{ ...deposit, item: 2 }] }
  const end = await take(server.depositor, 'custody.end', { ...units, how: 'lost' })
  const resumption = await take(server.depositor, 'custody.resume', { ...units, reason: 'found' })
  const [byCourt, byChange] = [
    server.deposit('e1', { sealed: { note: 'e1' } }),
    server.deposit('e2', { sealed: { note: 'e2' } }),
  ]
  const first = (await server.post(byCourt.presentation)).json<DepositAnswer>()
  const order = await take(
    court,
    'erasure.order',
    { of: [targetOf(byCourt, first)] },
    { basis: 'Decision 12' },
    first.receipt,
  )
  const operator = await server.admit('operator', ['operator'])
  const orderReceipt = (await server.get(`/v1/entries/${order.index}/receipt`, court)).json<{ receipt: string }>()
    .receipt
  const outcome = { of: order, where: 'backup', outcome: 'gone' }
  const report = await take(operator, 'erasure.report', outcome, {}, orderReceipt)
  const second = await server.admit('second', ['administrator'])
  const target = targetOf(byChange, (await server.post(byChange.presentation)).json<DepositAnswer>())
  const approvers = [server.administrator.key, second.key]
  const change = await taken(orderByChange(server.origin, [target], approvers, server.depositor))
  own = await take(stranger, 'evidence.deposit', { items: [itemFor('mine')] })
  unreadable = {
    deposit,
    'its last item': { ...deposit, item: 2 },
    'an item that it has not': { ...deposit, item: 3 },
    'an event': event,
    'a rule': rule,
    'a finding of an authority': finding,
    'a challenge': challenge,
    'an attestation': attestation,
    'a retraction': retraction,
    'a transfer of custody': transfer,
    'an end of custody': end,
    'custody taken up again': resumption,
    'an order of a court': order,
    'a report of an erasure': report,
    'an order of administrators': change,
    'another leaf hash': { ...deposit, leafHash: event.leafHash },
    'no entry': { ...deposit, index: 9999 },
  }
})
afterAll(() => server.remove())

const refusal = async (kind: string, members: object, sealed: object = {}): Promise<string> => {
  const { presentation } = server.sign(stranger, kind, members, { sealed: sealed as never })
  const { code, detail } = problemIn(await server.post(presentation))
  return `${code}: ${detail}`
}
/** What is answered to statements that differ in nothing but an entry that the stranger may not read. */
async function answers(probe: (of: Reference) => Promise<string>): Promise<Set<string>> {
  const all = new Set<string>()
  for (const of of Object.values(unreadable)) all.add((await probe(of)).replace(/[0-9a-f-]{36}/, 'UUID'))
  return all
}
/** A release of what its giver holds through entry `since`. */
const releaseOf = (from: Party, to: Party, exhibits: readonly Reference[], since: number): string =>
  releaseBy(from.key, {
    aud: server.origin,
    iss: from.id,
    to: to.id,
    since,
    iat: Math.floor(Date.now() / 1000),
    exhibits,
  })

it('the stranger may read none of the entries, of which one is of each kind that not every participant reads', async () => {
  const seen = new Set<string>()
  for (const { index } of Object.values(unreadable)) {
    const none = index === 9999 ? 404 : 403
    expect((await server.get(`/v1/entries/${index}`, stranger)).status).toBe(none)
    const asked = await server.get(`/v1/entries/${index}`, auditor)
    if (asked.status === 200) seen.add(asked.json<{ kind: string }>().kind)
  }
  const isForAll = (kind: string): boolean => changesRegistry(kind) && kind !== 'ledger.change'
  expect([...seen].sort()).toEqual(kinds.filter((kind) => !isForAll(kind)).sort())
})

describe('a refusal for something else', () => {
  it.each<[string, (of: Reference) => Promise<string>]>([
    ['nothing but the entry, an attestation', (of) => refusal('evidence.attest', { of, as: 'witness' })],
    ['nothing but the entry, an event', (of) => refusal('evidence.event', { of, event: 'opened' })],
    ['nothing but the entry, a challenge', (of) => refusal('evidence.challenge', { of }, { reasons: 'r' })],
    [
      'nothing but the entry, a grant',
      ({ index, leafHash }) => {
        const terms = { basis: 'b', rule: 'grant', of: [{ index, leafHash }], to: ['stranger'] }
        return refusal('access.rule', {}, { terms })
      },
    ],
    ['nothing but the entry, a retraction', (of) => refusal('evidence.retract', { of, reason: 'mistake' })],
    ['nothing but the entry, an end of custody', (of) => refusal('custody.end', { of: [of], how: 'lost' })],
    [
      'nothing but the entry, a relation',
      (of) => refusal('evidence.deposit', { items: [itemFor('y')], relates: [{ rel: 'same-as', ...of }] }),
    ],
    [
      'nothing but the entry, an order to erase, for which a role is needed',
      (of) => {
        const { digest } = makeDisclosure(Buffer.alloc(16, 1), 'basis', 'b')
        return refusal('erasure.order', { of: [{ ...of, digests: [digest] }] }, { basis: 'b' })
      },
    ],
    ['nothing but the entry, a report', (of) => refusal('erasure.report', { of, where: 'backup', outcome: 'gone' })],
    ['custody.resume of what is held still', (of) => refusal('custody.resume', { of: [own, of], reason: 'found' })],
    [
      'custody.end of one unit twice',
      (of) => refusal('custody.end', { of: [own, { ...own, item: 0 }, of], how: 'lost' }),
    ],
    [
      'custody.end by an order',
      (of) =>
        refusal('custody.end', {
          of: [own, { ...own, item: 0 }],
          how: 'disposed',
          order: { index: of.index, leafHash: of.leafHash },
        }),
    ],
    [
      'custody.transfer of a release withdrawn, too late',
      (of) =>
        refusal('custody.transfer', {
          release: releaseOf(stranger, court, [own, { ...own, item: 0 }, of], 100_000),
          outcome: 'withdrawn',
        }),
    ],
    [
      'evidence.deposit that relates to an item that is not there',
      (of) =>
        refusal('evidence.deposit', {
          items: [itemFor('z')],
          relates: [
            { rel: 'same-as', ...of },
            { rel: 'same-as', ...own, item: 7 },
          ],
        }),
    ],
    ['evidence.finding, for which a role is needed', (of) => refusal('evidence.finding', { of, finding: 'excluded' })],
  ])('is one and the same, whatever the entry is: %s', async (_, probe) => {
    expect([...(await answers(probe))]).toHaveLength(1)
  })
})

describe('a release that its giver did not sign', () => {
  /** A release in somebody's name: its key is known to all participants, and the signature is of nobody. */
  const forged = (as: Party, of: Reference, alg: string): string => {
    const header = { alg, typ: 'evidence-custody-release+jwt', kid: as.key.thumbprint }
    const iat = Math.floor(Date.now() / 1000)
    const payload = {
      aud: server.origin,
      iss: as.id,
      jti: crypto.randomUUID(),
      iat,
      exp: iat + 3600,
      since: 5,
      to: stranger.id,
      exhibits: [of],
    }
    const [head, body] = [header, payload].map((part) => toBase64url(utf8(JSON.stringify(part))))
    return `${head}.${body}.${toBase64url(new Uint8Array(64).fill(7))}`
  }
  const probe = (as: Party, of: Reference, alg: string): Promise<string> =>
    refusal('custody.transfer', { release: forged(as, of, alg), outcome: 'accepted', checked: ['match'] })

  it.each(['future', 'EdDSA'])('shows no entry to its receiver, with the algorithm %s', async (alg) => {
    for (const as of [auditor, lab, reader, server.depositor, court])
      expect({ as: as.id, answers: [...(await answers((of) => probe(as, of, alg)))] }).toEqual({
        as: as.id,
        answers: [expect.any(String)],
      })
  })

  it.each(['future', 'EdDSA'])(
    'does not tell who holds a unit, deposited it or may read it, with the algorithm %s',
    async (alg) => {
      const of = { ...(unreadable['deposit'] as Reference), item: 0 }
      const told = new Set<string>()
      for (const as of [auditor, lab, reader, server.depositor, court])
        told.add((await probe(as, of, alg)).replaceAll(as.id, 'ID'))
      expect([...told]).toHaveLength(1)
    },
  )
})

it('a release that its giver signed shows what the giver may read, and the transfer is taken', async () => {
  const deposit = { ...(unreadable['deposit'] as Reference), item: 1 }
  const release = releaseOf(server.depositor, stranger, [deposit], deposit.index)
  const sent = server.sign(stranger, 'custody.transfer', transferMembers(release, 'accepted', 1)).presentation
  const answer = await server.post(sent)
  expect([answer.status, answer.text]).toEqual([201, expect.any(String)])
})
