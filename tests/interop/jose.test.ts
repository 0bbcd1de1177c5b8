import { generateKeyPairSync, randomUUID } from 'node:crypto'
import {
  base64url,
  calculateJwkThumbprint,
  compactVerify,
  decodeJwt,
  decodeProtectedHeader,
  errors,
  exportJWK,
  GeneralSign,
  generalVerify,
  importJWK,
  jwtVerify,
  SignJWT,
} from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { accessToken } from '../../src/client/access-token.ts'
import { verifyEd25519 } from '../../src/core/ed25519.ts'
import { type Jwk, parseCanonicalJwk, publicKeyOf, thumbprint } from '../../src/core/jwk.ts'
import { approve, composeProposal, parseApprovalFile } from '../../src/statements/approval-file.ts'
import { readBody } from '../../src/statements/body.ts'
import { readEnvelope, readStatement } from '../../src/statements/statement.ts'
import { accessTyp, proposalTyp, statementTyp } from '../../src/statements/vocabulary.ts'
import { problemIn, soundReceipt, type TestServer, testServer } from '../support/server.ts'
import { itemFor } from '../support/statements.ts'

describe('jose', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  let jwk: Jwk
  let kid: string
  let server: TestServer

  beforeAll(async () => {
    const { crv, kty, x } = await exportJWK(publicKey)
    jwk = parseCanonicalJwk(JSON.stringify({ crv, kty, x }))
    kid = await calculateJwkThumbprint(jwk, 'sha256')
    server = await testServer({ reading: 'participants' })
    const participant = { id: 'platform-7', type: 'platform', roles: ['depositor'], keys: [jwk] }
    await server.administer('participant.admit', { participant })
  })
  afterAll(() => server.remove())

  /** A deposit that jose alone has made. */
  function made(alg: string, content: string): Promise<string> {
    return new SignJWT({ kind: 'evidence.deposit', items: [itemFor(content)] })
      .setProtectedHeader({ alg, typ: statementTyp, kid })
      .setIssuer('platform-7')
      .setAudience(server.origin)
      .setJti(randomUUID())
      .setIssuedAt()
      .sign(privateKey)
  }

  it('names a key by the thumbprint that we do', async () => {
    expect(thumbprint(jwk)).toBe(kid)
    for (const key of [server.depositor.key, server.administrator.key]) {
      expect(await calculateJwkThumbprint(key.jwk)).toBe(key.thumbprint)
    }
  })

  it.each(['EdDSA', 'Ed25519'])(
    'makes a statement with alg %s that our parser reads and our server seals',
    async (alg) => {
      const jws = await made(alg, `made by jose with ${alg}`)
      const envelope = readEnvelope(jws)
      expect(envelope).toMatchObject({ knownAlgorithm: true, header: { alg, typ: statementTyp, kid } })
      const statement = readStatement(envelope)
      expect(statement.common).toMatchObject({ iss: 'platform-7', aud: server.origin, kind: 'evidence.deposit' })
      expect(readBody(statement)).toMatchObject({ members: { items: [itemFor(`made by jose with ${alg}`)] } })
      expect(verifyEd25519(publicKeyOf(jwk), envelope.jws.signingInput, envelope.jws.signature)).toBe(true)
      const answer = await server.post(jws, { 'content-type': 'application/jwt' })
      expect(answer.status).toBe(201)
      expect(soundReceipt(server, answer.json<DepositAnswer>().receipt).entry.statement).toBe(jws)
    },
  )

  it('verifies our statements, and none that was changed', async () => {
    const { jws } = server.deposit('made by us', { sealed: { note: 'sealed' } })
    const key = await importJWK(server.depositor.key.jwk, 'EdDSA')
    const { payload, protectedHeader } = await jwtVerify(jws, key, {
      issuer: 'depositor',
      audience: server.origin,
      typ: statementTyp,
      algorithms: ['EdDSA'],
    })
    expect(protectedHeader).toEqual({ alg: 'EdDSA', typ: statementTyp, kid: server.depositor.key.thumbprint })
    expect(payload).toMatchObject({ kind: 'evidence.deposit', _sd_alg: 'sha-256' })
    expect(decodeProtectedHeader(jws)).toEqual(protectedHeader)
    expect(decodeJwt(jws)).toEqual(payload)
    const [header, body, signature] = jws.split('.') as [string, string, string]
    const other = base64url.encode(JSON.stringify({ ...payload, iss: 'other' }))
    await expect(compactVerify(`${header}.${other}.${signature}`, key)).rejects.toThrow(
      errors.JWSSignatureVerificationFailed,
    )
    await expect(compactVerify(`${header}.${body}.${signature}`, publicKey)).rejects.toThrow(
      errors.JWSSignatureVerificationFailed,
    )
  })

  it('verifies every statement of a ledger by the key that its receipt names', async () => {
    await server.post(server.deposit('one more').presentation)
    const size = await server.size()
    const auditor = await server.admit('auditor', ['auditor'])
    for (let index = 0; index < size; index++) {
      const { receipt } = (await server.get(`/v1/entries/${index}/receipt`, auditor)).json<DepositAnswer>()
      const { entry, signer } = soundReceipt(server, receipt)
      const { payload } = await compactVerify(entry.statement, await importJWK({ ...signer }, 'EdDSA'))
      expect(JSON.parse(Buffer.from(payload).toString())).toMatchObject({ aud: server.origin })
    }
  })

  it('makes an access token that our server takes, and verifies ours', async () => {
    const now = Math.floor(Date.now() / 1000)
    const token = (typ: string): Promise<string> =>
      new SignJWT({})
        .setProtectedHeader({ alg: 'EdDSA', typ, kid })
        .setIssuer('platform-7')
        .setAudience(server.url)
        .setIssuedAt(now)
        .setExpirationTime(now + 120)
        .sign(privateKey)
    const authorization = async (typ: string): Promise<Record<string, string>> => ({
      authorization: `Bearer ${await token(typ)}`,
    })
    expect((await server.get('/v1/entries/2', undefined, await authorization(accessTyp))).status).toBe(200)
    expect(problemIn(await server.get('/v1/entries/2', undefined, await authorization('JWT'))).code).toBe(
      'token-invalid',
    )
    const ours = accessToken('depositor', server.depositor.key, server.url, Date.now())
    const verified = await jwtVerify(ours, await importJWK(server.depositor.key.jwk, 'EdDSA'), {
      issuer: 'depositor',
      audience: server.url,
      typ: accessTyp,
      maxTokenAge: 300,
    })
    expect(Object.keys(verified.payload).sort()).toEqual(['aud', 'exp', 'iat', 'iss'])
  })

  it('approves proposals, and verifies our approvals, as a JWS in JSON', async () => {
    const officer = server.administrator.key
    const exp = Math.floor(Date.now() / 1000) + 600
    const change = { aud: server.origin, jti: randomUUID(), exp, kind: 'ledger.set-approvals' } as const
    const file = approve(composeProposal(change, { administrators: 1 }), officer)
    const { payload } = await generalVerify(
      { payload: file.payload, signatures: [...file.signatures] },
      await importJWK(officer.jwk, 'EdDSA'),
    )
    expect(JSON.parse(Buffer.from(payload).toString())).toEqual({ ...change, administrators: 1 })
    const theirs = await new GeneralSign(base64url.decode(file.payload))
      .addSignature(privateKey)
      .setProtectedHeader({ alg: 'EdDSA', typ: proposalTyp, kid })
      .sign()
    expect(theirs.payload).toBe(file.payload)
    const both = { ...file, signatures: [...file.signatures, ...theirs.signatures] }
    expect(parseApprovalFile(Buffer.from(JSON.stringify(both)))).toEqual(both)
  })
})
