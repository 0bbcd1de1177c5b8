import { createHash, createPrivateKey, createPublicKey, randomBytes, randomUUID, sign, verify } from 'node:crypto'
import { SDJwtInstance } from '@sd-jwt/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { splitPresentation } from '../../src/core/disclosure.ts'
import { readBody } from '../../src/statements/body.ts'
import { requireDisclosures } from '../../src/statements/disclosures.ts'
import { readEnvelope, readStatement } from '../../src/statements/statement.ts'
import { statementTyp } from '../../src/statements/vocabulary.ts'
import type { SigningKey } from '../../src/node/key-file.ts'
import { type Party, problemIn, soundReceipt, type TestServer, testServer } from '../support/server.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor } from '../support/statements.ts'

type Payload = Record<string, unknown>

/** The private key of {@link signerNamed}, for a library that signs for itself. */
function privateKeyNamed(name: string): ReturnType<typeof createPrivateKey> {
  const seed = createHash('sha256').update(`test key ${name}`).digest()
  const der = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed])
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
}

function hasher(data: string | ArrayBuffer, algorithm: string): Uint8Array {
  if (algorithm !== 'sha-256') throw new Error(`${algorithm} was asked for`)
  return createHash('sha256')
    .update(typeof data === 'string' ? data : new Uint8Array(data))
    .digest()
}

/** The other implementation, verifying with one key. */
function verifierFor({ publicKey }: SigningKey): SDJwtInstance<Payload> {
  const key = createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), publicKey]),
    format: 'der',
    type: 'spki',
  })
  return new SDJwtInstance<Payload>({
    hasher,
    verifier: (data, signature) => verify(null, Buffer.from(data), key, Buffer.from(signature, 'base64url')),
  })
}

describe('@sd-jwt/core', () => {
  const name = 'issuer of @sd-jwt/core'
  const issuerKey = signerNamed(name)
  let server: TestServer
  let reader: Party

  const issuer = new SDJwtInstance<Payload>({
    omitTyp: true,
    hasher,
    hashAlg: 'sha-256',
    signAlg: 'EdDSA',
    signer: (data) => sign(null, Buffer.from(data), privateKeyNamed(name)).toString('base64url'),
    saltGenerator: (length) => randomBytes(length).toString('base64url'),
  })

  beforeAll(async () => {
    server = await testServer()
    const participant = { id: 'issuer', type: 'platform', roles: ['depositor'], keys: [issuerKey.jwk] }
    await server.administer('participant.admit', { participant })
    reader = { id: 'issuer', key: issuerKey }
  })
  afterAll(() => server.remove())

  const claims = {
    names: ['chat (第1份).json', 'photo.jpg'],
    case: [{ number: '(2026)沪0104刑初123号', authority: 'Court' }],
    note: 'handed over by the victim',
    collection: { place: 'Room 4', officers: [{ name: 'A' }, { name: 'B' }] },
    ext: { nested: [{ deep: true }, null, 1] },
  }
  function payload(): Payload {
    return {
      iss: 'issuer',
      aud: server.origin,
      jti: randomUUID(),
      iat: Math.floor(Date.now() / 1000),
      kind: 'evidence.deposit',
      items: [itemFor('chat'), itemFor('photo')],
      ...claims,
    }
  }
  const header = { typ: statementTyp, kid: issuerKey.thumbprint }
  /** Has the other implementation seal the claims that a frame names. */
  function issue(content: Payload, frame: object | undefined, options: object = { header }): Promise<string> {
    return issuer.issue(content, frame as Parameters<typeof issuer.issue>[1], options)
  }
  const all = { _sd: Object.keys(claims) }
  const four = { _sd: Object.keys(claims).filter((claim) => claim !== 'ext') }

  it('decodes our presentation, verifies it, and lays its claims open', async () => {
    const made = server.sign(
      server.depositor,
      'evidence.deposit',
      { items: [itemFor('chat'), itemFor('photo')] },
      { sealed: claims },
    )
    const theirs = verifierFor(server.depositor.key)
    const decoded = await theirs.decode(made.presentation)
    expect(decoded.disclosures?.map(({ key, value }) => [key, value])).toEqual(Object.entries(claims))
    expect(decoded.kbJwt).toBeUndefined()
    const verified = await theirs.verify(made.presentation)
    expect(verified.header).toEqual({ alg: 'EdDSA', typ: statementTyp, kid: server.depositor.key.thumbprint })
    expect(verified.payload).toMatchObject({
      iss: 'depositor',
      aud: server.origin,
      kind: 'evidence.deposit',
      ...claims,
    })
    expect(verified.payload).not.toHaveProperty('_sd')
    expect((await theirs.keys(made.presentation)).sort()).toEqual(expect.arrayContaining(Object.keys(claims)))
  })

  it('verifies our presentation with fewer disclosures, and refuses one with another claim', async () => {
    const made = server.deposit('fewer', { sealed: { names: ['x.txt'], note: 'a note' } })
    const theirs = verifierFor(server.depositor.key)
    const [first] = made.disclosures.map(({ text }) => text)
    const fewer = await theirs.verify(`${made.jws}~${first}~`)
    expect(fewer.payload).toMatchObject({ names: ['x.txt'] })
    expect(fewer.payload).not.toHaveProperty('note')
    expect((await theirs.verify(`${made.jws}~`)).payload).not.toHaveProperty('names')
    const forged = made.presentation.replace(/.{86}~/, `${'A'.repeat(86)}~`)
    await expect(theirs.verify(forged)).rejects.toThrow(/signature/i)
    await expect(verifierFor(issuerKey).verify(made.presentation)).rejects.toThrow(/signature/i)
  })

  it('verifies what our server gives out as a receipt', async () => {
    const made = server.deposit('received', { sealed: { note: 'in the receipt' } })
    const { receipt } = (await server.post(made.presentation)).json<DepositAnswer>()
    const { entry, disclosures } = soundReceipt(server, receipt)
    const presentation = `${[entry.statement, ...disclosures.map(({ text }) => text)].join('~')}~`
    expect((await verifierFor(server.depositor.key).verify(presentation)).payload).toMatchObject({
      note: 'in the receipt',
    })
  })

  it('makes a presentation that our judgement accepts and our server seals', async () => {
    const presentation = await issue(payload(), all)
    const { jws, disclosures } = splitPresentation(presentation)
    expect(disclosures).toHaveLength(5)
    const statement = readStatement(readEnvelope(jws))
    const body = readBody(statement)
    if (body === undefined) throw new Error('the kind is not known')
    const opened = requireDisclosures(body, disclosures)
    expect(Object.fromEntries(opened.map(({ claim, value }) => [claim, value]))).toEqual(claims)
    const answer = await server.post(presentation)
    expect(answer.status).toBe(201)
    const { index, receipt } = answer.json<DepositAnswer>()
    expect(soundReceipt(server, receipt).disclosures).toHaveLength(5)
    expect((await server.get(`/v1/entries/${index}`, reader)).json()).toMatchObject({ claims, sealed: 5 })
  })

  it('makes one without sealed claims, too', async () => {
    const { names: _n, case: _c, note: _o, collection: _l, ext: _e, ...clear } = payload() as typeof claims
    const presentation = await issue(clear, undefined)
    expect(presentation.endsWith('~')).toBe(true)
    expect((await server.post(presentation)).status).toBe(201)
  })

  it.each([
    ['a header with another member', { header: { ...header, kid2: 'x' } }, 'jws-header'],
    ['its own typ', { header: { ...header, typ: 'example+sd-jwt' } }, 'jws-typ'],
    ['a header without kid', { header: { typ: statementTyp } }, 'jws-kid'],
  ])('makes what we refuse with %s', async (_name, options, code) => {
    const answer = await server.post(await issue(payload(), all, options))
    expect(problemIn(answer).code).toBe(code)
  })

  it('makes what we refuse where it seals part of a claim, or a member that is none', async () => {
    const size = await server.size()
    const { ext: _ext, ...without } = payload()
    const refused = async (content: Payload, frame: object): Promise<string> =>
      problemIn(await server.post(await issue(content, frame))).code
    expect(await refused(payload(), { ...four, ext: { _sd: ['nested'] } })).toBe('claim-in-clear')
    expect(await refused(payload(), four)).toBe('claim-in-clear')
    expect(await refused(without, { ...four, items: { 0: { _sd: ['size'] } } })).toBe('statement-member')
    expect(await refused(without, { _sd: [...four._sd, 'items'] })).toBe('statement-member')
    expect(await refused(without, { _sd: [...four._sd, 'iss'] })).toBe('statement-member')
    expect(await server.size()).toBe(size)
  })

  it('makes what we refuse where it presents less than is sealed, or a decoy', async () => {
    const presentation = await issue(payload(), all)
    const fewer = await issuer.present(presentation, { names: true, note: true })
    expect(problemIn(await server.post(fewer)).code).toBe('disclosure-missing')
    const { ext: _ext, ...without } = payload()
    const decoy = await issue(without, { ...four, _sd_decoy: 1 })
    expect(problemIn(await server.post(decoy)).code).toBe('disclosure-missing')
    expect((await server.post(presentation)).status).toBe(201)
  })
})
