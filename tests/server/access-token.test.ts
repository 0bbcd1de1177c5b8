import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accessToken } from '../../src/client/access-token.ts'
import { toBase64url } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { encodeSigningInput, joinJws } from '../../src/core/jws.ts'
import { composePossession, type Signer, signJws } from '../../src/statements/compose.ts'
import { accessTyp, statementTyp } from '../../src/statements/vocabulary.ts'
import { type Answer, type Party, problemIn, type TestServer, testServer } from '../support/server.ts'
import { signerNamed } from '../support/signers.ts'

/** Entry 1 is about the depositor: every participant may read it, and nobody else. */
const path = '/v1/entries/1'

function now(): number {
  return Math.floor(Date.now() / 1000)
}

/** A JWS over header and payload texts as they are given. */
function jwsOf(header: string, payload: string, signer: Signer): string {
  const input = `${toBase64url(utf8(header))}.${toBase64url(utf8(payload))}`
  return joinJws(input, signer.sign(utf8(input)))
}

describe('an access token', () => {
  let server: TestServer
  let reader: Party
  const gone: Record<string, Party> = {}

  beforeAll(async () => {
    server = await testServer({ reading: 'participants' })
    reader = await server.admit('reader', ['auditor'])
    for (const id of ['revoked', 'key-revoked', 'rotated']) gone[id] = await server.admit(id, ['auditor'])
    await server.administer('participant.revoke', { participant: 'revoked', reason: 'other' })
    await server.administer('participant.revoke', { key: gone['key-revoked']?.key.thumbprint, reason: 'other' })
    const { key } = gone['rotated'] as Party
    const newKey = signerNamed('rotated anew')
    const context = { aud: server.origin, iss: 'rotated', jti: crypto.randomUUID() }
    const possession = composePossession({ ...context, old: key.thumbprint }, newKey)
    const rotation = server.sign(
      gone['rotated'] as Party,
      'participant.rotate-key',
      { newKey: newKey.jwk, possession },
      context,
    )
    await server.post(rotation.presentation)
    gone['new key'] = { id: 'rotated', key: newKey }
  })
  afterAll(() => server.remove())

  function ask(authorization: string, at = path): Promise<Answer> {
    return server.get(at, undefined, { authorization })
  }
  function payloadOf(changes: object = {}, id = 'reader'): Record<string, unknown> {
    return { iss: id, aud: server.url, iat: now(), exp: now() + 300, ...changes }
  }
  function signed(changes: object = {}, signer: Party = reader, typ: string = accessTyp): string {
    return signJws(typ, payloadOf(changes, signer.id), signer.key)
  }
  /** What a refused token is answered; throws where the answer says more of it than it may. */
  async function refusalOf(authorization: string): Promise<object> {
    const answer = await ask(authorization)
    if (answer.text.includes(authorization.slice(7, 60)))
      throw new Error(`the answer repeats the token: ${answer.text}`)
    const challenge = answer.headers['www-authenticate']
    return { status: answer.status, challenge, code: answer.status < 400 ? undefined : problemIn(answer).code }
  }
  const invalid = { status: 401, challenge: 'Bearer', code: 'token-invalid' }

  it('that a client makes is taken, and without one the reader is nobody', async () => {
    const token = accessToken('reader', reader.key, server.url, Date.now())
    expect((await ask(`Bearer ${token}`)).status).toBe(200)
    const none = await server.get(path)
    expect(none.status).toBe(401)
    expect(problemIn(none).code).toBe('not-authenticated')
    expect(none.headers['www-authenticate']).toBe('Bearer')
  })

  it.each([
    ['for 300 seconds', { iat: 0, exp: 300 }],
    ['for one second', { iat: 0, exp: 1 }],
    ['issued a little ahead of the server’s clock', { iat: 30, exp: 200 }],
    ['ended a little before the server’s clock', { iat: -300, exp: -10 }],
  ])('is taken %s', async (_name, { iat, exp }) => {
    expect((await ask(`Bearer ${signed({ iat: now() + iat, exp: now() + exp })}`)).status).toBe(200)
  })

  it('is taken for each name of the server, and with the scheme in any case', async () => {
    const { port } = new URL(server.url)
    for (const aud of [server.url, `${server.url}/`, `http://localhost:${port}`]) {
      expect((await ask(`Bearer ${signed({ aud })}`)).status).toBe(200)
    }
    expect((await ask(`bearer ${signed()}`)).status).toBe(200)
  })

  it('is taken with alg Ed25519 as with EdDSA', async () => {
    for (const alg of ['Ed25519', 'EdDSA']) {
      const header = JSON.stringify({ alg, typ: accessTyp, kid: reader.key.thumbprint })
      expect((await ask(`Bearer ${jwsOf(header, JSON.stringify(payloadOf()), reader.key)}`)).status).toBe(200)
    }
  })

  it.each([
    ['expired', { iat: -400, exp: -100 }],
    ['of the future', { iat: 200, exp: 400 }],
    ['valid for 301 seconds', { iat: 0, exp: 301 }],
    ['valid for a day', { iat: -10, exp: 86_400 }],
    ['that ends when it begins', { iat: 0, exp: 0 }],
    ['that ends before it begins', { iat: 10, exp: 0 }],
  ])('%s is refused', async (_name, { iat, exp }) => {
    expect(await refusalOf(`Bearer ${signed({ iat: now() + iat, exp: now() + exp })}`)).toEqual(invalid)
  })

  it('for another server is refused', async () => {
    const { port } = new URL(server.url)
    for (const aud of [
      'https://other.example',
      `http://127.0.0.2:${port}`,
      `${server.url}/v1`,
      server.url.toUpperCase(),
      server.origin,
      '',
      [server.url],
      1,
      undefined,
    ]) {
      expect(await refusalOf(`Bearer ${signed({ aud })}`)).toEqual(invalid)
    }
  })

  it('of another typ is refused', async () => {
    for (const typ of [
      statementTyp,
      'JWT',
      'evidence-access',
      'application/evidence-access+jwt',
      'Evidence-Access+JWT',
      '',
    ]) {
      expect(await refusalOf(`Bearer ${signed({}, reader, typ)}`)).toEqual(invalid)
    }
  })

  it('with another header is refused', async () => {
    const kid = reader.key.thumbprint
    for (const header of [
      { alg: 'none', typ: accessTyp, kid },
      { alg: 'ES256', typ: accessTyp, kid },
      { alg: 'EdDSA', typ: accessTyp, kid, crit: ['exp'] },
      { alg: 'EdDSA', typ: accessTyp, kid, jwk: reader.key.jwk },
      { alg: 'EdDSA', typ: accessTyp },
      { alg: 'EdDSA', kid },
      { typ: accessTyp, kid },
    ]) {
      expect(
        await refusalOf(`Bearer ${jwsOf(JSON.stringify(header), JSON.stringify(payloadOf()), reader.key)}`),
      ).toEqual(invalid)
    }
    const twice = `{"alg":"EdDSA","typ":"${accessTyp}","kid":"${kid}","kid":"${kid}"}`
    expect(await refusalOf(`Bearer ${jwsOf(twice, JSON.stringify(payloadOf()), reader.key)}`)).toEqual(invalid)
  })

  it('with another member, or one missing, or of another type, is refused', async () => {
    for (const changes of [
      { jti: 'x' },
      { nbf: now() },
      { sub: 'reader' },
      { iss: undefined },
      { iat: undefined },
      { exp: undefined },
      { iat: String(now()) },
      { exp: String(now() + 100) },
      { iat: now() + 0.5 },
      { iss: ['reader'] },
    ]) {
      expect(await refusalOf(`Bearer ${signed(changes)}`)).toEqual(invalid)
    }
    const header = JSON.stringify({ alg: 'EdDSA', typ: accessTyp, kid: reader.key.thumbprint })
    const { iat, exp } = payloadOf() as { iat: number; exp: number }
    for (const payload of [
      `{"iss":"reader","iss":"reader","aud":"${server.url}","iat":${iat},"exp":${exp}}`,
      `{"iss":"reader","aud":"${server.url}","iat":${iat}.0,"exp":${exp}}`,
      `\ufeff{"iss":"reader","aud":"${server.url}","iat":${iat},"exp":${exp}}`,
      `["reader"]`,
      'null',
      '',
    ]) {
      expect(await refusalOf(`Bearer ${jwsOf(header, payload, reader.key)}`)).toEqual(invalid)
    }
  })

  it('in somebody else’s name is refused', async () => {
    expect(await refusalOf(`Bearer ${signed({ iss: 'depositor' })}`)).toEqual(invalid)
    expect(await refusalOf(`Bearer ${signed({ iss: 'nobody' })}`)).toEqual(invalid)
  })

  it('by a key that is not usable is refused', async () => {
    for (const id of ['revoked', 'key-revoked', 'rotated'])
      expect(await refusalOf(`Bearer ${signed({}, gone[id] as Party)}`)).toEqual(invalid)
    expect(await refusalOf(`Bearer ${signed({}, { id: 'reader', key: signerNamed('a stranger') })}`)).toEqual(invalid)
    expect((await ask(`Bearer ${signed({}, gone['new key'] as Party)}`)).status).toBe(200)
  })

  it('whose signature does not verify is refused', async () => {
    const token = signed()
    const [header, payload, signature] = token.split('.') as [string, string, string]
    expect(await refusalOf(`Bearer ${header}.${payload}.${'A'.repeat(86)}`)).toEqual(invalid)
    const auditor = toBase64url(utf8(JSON.stringify(payloadOf({ exp: now() + 299 }))))
    expect(await refusalOf(`Bearer ${header}.${auditor}.${signature}`)).toEqual(invalid)
    const stranger = signerNamed('a stranger')
    const input = encodeSigningInput(accessTyp, reader.key.thumbprint, payloadOf())
    expect(await refusalOf(`Bearer ${joinJws(input, stranger.sign(utf8(input)))}`)).toEqual(invalid)
  })

  it('R3A-L1: without a valid signature is refused in the same words, whatever the key is', async () => {
    const refused = new Set<string>()
    const stranger = signerNamed('a stranger')
    const forged = (id: string, kid: string): string => {
      const input = encodeSigningInput(accessTyp, kid, payloadOf(times, id))
      return joinJws(input, stranger.sign(utf8(input)))
    }
    const times = { iat: now(), exp: now() + 100 }
    for (const [id, kid] of [
      ['reader', reader.key.thumbprint],
      ['nobody', reader.key.thumbprint],
      ...Object.values(gone).map(({ id, key }) => [id, key.thumbprint]),
      ['reader', signerNamed('never admitted').thumbprint],
      ['reader', stranger.thumbprint],
    ] as [string, string][])
      refused.add(JSON.stringify(problemIn(await ask(`Bearer ${forged(id, kid)}`))))
    expect(refused.size).toBe(1)
    // The owner of a key is told what is wrong with it.
    expect(problemIn(await ask(`Bearer ${signed({}, gone['key-revoked'] as Party)}`)).detail).toContain('not in use')
    expect(problemIn(await ask(`Bearer ${signed({ iss: 'nobody' })}`)).detail).toContain('owner of its key')
  })

  it('that is no token is refused', async () => {
    const token = signed()
    for (const authorization of [
      'Bearer',
      'Bearer ',
      'Bearer x',
      'Bearer a.b.c',
      'Bearer ..',
      `Bearer ${token}=`,
      `Bearer ${token}.x`,
      `Bearer ${token} ${token}`,
      `Bearer ${'a'.repeat(5000)}`,
      token,
      `Basic ${token}`,
      `Basic ${Buffer.from('reader:password').toString('base64')}`,
      `DPoP ${token}`,
    ]) {
      const answer = await ask(authorization)
      expect({ authorization: authorization.slice(0, 20), status: answer.status }).toEqual({
        authorization: authorization.slice(0, 20),
        status: 401,
      })
      expect(problemIn(answer).code).toBe('token-invalid')
    }
  })

  it('that is bad is refused on every route that reads by right, in public mode too', async () => {
    const open = await testServer({ reading: 'public' })
    try {
      for (const at of ['/v1/entries/0', '/v1/entries/0/receipt', '/v1/entries', '/v1/participants']) {
        const answer = await open.get(at, undefined, { authorization: 'Bearer x' })
        expect({ at, status: answer.status }).toEqual({ at, status: 401 })
        expect(problemIn(answer).code).toBe('token-invalid')
      }
    } finally {
      await open.remove()
    }
  })

  it('is for the names that the operator gave, where there are any', async () => {
    const named = await testServer({
      reading: 'participants',
      settings: { baseUrls: ['https://ledger.court.example/', 'https://mirror.example/evidence'] },
    })
    try {
      const status = async (aud: string): Promise<number> => {
        const token = accessToken('depositor', named.depositor.key, aud, Date.now())
        return (await named.get(path, undefined, { authorization: `Bearer ${token}` })).status
      }
      expect(await status('https://ledger.court.example')).toBe(200)
      expect(await status('https://mirror.example/evidence')).toBe(200)
      expect(await status('https://mirror.example')).toBe(401)
      expect(await status(named.url)).toBe(401)
    } finally {
      await named.remove()
    }
  })

  it('stops with the participant’s revocation, at once', async () => {
    const leaving = await server.admit('leaving', ['auditor'])
    const token = `Bearer ${signed({}, leaving)}`
    expect((await ask(token)).status).toBe(200)
    await server.administer('participant.revoke', { participant: leaving.id, reason: 'other' })
    expect((await ask(token)).status).toBe(401)
  })
})
