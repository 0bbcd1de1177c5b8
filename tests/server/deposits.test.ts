import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer, EntryAnswer, Problem } from '../../src/api/answers.ts'
import { toBase64 } from '../../src/core/base64.ts'
import { type Party, problemIn, soundReceipt, type TestServer, testServer } from '../support/server.ts'

const ndjson = { 'content-type': 'application/x-ndjson' }
const minimal = { prefer: 'return=minimal' }
const text = { accept: 'text/plain' }

describe('POST /v1/statements', () => {
  let server: TestServer
  let other: Party

  beforeAll(async () => {
    server = await testServer()
    other = await server.admit('other', ['depositor'])
  })
  afterAll(() => server.remove())

  it('answers a new statement with 201, its place, and a receipt that holds', async () => {
    const size = await server.size()
    const made = server.deposit('first', { sealed: { names: ['first.txt'], note: 'as found' } })
    const answer = await server.post(made.presentation)
    expect(answer.status).toBe(201)
    expect(answer.headers).toMatchObject({ location: `/v1/entries/${size}`, 'cache-control': 'no-store' })
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    const { index, time, leafHash, receipt, ...rest } = answer.json<DepositAnswer>()
    expect(rest).toEqual({})
    expect(index).toBe(size)
    const { entry, proof, disclosures } = soundReceipt(server, receipt)
    expect(entry).toMatchObject({ index, time, statement: made.jws })
    expect(proof.checkpoint).toMatchObject({ origin: server.origin, size: size + 1 })
    expect(disclosures.map(({ claim, value }) => [claim, value])).toEqual([
      ['names', ['first.txt']],
      ['note', 'as found'],
    ])
    const served = await server.get(`/v1/entries/${index}`)
    expect(served.json()).toMatchObject({ leafHash, statement: made.jws })
  })

  it.each(['application/sd-jwt', 'application/jwt', 'text/plain', 'text/plain; charset=utf-8', 'Application/SD-JWT'])(
    'takes a statement as %s',
    async (type) => {
      const answer = await server.post(server.deposit(`as ${type}`).presentation, { 'content-type': type })
      expect(answer.status).toBe(201)
    },
  )

  it('takes a bare JWS, a JWS with a tilde, and one line feed at the end', async () => {
    const made = server.deposit('bare')
    expect((await server.post(made.jws)).status).toBe(201)
    for (const again of [`${made.jws}~`, `${made.jws}\n`, `${made.jws}~\n`]) {
      expect((await server.post(again)).status).toBe(200)
    }
  })

  it('answers the same bytes again with 200 and the place of the first', async () => {
    const { presentation } = server.deposit('twice', { sealed: { note: 'the same' } })
    const first = (await server.post(presentation)).json<DepositAnswer>()
    const size = await server.size()
    const again = await server.post(presentation)
    expect(again.status).toBe(200)
    const { receipt, ...place } = again.json<DepositAnswer>()
    expect(place).toEqual({ index: first.index, time: first.time, leafHash: first.leafHash })
    const { entry, disclosures } = soundReceipt(server, receipt)
    expect(entry.statement).toBe(presentation.split('~')[0])
    expect(disclosures).toHaveLength(1)
    expect(await server.size()).toBe(size)
  })

  it('means by the same bytes the JWS alone: disclosures of a retry change nothing', async () => {
    const { presentation, jws } = server.deposit('jws alone', { sealed: { note: 'kept' } })
    const { index } = (await server.post(presentation)).json<DepositAnswer>()
    const bare = await server.post(jws)
    expect(bare.status).toBe(200)
    expect(bare.json<DepositAnswer>().index).toBe(index)
    const entry = await server.get(`/v1/entries/${index}`, server.depositor)
    expect(entry.json()).toMatchObject({ claims: { note: 'kept' } })
  })

  it('shows in the receipt of a retry only what the retry discloses: a statement is public, its claims are not', async () => {
    const made = server.deposit('overheard', { sealed: { note: 'a secret', names: ['secret.txt'] } })
    await server.post(made.presentation)
    const [first] = made.disclosures
    const shown = async (body: string): Promise<string[]> => {
      const answer = await server.post(body)
      const { disclosures } = soundReceipt(server, answer.json<DepositAnswer>().receipt)
      return disclosures.map(({ claim }) => claim)
    }
    expect(await shown(made.jws)).toEqual([])
    expect(await shown(`${made.jws}~${first?.text}~`)).toEqual(['note'])
    expect((await shown(made.presentation)).sort()).toEqual(['names', 'note'])
    const [line] = await server.batch([made.jws])
    expect(soundReceipt(server, line?.receipt).disclosures).toEqual([])
  })

  it('sends many copies at once into one entry', async () => {
    const { presentation } = server.deposit('at once')
    const size = await server.size()
    const answers = await Promise.all(Array.from({ length: 20 }, () => server.post(presentation)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(19)
    expect(new Set(answers.map((answer) => answer.json<DepositAnswer>().index))).toEqual(new Set([size]))
    for (const answer of answers) soundReceipt(server, answer.json<DepositAnswer>().receipt)
    expect(await server.size()).toBe(size + 1)
  })

  it('refuses other bytes under a used jti with 409, the index, and the receipt of the entry that holds it', async () => {
    const jti = randomUUID()
    const first = server.deposit('holds the jti', { jti })
    const { index } = (await server.post(first.presentation)).json<DepositAnswer>()
    const size = await server.size()
    const answer = await server.post(server.deposit('wants the jti', { jti }).presentation)
    expect(answer.status).toBe(409)
    const problem = problemIn(answer)
    expect(problem).toMatchObject({ code: 'jti-reused', index, where: 'jti' })
    expect(soundReceipt(server, problem.receipt).entry.statement).toBe(first.jws)
    expect(await server.size()).toBe(size)
  })

  it('gives that receipt to the same signer only', async () => {
    const jti = randomUUID()
    const { index } = (
      await server.post(server.deposit('mine', { jti, sealed: { note: 'private' } }).presentation)
    ).json<DepositAnswer>()
    // Another participant's key under the depositor's name: refused for its jti before its authority is judged.
    const foreign = server.sign(other, 'evidence.deposit', { items: [] }, { iss: 'depositor', jti })
    const answer = await server.post(foreign.presentation)
    expect(answer.status).toBe(409)
    const problem = problemIn(answer)
    expect(problem).toMatchObject({ code: 'jti-reused', index })
    expect(problem.receipt).toBeUndefined()
    const [line] = await server.batch([foreign.presentation])
    expect(line).toMatchObject({ status: 409, code: 'jti-reused', index })
    expect(line).not.toHaveProperty('receipt')
  })

  it('keeps jti apart by issuer', async () => {
    const jti = randomUUID()
    expect((await server.post(server.deposit('a', { jti }).presentation)).status).toBe(201)
    expect((await server.post(server.deposit('a', { jti }, other).presentation)).status).toBe(201)
  })

  it('finds a used jti among statements of the same group', async () => {
    const jti = randomUUID()
    const [first, second] = await server.batch([
      server.deposit('one', { jti }).presentation,
      server.deposit('two', { jti }).presentation,
    ])
    expect(first).toMatchObject({ status: 201 })
    expect(second).toMatchObject({ status: 409, code: 'jti-reused', index: first?.index })
  })

  it('gives the receipt alone where text is accepted', async () => {
    const { presentation } = server.deposit('as text')
    const answer = await server.post(presentation, text)
    expect(answer.status).toBe(201)
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8')
    const { entry } = soundReceipt(server, answer.text)
    expect(answer.headers.location).toBe(`/v1/entries/${entry.index}`)
    const again = await server.post(presentation, text)
    expect(again.status).toBe(200)
    expect(soundReceipt(server, again.text).entry.index).toBe(entry.index)
  })

  it('gives JSON where both are accepted, and refuses in a problem document where text is', async () => {
    const both = await server.post(server.deposit('both').presentation, {
      accept: 'application/json, text/plain, */*',
    })
    expect(both.headers['content-type']).toMatch(/^application\/json/)
    const refused = await server.post('nothing', text)
    expect(refused.status).toBe(400)
    expect(problemIn(refused).code).toBe('jws-malformed')
  })

  it('leaves the receipt out where a minimal answer is preferred', async () => {
    const { presentation } = server.deposit('minimal')
    const created = await server.post(presentation, minimal)
    expect(created.status).toBe(201)
    const again = await server.post(presentation, { prefer: 'respond-async, return=minimal' })
    expect(again.status).toBe(200)
    for (const answer of [created, again]) {
      expect(Object.keys(answer.json()).sort()).toEqual(['index', 'leafHash', 'time'])
    }
    const [line] = await server.batch([server.deposit('minimal line').presentation], minimal)
    expect(Object.keys(line ?? {}).sort()).toEqual(['index', 'leafHash', 'status', 'time'])
  })

  it('lets a retry of old bytes succeed after the signer was revoked, and nothing else', async () => {
    const leaver = await server.admit('leaver', ['depositor'])
    const { presentation } = server.deposit('before', {}, leaver)
    const first = (await server.post(presentation)).json<DepositAnswer>()
    await server.administer('participant.revoke', { participant: 'leaver', reason: 'affiliation-ended' })
    const again = await server.post(presentation)
    expect(again.status).toBe(200)
    const { receipt, ...place } = again.json<DepositAnswer>()
    expect(place).toEqual({ index: first.index, time: first.time, leafHash: first.leafHash })
    soundReceipt(server, receipt)
    const [line] = await server.batch([presentation])
    expect(line).toMatchObject({ status: 200, index: first.index })
    const fresh = await server.post(server.deposit('after', {}, leaver).presentation)
    expect(fresh.status).toBe(403)
    expect(problemIn(fresh).code).toBe('participant-revoked')
  })

  it('lets a retry succeed after the key was revoked or rotated', async () => {
    const holder = await server.admit('holder', ['depositor'])
    const { presentation } = server.deposit('by a key', {}, holder)
    const { index } = (await server.post(presentation)).json<DepositAnswer>()
    await server.administer('participant.revoke', { key: holder.key.thumbprint, reason: 'compromised' })
    const again = await server.post(presentation)
    expect(again.status).toBe(200)
    expect(again.json<DepositAnswer>().index).toBe(index)
    expect(problemIn(await server.post(server.deposit('later', {}, holder).presentation)).code).toBe('key-revoked')
  })

  it('survives a restart: the same bytes are still the same entry', async () => {
    const own = await testServer()
    try {
      const { presentation } = own.deposit('kept')
      const { index } = (await own.post(presentation)).json<DepositAnswer>()
      const later = await own.restart()
      const again = await later.post(presentation)
      expect(again.status).toBe(200)
      expect(again.json<DepositAnswer>().index).toBe(index)
      await later.stop()
    } finally {
      await own.remove()
    }
  })
})

describe('POST /v1/statements as a batch', () => {
  let server: TestServer

  beforeAll(async () => {
    server = await testServer()
  })
  afterAll(() => server.remove())

  it('answers a line each, in order, and seals them in that order', async () => {
    const size = await server.size()
    const made = Array.from({ length: 40 }, (_, i) => server.deposit(`line ${i}`))
    const answer = await server.post(made.map(({ presentation }) => presentation).join('\n'), ndjson)
    expect(answer.status).toBe(200)
    expect(answer.headers['content-type']).toMatch(/^application\/x-ndjson/)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(answer.text.endsWith('}\n')).toBe(true)
    const lines = answer.text.trimEnd().split('\n')
    expect(lines).toHaveLength(40)
    lines.forEach((line, i) => {
      const { status, index, leafHash, receipt } = JSON.parse(line) as DepositAnswer & { status: number }
      expect({ status, index }).toEqual({ status: 201, index: size + i })
      const { entry, proof } = soundReceipt(server, receipt)
      expect(entry.statement).toBe(made[i]?.jws)
      expect(proof.index).toBe(index)
      expect(leafHash).toMatch(/^[A-Za-z0-9+/]{43}=$/)
    })
  })

  it('lets a bad line spoil no other', async () => {
    const size = await server.size()
    const forged = server.deposit('forged').presentation.replace(/.{4}~$/, 'AAAA~')
    const lines = [
      server.deposit('good 1').presentation,
      'not a statement',
      '',
      forged,
      server.deposit('no role', {}, server.administrator).presentation,
      server.deposit('good 2', { sealed: { names: ['2.txt'] } }).presentation,
      server.deposit('late', { iat: Math.floor(Date.now() / 1000) + 10_000 }).presentation,
      server.deposit('good 3').presentation,
    ]
    const results = await server.batch(lines)
    expect(results.map(({ status }) => status)).toEqual([201, 400, 400, 400, 403, 201, 400, 201])
    expect(results.map(({ code }) => code)).toEqual([
      undefined,
      'jws-malformed',
      'jws-malformed',
      'signature-invalid',
      'role-missing',
      undefined,
      'issued-in-future',
      undefined,
    ])
    expect(results.flatMap(({ index, status }) => (status === 201 ? [index] : []))).toEqual([size, size + 1, size + 2])
    for (const { title, detail, action } of results.filter(({ status }) => status !== 201)) {
      expect([title, detail, action]).not.toContain('')
    }
    expect(await server.size()).toBe(size + 3)
  })

  it('lets a line that is no UTF-8 spoil no other', async () => {
    const size = await server.size()
    const good = [server.deposit('before').presentation, server.deposit('after').presentation]
    const body = Buffer.concat([Buffer.from(`${good[0]}\n`), Buffer.from([0xff, 0xfe]), Buffer.from(`\n${good[1]}`)])
    const answer = await server.post(body, ndjson)
    expect(answer.status).toBe(200)
    const results = answer.text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Problem)
    expect(results.map(({ status }) => status)).toEqual([201, 400, 201])
    expect(results[1]?.code).toBe('utf8-malformed')
    expect(await server.size()).toBe(size + 2)
  })

  it('takes the same bytes twice in one batch for one entry', async () => {
    const size = await server.size()
    const { presentation } = server.deposit('twice in a batch')
    const results = await server.batch([presentation, server.deposit('between').presentation, presentation])
    expect(results.map(({ status, index }) => [status, index])).toEqual([
      [201, size],
      [201, size + 1],
      [200, size],
    ])
    expect(results[2]).toMatchObject({ time: results[0]?.time, leafHash: results[0]?.leafHash })
    for (const { receipt, leafHash } of results) {
      const { entryBytes } = soundReceipt(server, receipt)
      expect(entryBytes.length).toBeGreaterThan(0)
      expect(leafHash).toMatch(/=$/)
    }
    expect(await server.size()).toBe(size + 2)
    const again = await server.batch([presentation])
    expect(again[0]).toMatchObject({ status: 200, index: size })
  })

  it('judges a line by the lines before it', async () => {
    const size = await server.size()
    const newcomer = await server.admit('newcomer', ['attestor'])
    const deposit = server.deposit('to be attested')
    const [first] = await server.batch([deposit.presentation])
    const of = { index: first?.index, leafHash: first?.leafHash }
    const attest = server.sign(newcomer, 'evidence.attest', { of, as: 'witness' })
    const revoke = server.sign(server.administrator, 'participant.revoke', {
      participant: 'newcomer',
      reason: 'requested',
    })
    const late = server.sign(newcomer, 'evidence.attest', { of, as: 'notary' })
    const results = await server.batch([attest.presentation, revoke.presentation, late.presentation])
    expect(results.map(({ status }) => status)).toEqual([201, 201, 403])
    expect(results[2]).toMatchObject({ code: 'participant-revoked' })
    expect(await server.size()).toBe(size + 4)
  })

  it('admits and lets the admitted sign in one batch where the key is known by then', async () => {
    const size = await server.size()
    const results = await server.batch([server.deposit('a').presentation, server.deposit('b').presentation])
    expect(results.map(({ index }) => index)).toEqual([size, size + 1])
    const hashes = await Promise.all(
      results.map(async ({ index }) => (await server.get(`/v1/entries/${index}`)).json<EntryAnswer>()),
    )
    expect(hashes[1]?.previous).toBe(results[0]?.leafHash)
  })

  it('takes 1,000 lines, and refuses 1,001 as a whole', async () => {
    const made = Array.from({ length: 1000 }, (_, i) => server.deposit(`of many ${i}`).presentation)
    const before = await server.size()
    const tooMany = await server.post([...made, server.deposit('one more').presentation].join('\n'), ndjson)
    expect(tooMany.status).toBe(413)
    expect(problemIn(tooMany).code).toBe('body-too-large')
    expect(await server.size()).toBe(before)
    const results = await server.batch([...made, ''], minimal)
    expect(results).toHaveLength(1000)
    const indices = results.map(({ index }) => index)
    expect(indices.toSorted((a, b) => a - b)).toEqual(made.map((_, i) => before + i))
    expect(await server.size()).toBe(before + 1000)
    for (const i of [0, 1, 500, 998, 999]) {
      const { statement } = (await server.get(`/v1/entries/${indices[i]}`)).json<EntryAnswer>()
      expect(statement).toBe(made[i]?.replace('~', ''))
    }
    const last = await server.get(`/v1/entries/${before + 999}/receipt`)
    soundReceipt(server, last.json<DepositAnswer>().receipt)
  })

  it('seals the lines of a large batch in their order', async () => {
    const made = Array.from({ length: 500 }, (_, i) => server.deposit(`in order ${i}`).presentation)
    const before = await server.size()
    const results = await server.batch(made, minimal)
    expect(results.findIndex(({ index }, i) => index !== before + i)).toBe(-1)
  })

  it('knows the media type of a batch in any case, with a parameter', async () => {
    for (const type of ['Application/X-NDJSON', 'application/x-ndjson; charset=utf-8']) {
      const answer = await server.post(`${server.deposit('x').presentation}\n${server.deposit('y').presentation}`, {
        'content-type': type,
      })
      expect({ type, status: answer.status }).toEqual({ type, status: 200 })
      expect(answer.text.trimEnd().split('\n')).toHaveLength(2)
    }
  })

  it('gives leaf hashes that the entries have', async () => {
    const [result] = await server.batch([server.deposit('hashed').presentation])
    const entry = await server.running.ledger.reads.entry(result?.index as number)
    expect(result?.leafHash).toBe(toBase64(entry.leafHash))
  })
})
