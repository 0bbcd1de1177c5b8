import { randomUUID } from 'node:crypto'
import { Level } from 'level'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { DepositAnswer, Problem, ReceiptAnswer } from '../../src/api/answers.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { maxEntryBytes } from '../../src/core/entry.ts'
import { thumbprint } from '../../src/core/jwk.ts'
import { parseReceipt } from '../../src/core/receipt.ts'
import { shownHeader } from '../../src/core/shown.ts'
import { composePossession } from '../../src/statements/compose.ts'
import { type Answer, type Party, problemIn, showing, type TestServer, testServer } from '../support/server.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor } from '../support/statements.ts'

/* What answers to statements tell: to senders of what they sent, and of what they may read, and nothing else. */

const secret = 'the name of the witness'
let server: TestServer
beforeAll(async () => {
  server = await testServer({ reading: 'participants' })
})
afterAll(() => server.remove())

function claimsIn(receipt: string | undefined): string[] {
  return parseReceipt(utf8(receipt ?? '')).disclosures.map(({ claim }) => claim)
}

async function refusal(presentation: string): Promise<Problem> {
  return problemIn(await server.post(presentation))
}

describe('a statement that is sent again before it is stored', () => {
  it('is answered with the claims that this very request had', async () => {
    const sealed = { note: secret, case: [{ number: '1' }] }
    const { jws, presentation, disclosures } = server.deposit('x', { sealed })
    // Lines of one batch are sequenced in one group.
    const lines = await server.batch([presentation, `${jws}~`, `${jws}~${disclosures[0]?.text}~`, jws, presentation])
    expect(lines.map(({ status, receipt }) => [status, claimsIn(receipt).length])).toEqual([
      [201, 2],
      [200, 0],
      [200, 1],
      [200, 0],
      [200, 2],
    ])
    expect(new Set(lines.map(({ index }) => index)).size).toBe(1)
  })
})

describe('F-H3: a jti that was used before', () => {
  async function sealedBy(signer: Party): Promise<{ jti: string; presentation: string; texts: string[] }> {
    const jti = randomUUID()
    const made = server.deposit('x', { jti, sealed: { note: secret, case: [{ number: '1' }] } }, signer)
    expect((await server.post(made.presentation)).status).toBe(201)
    return { jti, presentation: made.presentation, texts: made.disclosures.map(({ text }) => text) }
  }
  const again = (signer: Party, jti: string): string => server.deposit('another', { jti }, signer).jws

  it('shows a key in use the earlier receipt, with what came with this very request', async () => {
    const signer = await server.admit('in-use', ['depositor'])
    const { jti, texts } = await sealedBy(signer)
    const bare = await refusal(again(signer, jti))
    expect(bare.code).toBe('jti-reused')
    expect(claimsIn(bare.receipt)).toEqual([])
    const one = await refusal(`${again(signer, jti)}~${texts[0]}~`)
    expect(claimsIn(one.receipt)).toHaveLength(1)
    const [line] = await server.batch([again(signer, jti)])
    expect(claimsIn(line?.receipt)).toEqual([])
  })

  it('shows a revoked key no receipt, and repeats its own bytes without what was not sent', async () => {
    const signer = await server.admit('stolen', ['depositor'])
    const { jti, presentation } = await sealedBy(signer)
    await server.administer('participant.revoke', { key: signer.key.thumbprint, reason: 'compromised' })
    const alone = await refusal(again(signer, jti))
    expect(alone.code).toBe('jti-reused')
    expect(alone.receipt).toBeUndefined()
    const [line] = await server.batch([again(signer, jti)])
    expect(line?.code).toBe('jti-reused')
    expect(line?.receipt).toBeUndefined()
    // The answer to a retry is promised for ever; it opens nothing that the sender did not have.
    const whole = await server.post(presentation)
    expect(whole.status).toBe(200)
    expect(claimsIn(whole.json<DepositAnswer>().receipt).sort()).toEqual(['case', 'note'])
    const bare = await server.post(presentation.slice(0, presentation.indexOf('~')))
    expect(bare.status).toBe(200)
    expect(claimsIn(bare.json<DepositAnswer>().receipt)).toEqual([])
  })

  it('shows no receipt to the keys of a revoked participant, nor to a key that was replaced', async () => {
    const gone = await server.admit('gone', ['depositor'])
    const ofGone = await sealedBy(gone)
    await server.administer('participant.revoke', { participant: 'gone', reason: 'misconduct' })
    expect((await refusal(again(gone, ofGone.jti))).receipt).toBeUndefined()

    const old = await server.admit('replaced', ['depositor'])
    const { jti } = await sealedBy(old)
    const key = signerNamed('replacement')
    const rotation = { jti: randomUUID() }
    const place = { aud: server.origin, iss: old.id, jti: rotation.jti, old: thumbprint(old.key.jwk) }
    const members = { newKey: key.jwk, possession: composePossession(place, key) }
    expect((await server.post(server.sign(old, 'participant.rotate-key', members, rotation).presentation)).status).toBe(
      201,
    )
    expect((await refusal(again(old, jti))).receipt).toBeUndefined()
    expect(claimsIn((await refusal(again({ id: old.id, key }, jti))).receipt)).toEqual([])
  })

  it('tells another participant nothing of it', async () => {
    const signer = await server.admit('owner', ['depositor'])
    const other = await server.admit('prober', ['depositor'])
    const { jti } = await sealedBy(signer)
    const probe = (one: string): Promise<Problem> =>
      refusal(server.deposit('probe', { jti: one, iss: signer.id }, other).jws)
    const [used, unused] = [await probe(jti), await probe(randomUUID())]
    expect(used.code).toBe('key-not-issuers')
    expect(used).toEqual(unused)
  })
})

describe('F-H4: a refusal of a statement that refers to what its signer may not read', () => {
  interface Target {
    readonly index: number
    readonly leafHash: string
  }
  let owner: Party
  let signer: Party
  let reader: Party
  /** What the signer may not read: a deposit of two items, an attestation. */
  let deposit: Target
  let attestation: Target
  let own: Target
  const wrongHash = Buffer.alloc(32, 1).toString('base64')

  beforeAll(async () => {
    owner = await server.admit('owner-of-target', ['depositor'])
    signer = await server.admit('refers', ['depositor', 'attestor'])
    reader = await server.admit('refers-and-reads', ['depositor', 'auditor'])
    const send = async (who: Party, kind: string, members: object): Promise<Target> => {
      const answer = await server.post(server.sign(who, kind, members).presentation)
      expect(answer.status).toBe(201)
      const { index, leafHash } = answer.json<DepositAnswer>()
      return { index, leafHash }
    }
    deposit = await send(owner, 'evidence.deposit', { items: [itemFor('1'), itemFor('2')] })
    attestation = await send(owner, 'evidence.attest', { of: deposit, as: 'holder' })
    own = await send(signer, 'evidence.deposit', { items: [itemFor('own')] })
  })

  /** References that do not hold, each for another reason. */
  const wrong = (): Record<string, object> => ({
    'another leaf hash': { ...deposit, leafHash: wrongHash },
    'an item that there is none of': { ...deposit, item: 2 },
    'no deposit': attestation,
    'no entry yet': { index: 1_000_000, leafHash: wrongHash },
  })
  const attest = (of: object, who = signer): string => server.sign(who, 'evidence.attest', { of, as: 'holder' }).jws
  const relate = (references: object[], more: object = {}, who = signer): string => {
    const relates = references.map((reference) => ({ rel: 'same-as', ...reference }))
    return server.sign(who, 'evidence.deposit', { items: [itemFor('later')], relates, ...more }).jws
  }
  async function oneAnswer(statements: readonly string[]): Promise<Problem> {
    const answers: Problem[] = []
    for (const one of statements) answers.push(await refusal(one))
    for (const answer of answers) expect(answer).toEqual(answers[0])
    return answers[0] as Problem
  }

  it('is one and the same, whatever the entry is or is not', async () => {
    const references = Object.values(wrong())
    expect((await oneAnswer(references.map((of) => attest(of)))).code).toBe('reference-not-found')
    expect((await oneAnswer(references.map((one) => relate([one])))).code).toBe('reference-not-found')
    const retracts = [...references, deposit].map(
      (of) => server.sign(signer, 'evidence.retract', { of: { ...of, item: undefined }, reason: 'mistake' }).jws,
    )
    expect((await oneAnswer(retracts)).code).toBe('reference-not-found')
  })

  it('does not say which of several references it was', async () => {
    const other = { ...deposit, leafHash: wrongHash }
    await oneAnswer([relate([deposit, other]), relate([other, deposit]), relate([other, other])])
  })

  it('comes after every other check, so that none of them says whether the reference holds', async () => {
    const references = [deposit, ...Object.values(wrong())]
    const unknown = 'WyJBQUFBQUFBQUFBQUFBQUFBQUFBQUFBIiwibm90ZSIsIngiXQ'
    const undisclosed = references.map((one) => `${relate([one])}~${unknown}~`)
    expect((await oneAnswer(undisclosed)).code).toBe('disclosure-foreign')
    // Just too large for an entry, and not for a statement.
    const digest = {
      sha256: 'a'.repeat(64),
      sha384: 'a'.repeat(96),
      sha512: 'a'.repeat(128),
      sm3: 'a'.repeat(64),
      blake3: 'a'.repeat(64),
    }
    const foreign = Array.from({ length: 30 }, () => ({
      origin: `court.example/${'o'.repeat(230)}`,
      index: 1,
      leafHash: wrongHash,
    }))
    const large = (reference: object): string => {
      const made = (longer: number): string => {
        const lengthOf = (i: number): number => Math.min(120, Math.max(1, longer - 120 * i))
        const items = Array.from({ length: 64 }, (_, i) => ({
          size: 1,
          digest,
          mediaType: `a/${'b'.repeat(lengthOf(i))}`,
        }))
        return relate([reference, ...foreign], { items })
      }
      expect(made(64 * 120).length).toBeGreaterThan(maxEntryBytes)
      let longer = 0
      while (made(longer + 16).length < maxEntryBytes - 20) longer += 16
      return made(longer)
    }
    const padded = references.map(large)
    for (const { length } of padded) expect(length).toBeGreaterThan(maxEntryBytes - 90)
    const codes = new Set<string>()
    for (const one of padded) codes.add((await refusal(one)).code)
    expect([...codes]).toEqual(['entry-too-large'])
    const own2 = { ...own, item: 7 }
    expect((await oneAnswer(references.map((one) => relate([one, own2])))).code).toBe('reference-item')
  })

  it('is exact for what the signer may read: its own, the registry, and all for an auditor', async () => {
    expect((await refusal(attest({ ...own, item: 1 }))).code).toBe('reference-item')
    expect((await refusal(attest({ ...own, leafHash: wrongHash }))).code).toBe('reference-hash')
    const genesis = (await server.get('/v1/entries/0', signer)).json<{ leafHash: string }>()
    expect((await refusal(attest({ index: 0, leafHash: genesis.leafHash }))).code).toBe('reference-kind')
    const codes: string[] = []
    for (const of of Object.values(wrong())) codes.push((await refusal(attest(of, reader))).code)
    expect(codes).toEqual(['reference-hash', 'reference-item', 'reference-kind', 'reference-not-found'])
  })

  it('is exact for everybody where reading is public', async () => {
    const open = await testServer({ reading: 'public' })
    try {
      const other = await open.admit('other', ['depositor'])
      const { index, leafHash } = (await open.post(open.deposit('x').jws)).json<DepositAnswer>()
      const of = { index, leafHash, item: 1 }
      const answer: Answer = await open.post(open.sign(other, 'evidence.attest', { of, as: 'holder' }).jws)
      expect(problemIn(answer).code).toBe('reference-item')
    } finally {
      await open.remove()
    }
  })

  /** What is shown: the entry's status hash. */
  const shownAs = (value: string): Record<string, string> => ({ [shownHeader]: value })
  let shown: Record<string, string>
  beforeAll(async () => {
    const receiptOf = async ({ index }: Target): Promise<string> =>
      (await server.get(`/v1/entries/${index}/receipt`, owner)).json<ReceiptAnswer>().receipt
    shown = showing(await receiptOf(deposit), await receiptOf(attestation))
  })

  it('F-RA-H5: comes where the reference holds, too, and seals nothing', async () => {
    const size = await server.size()
    const references = [deposit, { ...deposit, item: 1 }, ...Object.values(wrong())]
    expect((await oneAnswer(references.map((of) => attest(of)))).code).toBe('reference-not-found')
    expect((await oneAnswer(references.map((one) => relate([one])))).code).toBe('reference-not-found')
    await oneAnswer(references.map((one) => relate([own, one])))
    const lines = await server.batch(references.map((of) => attest(of)))
    for (const line of lines) expect({ ...line, line: 1 }).toEqual({ ...lines[0], line: 1 })
    expect(lines[0]?.code).toBe('reference-not-found')
    expect(await server.size()).toBe(size)
  })

  it('F-RA-H5: is the real one for who shows to have the entry, and so is its sealing', async () => {
    const exact = async (of: object): Promise<string> => problemIn(await server.post(attest(of), shown)).code
    expect(await exact({ ...deposit, item: 2 })).toBe('reference-item')
    expect(await exact({ ...deposit, leafHash: wrongHash })).toBe('reference-hash')
    expect(await exact(attestation)).toBe('reference-kind')
    expect(await exact({ index: 1_000_000, leafHash: wrongHash })).toBe('reference-not-found')
    const retract = server.sign(signer, 'evidence.retract', { of: deposit, reason: 'mistake' }).jws
    expect(problemIn(await server.post(retract, shown)).code).toBe('retract-not-own')
    expect((await server.post(attest({ ...deposit, item: 1 }), shown)).status).toBe(201)
    expect((await server.post(relate([deposit, own]), shown)).status).toBe(201)
    const [line] = await server.batch([attest(deposit)], shown)
    expect(line?.status).toBe(201)
    // What is sealed is the statement alone: sent again, it needs nothing beside it.
    const again = attest(deposit)
    expect((await server.post(again, shown)).status).toBe(201)
    expect((await server.post(again)).status).toBe(200)
  })

  it('F-RA-H5: takes no other hash for it, and no header that is none', async () => {
    const { index, leafHash } = deposit
    const other = [
      `${index}:${leafHash}`,
      `${index}:${wrongHash}`,
      `${attestation.index}:${wrongHash}`,
      `7:${wrongHash}`,
    ]
    const answers = await Promise.all(other.map((value) => server.post(attest(deposit), shownAs(value))))
    for (const answer of answers) expect(problemIn(answer)).toEqual(await refusal(attest(deposit)))
    const many = Array.from({ length: 65 }, (_, i) => `${i}:${wrongHash}`).join()
    for (const value of [
      '',
      'x',
      `01:${wrongHash}`,
      `${index}:AAAA`,
      `1:${wrongHash},1:${wrongHash}`,
      `1:${wrongHash},`,
      many,
    ]) {
      const answer = problemIn(await server.post(attest(deposit), shownAs(value)))
      expect([value, answer.code, answer.where]).toEqual([value, 'request-malformed', shownHeader])
    }
  })

  it('F-RA-H5: one header is for all lines of a batch', async () => {
    const made = server.deposit('shown at once', {}, owner)
    const { index, leafHash, receipt } = (await server.post(made.presentation)).json<DepositAnswer>()
    const lines = await server.batch([attest({ index, leafHash }), relate([{ index, leafHash }])], showing(receipt))
    expect(lines.map(({ status }) => status)).toEqual([201, 201])
  })

  /** What the database was asked for one statement, by its methods; and the answer without what it is about. */
  async function asked(statement: string): Promise<{ code: string; calls: Record<string, number> }> {
    const spies = (['get', 'getMany', 'getSync', 'keys', 'iterator', 'values'] as const).map(
      // Calls through: it only counts.
      (method) => [method, vi.spyOn(Level.prototype, method)] as const,
    )
    const { code } = await refusal(statement)
    const calls = Object.fromEntries(spies.map(([method, spy]) => [method, spy.mock.calls.length]))
    for (const [, spy] of spies) spy.mockRestore()
    return { code, calls }
  }

  it('F-RA-H5: comes after the same reads, whatever the entry is', async () => {
    const { 'no entry yet': _, ...below } = wrong()
    const all: unknown[] = []
    for (const of of [deposit, { ...deposit, item: 1 }, ...Object.values(below)]) all.push(await asked(attest(of)))
    for (const one of all) expect(one).toEqual(all[0])
    expect(all[0]).toMatchObject({ code: 'reference-not-found' })
  })

  it('F-RA-H6: that another used a jti is asked of no storage', async () => {
    const jti = randomUUID()
    expect((await server.post(server.deposit('used', { jti }, owner).presentation)).status).toBe(201)
    const probe = (one: string): string => server.deposit('probe', { jti: one, iss: owner.id }, signer).jws
    const none = { get: 0, getMany: 0, getSync: 0, keys: 0, iterator: 0, values: 0 }
    for (const one of [jti, randomUUID()])
      expect(await asked(probe(one))).toEqual({ code: 'key-not-issuers', calls: none })
    // Who may read all is told, and its issuer.
    expect((await refusal(server.deposit('x', { jti, iss: owner.id }, reader).jws)).code).toBe('jti-reused')
    expect((await refusal(server.deposit('x', { jti }, owner).jws)).code).toBe('jti-reused')
  })
})
