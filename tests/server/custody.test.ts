import { randomUUID } from 'node:crypto'
import { Level } from 'level'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { CustodyAnswer, DepositAnswer, StatusAnswer } from '../../src/api/answers.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { statusHash } from '../../src/core/entry.ts'
import { readOwnKey } from '../../src/ledger/data-folder.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { composePossession } from '../../src/statements/compose.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import { checkStatus } from '../../src/verify/check-status.ts'
import { walk } from '../../src/verify/walk.ts'
import { releaseBy, type ReleaseOptions, transferMembers, type UnitReference } from '../support/custody.ts'
import { policyOfFolder } from '../support/folder.ts'
import { type Answer, type Party, problemIn, type TestServer, testServer } from '../support/server.ts'
import { signerNamed } from '../support/signers.ts'
import type { StatementOptions } from '../support/statements.ts'

/** A clock that a test sets forward, elapsed time with it. */
let passedMs = 0
const clock = { wall: () => Date.now() + passedMs, monotonic: () => performance.now() + passedMs }
const now = (): number => Math.floor(clock.wall() / 1000)

let server: TestServer
let giver: Party
let receiver: Party
let third: Party
let court: Party
beforeAll(async () => {
  server = await testServer({ reading: 'participants', clock })
  giver = await server.admit('giver', ['depositor'])
  receiver = await server.admit('receiver', ['attestor'])
  third = await server.admit('third-party', ['depositor'])
  court = await server.admit('court', ['authority'])
})
afterAll(() => server.remove())

/** A new deposit of two items by the giver. */
async function exhibit(): Promise<UnitReference> {
  const items = [randomUUID(), randomUUID()].map((text) => ({
    size: 36,
    digest: { sha256: hexOf(text) },
  }))
  const sealed = { note: 'in a safe' }
  const answer = await server.post(server.sign(giver, 'evidence.deposit', { items }, { sealed }).presentation)
  expect(answer.status).toBe(201)
  const { index, leafHash } = answer.json<DepositAnswer>()
  return { index, leafHash }
}

function hexOf(text: string): string {
  return Buffer.from(text.replaceAll('-', '').repeat(2), 'hex').toString('hex')
}

type HandOver = Partial<ReleaseOptions> & { outcome?: string; options?: StatementOptions; key?: Party['key'] }

async function presented(from: Party, to: Party, of: UnitReference, over: HandOver = {}): Promise<string> {
  const { outcome = 'accepted', options, key = from.key, ...more } = over
  const told = {
    aud: server.origin,
    iss: from.id,
    to: to.id,
    exhibits: [of],
    since: (await server.size()) - 1,
    iat: now(),
  }
  const release = releaseBy(key, { ...told, ...more })
  const by = outcome === 'withdrawn' ? from : to
  return server.sign(by, 'custody.transfer', transferMembers(release, outcome, 1), options).presentation
}

async function hand(from: Party, to: Party, of: UnitReference, over?: HandOver): Promise<Answer> {
  return server.post(await presented(from, to, of, over))
}

const codeOf = (answer: Answer): string => (answer.status < 300 ? String(answer.status) : problemIn(answer).code)
const mayRead = async ({ index }: UnitReference, reader: Party): Promise<boolean> =>
  (await server.get(`/v1/entries/${index}`, reader)).status === 200

describe('a server asked for custody', () => {
  it('passes it, with the right to read, by what both sides signed', async () => {
    const of = await exhibit()
    expect(await mayRead(of, receiver)).toBe(false)
    expect(codeOf(await hand(giver, receiver, of))).toBe('201')
    expect([await mayRead(of, receiver), await mayRead(of, giver), await mayRead(of, third)]).toEqual([
      true,
      true,
      false,
    ])
    const entry = (await server.get(`/v1/entries/${of.index}`, receiver)).json<{ disclosures: string[] }>()
    expect(entry.disclosures).toHaveLength(1)
    expect(codeOf(await hand(receiver, third, of))).toBe('201')
    expect([await mayRead(of, receiver), await mayRead(of, third)]).toEqual([false, true])
  })

  it('names the holder only to who may read the deposit', async () => {
    const of = await exhibit()
    await hand(giver, receiver, of)
    const toStranger = await hand(giver, third, of)
    expect(codeOf(toStranger)).toBe('custody-not-holder')
    expect(toStranger.text).not.toContain('receiver')
    expect(problemIn(toStranger)).not.toHaveProperty('expected')
    const toIssuer = await hand(giver, third, of, { outcome: 'withdrawn' })
    expect(problemIn(toIssuer).detail).toContain('its custodian is receiver')
    // After it was handed on, the custodian before may read no more, and is told as little.
    await hand(receiver, third, of)
    const toFormer = await hand(receiver, giver, of, { outcome: 'withdrawn' })
    expect([codeOf(toFormer), toFormer.text.includes('third-party')]).toEqual(['reference-not-found', false])
  })

  it('tells nothing of an entry to who forges a release', async () => {
    const of = await exhibit()
    const nowhere = { ...of, index: 1_000_000 }
    const forged = async (what: UnitReference) => hand(giver, third, what, { key: third.key })
    const words = async (what: UnitReference): Promise<string> => problemIn(await forged(what)).detail
    expect(codeOf(await forged(of))).toBe('release-key')
    expect(await words(nowhere)).toBe(await words(of))
    const told = { aud: server.origin, iss: giver.id, to: third.id, exhibits: [of], since: of.index, iat: now() }
    const spoilt = (what: UnitReference): string =>
      `${releaseBy(giver.key, { ...told, exhibits: [what] }).slice(0, -8)}AAAAAAAA`
    const sent = async (what: UnitReference) =>
      server.post(server.sign(third, 'custody.transfer', transferMembers(spoilt(what), 'accepted', 1)).presentation)
    expect([codeOf(await sent(of)), codeOf(await sent(nowhere))]).toEqual(['release-signature', 'release-signature'])
    // Who may read nothing shows nothing by its release.
    const theirs = (what: UnitReference): Promise<Answer> => hand(third, receiver, what)
    expect([codeOf(await theirs(of)), codeOf(await theirs(nowhere))]).toEqual([
      'reference-not-found',
      'reference-not-found',
    ])
  })

  it('gives the first answer again after the release has ended, and lets nobody use it anew', async () => {
    const of = await exhibit()
    const release = { exp: now() + 60, jti: randomUUID() }
    const sent = await presented(giver, receiver, of, release)
    const first = (await server.post(sent)).json<DepositAnswer>()
    passedMs += 120_000
    const again = await server.post(sent)
    expect([again.status, again.json<DepositAnswer>().index]).toEqual([200, first.index])
    expect(codeOf(await hand(giver, receiver, of, release))).toBe('release-expired')
    expect(codeOf(await hand(giver, receiver, of, { jti: release.jti }))).toBe('release-used')
  })

  it('takes the first of two releases in one group, and one release once', async () => {
    const [one, two] = [await exhibit(), await exhibit()]
    const jti = randomUUID()
    const lines = [
      await presented(giver, receiver, one),
      await presented(giver, third, one),
      await presented(giver, receiver, two, { jti, outcome: 'rejected' }),
      await presented(giver, receiver, two, { jti }),
      await presented(giver, third, two),
    ]
    const codes = (await server.batch(lines)).map(({ code, status }) => code ?? status)
    expect(codes).toEqual([201, 'custody-not-holder', 201, 'release-used', 201])
    expect([await mayRead(one, receiver), await mayRead(one, third)]).toEqual([true, false])
    expect([await mayRead(two, receiver), await mayRead(two, third)]).toEqual([false, true])
  })

  it('takes no release by a key that was replaced before it, though in one group', async () => {
    const of = await exhibit()
    const early = await presented(giver, receiver, of)
    const newKey = signerNamed(`new key ${randomUUID()}`)
    const jti = randomUUID()
    const aud = server.origin
    const possession = composePossession({ aud, iss: giver.id, jti, old: giver.key.thumbprint }, newKey)
    const rotation = server.sign(giver, 'participant.rotate-key', { newKey: newKey.jwk, possession }, { jti })
    const codes = (await server.batch([rotation.presentation, early])).map(({ code, status }) => code ?? status)
    expect(codes).toEqual([201, 'release-key'])
    giver = { ...giver, key: newKey }
    expect(codeOf(await hand(giver, receiver, of))).toBe('201')
  })

  it('takes no release whose giver, or giver’s key, is revoked before it, nor from a receiver that is, though in one group', async () => {
    const revoked: string[] = []
    for (const which of ['key', 'participant', 'receiver']) {
      const from = await server.admit(`giver-${which}`, ['depositor'])
      const to = await server.admit(`receiver-${which}`, ['depositor'])
      const { presentation } = server.deposit(`of ${from.id}`, {}, from)
      const { index, leafHash } = (await server.post(presentation)).json<DepositAnswer>()
      const transfer = await presented(from, to, { index, leafHash })
      const whom = {
        key: { key: from.key.thumbprint },
        participant: { participant: from.id },
        receiver: { participant: to.id },
      }[which]
      const revocation = server.sign(server.administrator, 'participant.revoke', { ...whom, reason: 'requested' })
      const answers = await server.batch([revocation.presentation, transfer])
      revoked.push(...answers.map(({ code, status }) => code ?? String(status)))
      // Nothing moved: its depositor holds it still.
      const held = (await server.get(`/v1/entries/${index}/custody`, court)).json<CustodyAnswer>()
      expect(JSON.stringify(held)).not.toContain(to.id)
    }
    expect(revoked).toEqual(['201', 'release-key', '201', 'release-key', '201', 'participant-revoked'])
  })

  it('moves by order what an authority releases, to who has the receipt', async () => {
    const of = await exhibit()
    const inLieu = 'holder-gone'
    expect(codeOf(await hand(court, third, of, { inLieu }))).toBe('reference-not-found')
    // A custodian before has read it.
    await hand(giver, third, of)
    expect(codeOf(await hand(court, third, of, { inLieu }))).toBe('201')
    expect(codeOf(await hand(giver, receiver, of, { inLieu }))).toBe('in-lieu-authority')
  })

  it('tells of a transfer that its giver’s key was compromised, and proves it', async () => {
    const careless = await server.admit('careless', ['depositor'])
    const sent = server.deposit('a telephone', {}, careless).presentation
    const { index, leafHash } = (await server.post(sent)).json<DepositAnswer>()
    const moved = (await hand(careless, receiver, { index, leafHash })).json<DepositAnswer>()
    const revoked = {
      key: careless.key.thumbprint,
      reason: 'compromised',
      compromisedSince: '2026-01-01T00:00:00.000Z',
    }
    await server.administer('participant.revoke', revoked)
    const policy = policyOfFolder(server.folder)
    const receipt = checkReceipt(Buffer.from(moved.receipt ?? ''), policy)
    if (receipt.receipt === undefined) throw new Error('the receipt cannot be read')
    const from = receipt.receipt.proof.checkpoint.size
    const answer: unknown = (await server.get(`/v1/entries/${moved.index}/status?from=${from}`, receiver)).json()
    const status = checkStatus(answer, receipt, policy)
    expect(status.faults).toEqual([])
    expect(status.events.map(({ what }) => what)).toEqual(['key-revoked'])
    expect(status.flagged).toBe(true)
  })

  it('has it again after a restart, and a walk finds no fault in it, in full and from a trusted size', async () => {
    const of = await exhibit()
    const item = { ...of, item: 1 }
    await hand(giver, receiver, item)
    const ended = server.sign(receiver, 'custody.end', { of: [item], how: 'lost' }).presentation
    expect(codeOf(await server.post(ended))).toBe('201')
    const trustedSize = await server.size()
    const policy = policyOfFolder(server.folder)
    const middle = (await server.get('/checkpoint', giver)).text
    await server.stop()
    server = await server.restart()
    expect(await mayRead(of, receiver)).toBe(false)
    expect(codeOf(await hand(receiver, third, item))).toBe('reference-not-found')
    await hand(giver, receiver, { ...of, item: 0 })
    const resumed = server.sign(receiver, 'custody.resume', { of: [item], reason: 'found' }).presentation
    expect(codeOf(await server.post(resumed))).toBe('201')
    expect(codeOf(await hand(receiver, third, of))).toBe('201')
    await server.stop()
    const source = await FolderSource.open(server.folder.root, readOwnKey(server.folder.folder))
    try {
      const whole = await walk({ source, policy })
      expect([whole.faults, whole.unjudged]).toEqual([[], []])
      expect(whole.flagged.map(({ message }) => message.replace(/\d+/, 'N'))).toEqual([
        ...Array<string>(2).fill(
          'Entry N was signed by a key that was later said to have been compromised at that time.',
        ),
        'Entry N: moved by order, without the holder’s signature.',
      ])
      const trusted = parseSignedCheckpoint(Buffer.from(middle))
      expect(trusted.checkpoint.size).toBe(trustedSize)
      const again = await walk({ source, policy, trusted })
      expect([again.faults, again.unjudged]).toEqual([[], []])
    } finally {
      await source.close()
    }
    server = await server.restart()
  })
})

describe('who holds a deposit', () => {
  const held = (of: UnitReference, reader?: Party, after?: number): Promise<Answer> =>
    server.get(`/v1/entries/${of.index}/custody${after === undefined ? '' : `?after=${after}`}`, reader)
  const custodyOf = async (of: UnitReference, reader: Party): Promise<CustodyAnswer> =>
    (await held(of, reader)).json<CustodyAnswer>()

  /** What is answered, and what is read of the database for it. */
  async function readsOf<T>(ask: () => Promise<T>): Promise<[T, number[]]> {
    const names = ['get', 'getMany', 'keys', 'iterator', 'values'] as const
    const spies = names.map((name) => vi.spyOn(Level.prototype, name))
    try {
      return [await ask(), spies.map((spy) => spy.mock.calls.length)]
    } finally {
      for (const spy of spies) spy.mockRestore()
    }
  }

  it('is told to its readers, with how it came to them', async () => {
    const of = await exhibit()
    await hand(giver, receiver, { ...of, item: 1 }, { outcome: 'rejected' })
    await hand(giver, receiver, { ...of, item: 1 })
    await hand(giver, third, { ...of, item: 0 }, { outcome: 'withdrawn' })
    const { units, steps, next } = await custodyOf(of, giver)
    expect(units).toEqual([
      { item: 0, holder: giver.id, since: of.index, state: 'held' },
      { item: 1, holder: receiver.id, since: expect.any(Number) as number, state: 'held' },
    ])
    expect(steps.map(({ what, code, item, by, from }) => [what, code, item, by, from])).toEqual([
      ['handed-over', 'rejected', 1, receiver.id, giver.id],
      ['handed-over', 'accepted', 1, receiver.id, giver.id],
      ['handed-over', 'withdrawn', 0, giver.id, giver.id],
    ])
    expect(next).toBeNull()
    const item = { ...of, item: 1 }
    await server.post(server.sign(receiver, 'custody.end', { of: [item], how: 'lost' }).presentation)
    expect((await custodyOf(of, giver)).units[1]).toMatchObject({ holder: receiver.id, state: 'ended' })
    // Holding gives reading while it lasts.
    expect((await held(of, receiver)).status).toBe(403)
  })

  it('is not told to others: one answer, whatever happened, as for the entry itself', async () => {
    const [moved, still] = [await exhibit(), await exhibit()]
    await hand(giver, receiver, moved)
    const words = ({ status, text }: Answer, { index }: UnitReference): string =>
      `${status} ${text.replaceAll(String(index), 'N').replace(/"request":"[^"]*"/, '')}`
    for (const reader of [undefined, third, court]) {
      const [answer, reads] = await readsOf(async () => words(await held(moved, reader), moved))
      expect(answer).toMatch(reader === undefined ? /^401 / : /^403 /)
      expect(await readsOf(async () => words(await held(still, reader), still))).toEqual([answer, reads])
      const entry = await readsOf(async () => words(await server.get(`/v1/entries/${moved.index}`, reader), moved))
      expect(entry).toEqual([answer, reads])
    }
    const missing = { ...moved, index: 1_000_000 }
    expect(words(await held(missing, third), missing)).toBe(
      words(await server.get('/v1/entries/1000000', third), missing),
    )
  })

  it('goes page by page, and of an entry that deposits nothing is told of nobody', async () => {
    const of = await exhibit()
    const lines = []
    for (let i = 0; i < 101; i++) lines.push(await presented(giver, receiver, of, { outcome: 'rejected' }))
    expect((await server.batch(lines)).every(({ status }) => Number(status) === 201)).toBe(true)
    const first = await custodyOf(of, giver)
    expect([first.steps.length, first.next]).toEqual([100, first.steps.at(-1)?.index])
    const second = (await held(of, giver, first.next ?? 0)).json<CustodyAnswer>()
    expect([second.steps.length, second.next]).toEqual([1, null])
    const genesis = (await held({ ...of, index: 0 }, giver)).json<CustodyAnswer>()
    expect([genesis.units, genesis.steps]).toEqual([[], []])
  })

  it('stands in the status of the deposit for its readers, item by item, and for nobody else', async () => {
    const of = await exhibit()
    const told = { aud: server.origin, iss: giver.id, to: receiver.id, since: (await server.size()) - 1, iat: now() }
    const exhibits = [0, 1].map((item) => ({ ...of, item }))
    const release = releaseBy(giver.key, { ...told, exhibits })
    const transfer = server.sign(receiver, 'custody.transfer', transferMembers(release, 'accepted', 2)).presentation
    expect(codeOf(await server.post(transfer))).toBe('201')
    const ended = { of: [{ ...of, item: 0 }], how: 'lost' }
    await server.post(server.sign(receiver, 'custody.end', ended).presentation)
    const resumed = { of: [{ ...of, item: 0 }], reason: 'found' }
    await server.post(server.sign(receiver, 'custody.resume', resumed).presentation)
    const { receipt } = (await server.get(`/v1/entries/${of.index}/receipt`, giver)).json<DepositAnswer>()
    const checked = checkReceipt(Buffer.from(receipt ?? ''), policyOfFolder(server.folder))
    if (checked.receipt === undefined) throw new Error('the receipt cannot be read')
    const hash = toBase64(statusHash(checked.receipt.entryBytes))
    const from = checked.receipt.proof.checkpoint.size
    const path = `/v1/entries/${of.index}/status?entryHash=${encodeURIComponent(hash)}&from=${from}`
    const status = checkStatus((await server.get(path, receiver)).json(), checked, policyOfFolder(server.folder))
    expect(status.faults).toEqual([])
    expect(status.events.map((event) => event.proven && [event.what, event.code, event.item])).toEqual([
      ['handed-over', 'accepted', 0],
      ['handed-over', 'accepted', 1],
      ['custody-ended', 'lost', 0],
      ['custody-resumed', 'found', 0],
    ])
    for (const reader of [undefined, third, court])
      expect((await server.get(path, reader)).json<StatusAnswer>().events).toEqual([])
  })
})
