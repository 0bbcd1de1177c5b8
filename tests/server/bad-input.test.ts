import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import * as ed from '@noble/ed25519'
import { sha512 } from '@noble/hashes/sha2.js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer, EntryAnswer } from '../../src/api/answers.ts'
import { maxBatchBody } from '../../server/settings.ts'
import { toBase64url } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { disclosureDigest, makeDisclosure } from '../../src/core/disclosure.ts'
import { type ErrorCode, errorTable } from '../../src/core/errors.ts'
import { jwkOf, thumbprint } from '../../src/core/jwk.ts'
import { joinJws } from '../../src/core/jws.ts'
import { composePossession, type Signer, signJws } from '../../src/statements/compose.ts'
import { possessionTyp, statementTyp } from '../../src/statements/vocabulary.ts'
import { randomSalt, type SigningKey } from '../../src/node/key-file.ts'
import { type Party, problemIn, type TestServer, testServer } from '../support/server.ts'
import { signerNamed } from '../support/signers.ts'
import { itemFor, sha256Hex } from '../support/statements.ts'

let server: TestServer
/** Admitted, and what became of them since. */
const parties: Record<string, Party> = {}
/** A deposit that stands, for references. */
let target: { readonly index: number; readonly leafHash: string }
/** A rotation that stands: its possession proof is to be replayed. */
let spent: { readonly possession: string; readonly newKey: SigningKey; readonly old: string }

function party(name: string): Party {
  const found = parties[name]
  if (found === undefined) throw new Error(`there is no ${name}`)
  return found
}

beforeAll(async () => {
  server = await testServer()
  for (const id of ['other', 'revoked', 'key-revoked', 'rotated', 'rotating']) {
    parties[id] = await server.admit(id, ['depositor'])
  }
  parties['reader'] = await server.admit('reader', ['auditor'])
  parties['attestor'] = await server.admit('attestor', ['attestor'])
  parties['administrator'] = server.administrator
  await server.administer('participant.revoke', { participant: 'revoked', reason: 'other' })
  await server.administer('participant.revoke', { key: party('key-revoked').key.thumbprint, reason: 'other' })
  target = (await server.post(server.deposit('target').presentation)).json<DepositAnswer>()
  const newKey = signerNamed('new key of rotated')
  const old = party('rotated').key.thumbprint
  const context = { aud: server.origin, iss: 'rotated', jti: randomUUID() }
  const possession = composePossession({ ...context, old }, newKey)
  const rotation = server.sign(party('rotated'), 'participant.rotate-key', { newKey: newKey.jwk, possession }, context)
  await server.post(rotation.presentation)
  spent = { possession, newKey, old }
})
afterAll(() => server.remove())

/**
 * Sends a body that must be refused, and gives the code that it was refused with. Throws where it was not: the answer is 4xx,
 * with the status of the code, in a problem document, and nothing of it is stored.
 */
async function refusalOf(body: string | Uint8Array, headers?: Record<string, string>): Promise<ErrorCode> {
  const before = await server.get('/checkpoint')
  const answer = await server.post(body, headers)
  if (answer.status < 400 || answer.status > 499) throw new Error(`it was answered ${answer.status}: ${answer.text}`)
  const { code } = problemIn(answer)
  if (errorTable[code].status !== answer.status) throw new Error(`${code} came with the status ${answer.status}`)
  if ((await server.get('/checkpoint')).text !== before.text) throw new Error('the ledger has changed')
  return code
}

const now = (): number => Math.floor(Date.now() / 1000)
const part = (text: string | Uint8Array): string => toBase64url(typeof text === 'string' ? utf8(text) : text)

/** A JWS over header and payload exactly as written. */
function jws(header: string | Uint8Array, payload: string | Uint8Array, signer: Signer = server.depositor.key): string {
  const input = `${part(header)}.${part(payload)}`
  return joinJws(input, signer.sign(utf8(input)))
}
function headerText(changes: object = {}, signer: Signer = server.depositor.key): string {
  return JSON.stringify({ alg: 'EdDSA', typ: statementTyp, kid: thumbprint(signer.jwk), ...changes })
}
function payloadOf(changes: object = {}): Record<string, unknown> {
  return {
    iss: 'depositor',
    aud: server.origin,
    jti: randomUUID(),
    iat: now(),
    kind: 'evidence.deposit',
    items: [itemFor('content')],
    ...changes,
  }
}
function payloadText(changes: object = {}): string {
  return JSON.stringify(payloadOf(changes))
}
/** A well-signed deposit with changed members. */
function changed(changes: object): string {
  return jws(headerText(), payloadText(changes))
}
function item(changes: object): string {
  return changed({ items: [{ ...itemFor('content'), ...changes }] })
}
const hex = (algorithm: string): string => createHash(algorithm).update('content').digest('hex')

it('starts from input that is accepted', async () => {
  expect((await server.post(jws(headerText(), payloadText()))).status).toBe(201)
  expect((await server.post(jws(headerText({ alg: 'Ed25519' }), payloadText()))).status).toBe(201)
  const spaced = payloadText().replaceAll(',', ' ,\n\t').replaceAll(':', ': ')
  expect(
    (await server.post(jws(` ${headerText()} `, spaced.replace(/"aud" ?: "[^"]*"/, `"aud": "${server.origin}"`))))
      .status,
  ).toBe(201)
})

describe('a JWS', () => {
  it.each([
    ['nothing', ''],
    ['no dots', 'abc'],
    ['one dot', 'abc.def'],
    ['two dots and nothing else', '..'],
    ['four parts', 'a.b.c.d'],
    ['JSON', '{"payload":"","protected":"","signature":""}'],
  ])('that is %s is malformed', async (_name, body) => {
    expect(await refusalOf(body)).toBe('jws-malformed')
  })

  it('with white space, padding or other characters in its parts is refused', async () => {
    const good = jws(headerText(), payloadText())
    const [header, payload, signature] = good.split('.') as [string, string, string]
    for (const body of [
      ` ${good}`,
      `${good} `,
      `${good}\r\n`,
      `${good}\n\n`,
      `${header}=.${payload}.${signature}`,
      `${header}.${payload}.${signature}==`,
      `${header}.${payload}+.${signature}`,
      `${header}.${payload.slice(0, 8)}\n${payload.slice(8)}.${signature}`,
      `\ufeff${good}`,
    ]) {
      expect(await refusalOf(body)).toBe('base64-malformed')
    }
  })

  it('whose base64url is not canonical is refused, though its bytes are the same', async () => {
    const good = jws(headerText(), payloadText())
    const last = good.at(-1) as string
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    // 64 bytes leave four bits of the last character unused.
    const twin = good.slice(0, -1) + alphabet[alphabet.indexOf(last) + 1]
    expect(Buffer.from(twin.split('.')[2] as string, 'base64url')).toEqual(
      Buffer.from(good.split('.')[2] as string, 'base64url'),
    )
    expect(await refusalOf(twin)).toBe('base64-malformed')
  })

  it('whose signature has not 64 bytes is malformed', async () => {
    const input = `${part(headerText())}.${part(payloadText())}`
    for (const length of [0, 63, 65, 128])
      expect(await refusalOf(joinJws(input, new Uint8Array(length)))).toBe('jws-malformed')
  })

  it.each([
    ['JWT', 'JWT'],
    ['the typ of an access token', 'evidence-access+jwt'],
    ['the typ of a possession proof', possessionTyp],
    ['another case', 'Evidence-Statement+SD-JWT'],
    ['a media type prefix', `application/${statementTyp}`],
    ['a space', `${statementTyp} `],
    ['none', undefined],
    ['a number', 1],
    ['null', null],
  ])('with the wrong typ is refused: %s', async (_name, typ) => {
    expect(await refusalOf(jws(headerText({ typ }), payloadText()))).toBe('jws-typ')
  })

  it.each(['none', 'ES256', 'RS256', 'HS256', 'ed25519', 'EDDSA', 'Ed448', '', undefined, null, 1])(
    'with the wrong alg is refused: %s',
    async (alg) => {
      expect(await refusalOf(jws(headerText({ alg }), payloadText()))).toBe('jws-alg')
    },
  )

  it.each([
    ['crit', ['exp']],
    ['crit', []],
    ['b64', false],
    ['cty', 'json'],
    ['jwk', { crv: 'Ed25519', kty: 'OKP', x: 'A'.repeat(43) }],
    ['x5c', []],
    ['jku', 'https://example.org/keys'],
    ['iss', 'depositor'],
  ])('with the header member %s is refused', async (member, value) => {
    expect(await refusalOf(jws(headerText({ [member]: value }), payloadText()))).toBe('jws-header')
  })

  it('without kid, or with one that is no thumbprint, is refused', async () => {
    for (const kid of [undefined, null, 1, '', 'depositor', 'A'.repeat(42), 'A'.repeat(44), `${'A'.repeat(42)}=`]) {
      expect(await refusalOf(jws(headerText({ kid }), payloadText()))).toBe('jws-kid')
    }
  })

  it('whose header or payload is no JSON object is refused', async () => {
    for (const text of ['[]', 'null', '1', '"x"', '', '{', '{}x', '{"a":1,}', "{'a':1}", '{"a":01}x']) {
      expect(await refusalOf(jws(headerText(), text))).toBe(text === '{"a":01}x' ? 'json-number' : 'json-malformed')
    }
    for (const text of ['[]', 'null', '{"alg":"EdDSA",}'])
      expect(await refusalOf(jws(text, payloadText()))).toBe('json-malformed')
  })
})

describe('a signature', () => {
  it('of other bytes is refused', async () => {
    const [header, payload] = jws(headerText(), payloadText()).split('.') as [string, string]
    const other = jws(headerText(), payloadText()).split('.')[2] as string
    for (const signature of [other, 'A'.repeat(86), toBase64url(new Uint8Array(64).fill(255))]) {
      expect(await refusalOf(`${header}.${payload}.${signature}`)).toBe('signature-invalid')
    }
  })

  it('by another key than kid names is refused', async () => {
    expect(await refusalOf(jws(headerText(), payloadText(), party('other').key))).toBe('signature-invalid')
    expect(await refusalOf(jws(headerText({}, party('other').key), payloadText({ iss: 'other' })))).toBe(
      'signature-invalid',
    )
  })

  it('with S past the order of the group is refused', async () => {
    const [header, payload, text] = jws(headerText(), payloadText()).split('.') as [string, string, string]
    const signature = Buffer.from(text, 'base64url')
    const order = 2n ** 252n + 27742317777372353535851937790883648493n
    let s = BigInt(`0x${Buffer.from(signature.subarray(32)).reverse().toString('hex')}`) + order
    for (let i = 32; i < 64; i++) {
      signature[i] = Number(s & 255n)
      s >>= 8n
    }
    expect(await refusalOf(`${header}.${payload}.${toBase64url(signature)}`)).toBe('signature-invalid')
  })

  /** A participant whose seed the test knows, to sign by hand. */
  async function seeded(): Promise<{ id: string; seed: Uint8Array; jwk: ReturnType<typeof jwkOf> }> {
    ed.hashes.sha512 = (message) => sha512(message)
    const seed = createHash('sha256').update(`seed ${randomUUID()}`).digest()
    const id = `seeded-${sha256Hex(seed).slice(0, 8)}`
    const jwk = jwkOf(ed.getPublicKey(seed))
    await server.administer('participant.admit', {
      participant: { id, type: 'organisation', roles: ['depositor'], keys: [jwk] },
    })
    return { id, seed, jwk }
  }
  const littleEndian = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
  /** Points of order 8, 4 and 2. */
  const torsion = [
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    '0000000000000000000000000000000000000000000000000000000000000000',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  ]

  /** Signs by hand, with `extra` added to R: the equation holds up to the cofactor. */
  function handSigned(seed: Uint8Array, input: string, extra: ed.Point): { jws: string; cofactored: boolean } {
    const { scalar, pointBytes } = ed.utils.getExtendedPublicKey(seed)
    const order = ed.Point.CURVE().n
    const message = utf8(input)
    const r = littleEndian(sha512(utf8(`nonce ${input}`))) % order
    const R = ed.Point.BASE.multiply(r).add(extra).toBytes()
    const h = littleEndian(sha512(Buffer.concat([R, pointBytes, message]))) % order
    const signature = new Uint8Array(64)
    signature.set(R)
    let s = (r + h * scalar) % order
    for (let i = 32; i < 64; i++) {
      signature[i] = Number(s & 255n)
      s >>= 8n
    }
    return { jws: joinJws(input, signature), cofactored: ed.verify(signature, message, pointBytes, { zip215: false }) }
  }

  it('with a torsion part in R is refused, though a cofactored verifier accepts it', async () => {
    const { id, seed, jwk } = await seeded()
    const input = (): string => `${part(headerText({ kid: thumbprint(jwk) }))}.${part(payloadText({ iss: id }))}`
    for (const encoded of torsion) {
      const { jws: crafted, cofactored } = handSigned(seed, input(), ed.Point.fromHex(encoded))
      expect(cofactored).toBe(true)
      expect(await refusalOf(crafted)).toBe('signature-invalid')
    }
    const plain = handSigned(seed, input(), ed.Point.ZERO)
    expect((await server.post(plain.jws)).status).toBe(201)
  })

  it('by a key with a torsion part, or of small order, can never come: such keys are not admitted', async () => {
    const { point } = ed.utils.getExtendedPublicKey(createHash('sha256').update('torsion').digest())
    const keys = [
      ...torsion.map((encoded) => point.add(ed.Point.fromHex(encoded)).toBytes()),
      ...torsion.map((encoded) => Buffer.from(encoded, 'hex')),
      Buffer.from(`01${'00'.repeat(31)}`, 'hex'),
      // The same point as 1 spelled past the prime, and bytes that are no point.
      Buffer.from(`ee${'ff'.repeat(30)}7f`, 'hex'),
      Buffer.from(`02${'00'.repeat(31)}`, 'hex'),
    ]
    for (const key of keys) {
      const jwk = { crv: 'Ed25519', kty: 'OKP', x: toBase64url(key) }
      const participant = { id: `weak-${randomUUID()}`, type: 'organisation', roles: ['depositor'], keys: [jwk] }
      expect(
        await refusalOf(server.sign(server.administrator, 'participant.admit', { participant }).presentation),
      ).toBe('key-weak')
    }
  })
})

describe('an issuer', () => {
  it('with a key that nobody admitted is refused', async () => {
    const stranger = { id: 'depositor', key: signerNamed('a stranger') }
    expect(await refusalOf(server.deposit('x', {}, stranger).presentation)).toBe('key-unknown')
    expect(await refusalOf(server.deposit('x', {}, { ...stranger, id: 'stranger' }).presentation)).toBe('key-unknown')
  })

  it.each([
    ['revoked', 'participant-revoked'],
    ['key-revoked', 'key-revoked'],
    ['rotated', 'key-rotated'],
  ] as const)('that was %s is refused', async (name, code) => {
    expect(await refusalOf(server.deposit('x', {}, party(name)).presentation)).toBe(code)
  })

  it('in another participant’s name is refused', async () => {
    expect(await refusalOf(server.deposit('x', { iss: 'other' }).presentation)).toBe('key-not-issuers')
    expect(await refusalOf(server.deposit('x', { iss: 'nobody' }).presentation)).toBe('key-not-issuers')
  })

  it.each([
    ['administrator', 'evidence.deposit'],
    ['reader', 'evidence.deposit'],
    ['attestor', 'evidence.deposit'],
    ['attestor', 'evidence.retract'],
    ['reader', 'evidence.attest'],
    ['administrator', 'evidence.attest'],
    ['other', 'participant.admit'],
    ['other', 'participant.revoke'],
    ['reader', 'participant.revoke'],
  ])('%s, without the role for %s, is refused', async (name, kind) => {
    const newcomer = { id: 'newcomer', type: 'organisation', roles: ['depositor'], keys: [signerNamed('newcomer').jwk] }
    const members = {
      'evidence.deposit': { items: [itemFor('x')] },
      'evidence.attest': { of: { index: target.index, leafHash: target.leafHash }, as: 'witness' },
      'evidence.retract': { of: { index: target.index, leafHash: target.leafHash }, reason: 'mistake' },
      'participant.admit': { participant: newcomer },
      'participant.revoke': { participant: 'depositor', reason: 'other' },
    }[kind]
    expect(await refusalOf(server.sign(party(name), kind, members ?? {}).presentation)).toBe('role-missing')
  })
})

describe('a common member', () => {
  it('aud that is another ledger, or not one string, is refused', async () => {
    for (const aud of ['other.example/ledger', `${server.origin}/`, server.origin.toUpperCase(), 'x']) {
      expect(await refusalOf(changed({ aud }))).toBe('audience-wrong')
    }
    for (const aud of [
      [server.origin],
      [server.origin, 'other.example'],
      [],
      '',
      undefined,
      null,
      1,
      {},
      'a b',
      'a+b',
    ]) {
      expect(await refusalOf(changed({ aud }))).toBe('audience-wrong')
    }
  })

  it('iat more than 300 seconds ahead is refused, and less is not', async () => {
    for (const ahead of [310, 3600, 10 ** 9])
      expect(await refusalOf(changed({ iat: now() + ahead }))).toBe('issued-in-future')
    expect(await refusalOf(changed({ iat: 253_402_300_799 }))).toBe('issued-in-future')
    expect(await refusalOf(changed({ iat: 253_402_300_800 }))).toBe('statement-member')
    expect((await server.post(changed({ iat: now() + 290 }))).status).toBe(201)
    expect((await server.post(changed({ iat: 0 }))).status).toBe(201)
  })

  it.each([
    ['iss', [undefined, '', 'Depositor', 'de positor', 'x'.repeat(65), 1, null]],
    ['jti', [undefined, '', 'x', randomUUID().toUpperCase(), randomUUID().replaceAll('-', ''), `{${randomUUID()}}`, 1]],
    ['iat', [undefined, -1, '0', null, true]],
    ['kind', [undefined, '', 1, null, 'x'.repeat(257)]],
  ])('%s of another form is refused', async (member, values) => {
    for (const value of values) expect(await refusalOf(changed({ [member]: value }))).toBe('statement-member')
  })

  it('kind of no version is refused', async () => {
    for (const kind of ['evidence.custody', 'Evidence.Deposit', 'participant.suspend', 'deposit', '__proto__']) {
      expect(await refusalOf(jws(headerText(), payloadText({ kind })))).toBe('kind-unknown')
    }
  })

  it('exp, nbf and whatever else a JWT may have is refused', async () => {
    for (const member of ['exp', 'nbf', 'sub', 'cnf', 'vct', 'status', 'origin', 'of', 'Items', '']) {
      expect(await refusalOf(changed({ [member]: 1 }))).toBe('statement-member-unknown')
    }
    expect(await refusalOf(jws(headerText(), payloadText().replace(/}$/, ',"__proto__":{"items":[]}}')))).toBe(
      'statement-member-unknown',
    )
    expect(await refusalOf(item({ name: 'x' }))).toBe('statement-member-unknown')
    expect(await refusalOf(item({ path: 'x' }))).toBe('statement-member-unknown')
  })
})

describe('JSON', () => {
  const twice = (text: string, member: string): string => text.replace(/^\{/, `{${member},`)

  it('with a member twice is refused, in header, payload and inside', async () => {
    expect(await refusalOf(jws(twice(headerText(), '"alg":"EdDSA"'), payloadText()))).toBe('json-duplicate-member')
    expect(await refusalOf(jws(twice(headerText(), '"\\u0061lg":"EdDSA"'), payloadText()))).toBe(
      'json-duplicate-member',
    )
    expect(await refusalOf(jws(headerText(), twice(payloadText(), '"iss":"depositor"')))).toBe('json-duplicate-member')
    expect(await refusalOf(jws(headerText(), twice(payloadText(), '"\\u0069ss":"other"')))).toBe(
      'json-duplicate-member',
    )
    expect(await refusalOf(jws(headerText(), twice(payloadText(), '"items":[]')))).toBe('json-duplicate-member')
    expect(await refusalOf(jws(headerText(), payloadText().replace('"size":7', '"size":7,"size":8')))).toBe(
      'json-duplicate-member',
    )
    expect(await refusalOf(jws(headerText(), payloadText().replace('"sha256":', '"sha256":"","sha256":')))).toBe(
      'json-duplicate-member',
    )
  })

  it('with a byte order mark is refused, in header and payload', async () => {
    expect(await refusalOf(jws(`\ufeff${headerText()}`, payloadText()))).toBe('utf8-malformed')
    expect(await refusalOf(jws(headerText(), `\ufeff${payloadText()}`))).toBe('utf8-malformed')
  })

  it.each([
    '7.0',
    '7e0',
    '7E0',
    '70e-1',
    '07',
    '-0',
    '+7',
    '7.',
    '.7',
    '9007199254740992',
    '1e3',
    '0x7',
    'NaN',
    'Infinity',
  ])('with the number %s is refused', async (number) => {
    const code = /^[NI]/.test(number) ? 'json-malformed' : number === '0x7' ? 'json-malformed' : 'json-number'
    expect(await refusalOf(jws(headerText(), payloadText().replace('"size":7', `"size":${number}`)))).toBe(code)
    expect(await refusalOf(jws(headerText(), payloadText().replace(/"iat":\d+/, `"iat":${number}`)))).toBe(code)
  })

  it('with U+0000, an unpaired surrogate or a noncharacter is refused', async () => {
    for (const text of [
      '\\u0000',
      '\\ud800',
      '\\udc00x',
      '\\ud800\\ud800',
      '\\ufffe',
      '\\ufdd0',
      '\ufffe',
      '\u{1ffff}',
      '\\ud83f\\udffe',
    ]) {
      expect(await refusalOf(jws(headerText(), payloadText().replace('"iss":"depositor"', `"iss":"${text}"`)))).toBe(
        'json-string',
      )
    }
  })

  it('that nests deeper than 16 is refused', async () => {
    const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
    expect(await refusalOf(jws(headerText(), payloadText().replace(/}$/, `,"x":${nested(16)}}`)))).toBe('json-depth')
    expect(await refusalOf(jws(headerText(), payloadText().replace(/}$/, `,"x":${nested(15)}}`)))).toBe(
      'statement-member-unknown',
    )
    expect(await refusalOf(jws(headerText(), nested(20_000)))).toBe('json-depth')
  })

  it('that is no UTF-8 is refused, in header, payload and body', async () => {
    const bad = Buffer.concat([Buffer.from('{"iss":"'), Buffer.from([0xc3, 0x28]), Buffer.from('"}')])
    expect(await refusalOf(jws(headerText(), bad))).toBe('utf8-malformed')
    expect(await refusalOf(jws(bad, payloadText()))).toBe('utf8-malformed')
    for (const bytes of [[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf5, 0x80, 0x80, 0x80]]) {
      expect(
        await refusalOf(
          jws(headerText(), Buffer.concat([Buffer.from('{"iss":"'), Buffer.from(bytes), Buffer.from('"}')])),
        ),
      ).toBe('utf8-malformed')
    }
    expect(await refusalOf(Buffer.concat([Buffer.from(changed({})), Buffer.from([0xff])]))).toBe('utf8-malformed')
  })
})

describe('what must be sealed', () => {
  it.each([
    ['names', ['photo.jpg']],
    ['case', [{ number: '(2026)沪0104刑初123号' }]],
    ['collection', { place: 'at home' }],
    ['note', 'seen by somebody'],
    ['ext', { any: 'thing' }],
  ])('%s, in clear, is refused', async (claim, value) => {
    expect(await refusalOf(changed({ [claim]: value }))).toBe('claim-in-clear')
    expect(await refusalOf(item({ [claim]: value }))).toBe('claim-in-clear')
    const of = { index: target.index, leafHash: target.leafHash }
    expect(
      await refusalOf(
        server.sign(server.depositor, 'evidence.attest', { of, as: 'witness', [claim]: value }).presentation,
      ),
    ).toBe('claim-in-clear')
  })

  it('the name of a person or lawyer, in clear, is refused', async () => {
    for (const type of ['person', 'lawyer']) {
      const participant = {
        id: `p-${type === 'person' ? 'a' : 'b'}000000000000000`,
        type,
        roles: ['attestor'],
        keys: [signerNamed(type).jwk],
        name: 'Somebody',
      }
      expect(
        await refusalOf(server.sign(server.administrator, 'participant.admit', { participant }).presentation),
      ).toBe('name-of-person')
    }
  })

  it('the id of a person or lawyer that is not random is refused', async () => {
    for (const type of ['person', 'lawyer']) {
      for (const id of ['zhang-san', 'p-000000000000000', 'p-000000000000000g']) {
        const participant = { id, type, roles: ['attestor'], keys: [signerNamed(type).jwk] }
        const { presentation } = server.sign(server.administrator, 'participant.admit', { participant })
        expect(await refusalOf(presentation)).toBe('id-of-person')
      }
    }
  })
})

describe('disclosures', () => {
  const salt = (): string => toBase64url(randomSalt(16))
  /** A statement that seals these disclosures, as they are written. */
  function sealing(texts: readonly string[], more: object = {}): string {
    return changed({ _sd: texts.map(disclosureDigest), _sd_alg: 'sha-256', ...more })
  }
  const written = (json: string): string => part(json)
  const note = (text = 'a note'): string => makeDisclosure(randomSalt(16), 'note', text).text
  const presented = (statement: string, texts: readonly string[]): string =>
    `${statement}~${texts.map((text) => `${text}~`).join('')}`

  it('that match no digest are refused', async () => {
    const own = note()
    expect(await refusalOf(presented(sealing([own]), [note('another')]))).toBe('disclosure-foreign')
    expect(await refusalOf(presented(sealing([own]), [own, note('another')]))).toBe('disclosure-foreign')
    expect(await refusalOf(presented(changed({}), [own]))).toBe('disclosure-foreign')
    // The same claim and value under another spelling is another disclosure.
    const spaced = written(Buffer.from(own, 'base64url').toString().replace(',', ', '))
    expect(await refusalOf(presented(sealing([own]), [spaced]))).toBe('disclosure-foreign')
  })

  it('that come twice are refused, and so is a claim that comes twice', async () => {
    const own = note()
    expect(await refusalOf(presented(sealing([own]), [own, own]))).toBe('disclosure-repeated')
    const other = note('for somebody else')
    expect(await refusalOf(presented(sealing([own, other]), [own, other]))).toBe('disclosure-repeated')
  })

  it('that are missing are refused', async () => {
    const own = note()
    const names = makeDisclosure(randomSalt(16), 'names', ['x.txt']).text
    expect(await refusalOf(sealing([own]))).toBe('disclosure-missing')
    expect(await refusalOf(`${sealing([own])}~`)).toBe('disclosure-missing')
    expect(await refusalOf(presented(sealing([own, names]), [names]))).toBe('disclosure-missing')
  })

  it('with a key-binding JWT, or without the last tilde, are refused', async () => {
    const own = note()
    const statement = sealing([own])
    expect(await refusalOf(`${statement}~${own}`)).toBe('key-binding-refused')
    const binding = signJws(
      'kb+jwt',
      { iat: now(), aud: server.origin, nonce: 'x', sd_hash: 'x' },
      server.depositor.key,
    )
    expect(await refusalOf(`${statement}~${own}~${binding}`)).toBe('key-binding-refused')
    expect(await refusalOf(`${changed({})}~${binding}`)).toBe('key-binding-refused')
  })

  it.each([
    ['an empty one', () => ''],
    ['no base64url', () => 'a disclosure!'],
    ['padding', () => `${written('["0123456789012345678901","note","x"]')}==`],
    ['an object', () => written(`{"salt":"${salt()}","note":"x"}`)],
    ['two members', () => written(`["${salt()}","note"]`)],
    ['four members', () => written(`["${salt()}","note","x","y"]`)],
    ['a salt of less than 128 bits', () => written('["AAAAAAAAAAAAAAAAAAAAA","note","x"]')],
    ['a salt that is no base64url', () => written('["0123456789 0123456789 ","note","x"]')],
    ['a salt that is no string', () => written('[1,"note","x"]')],
    ['a claim that is no string', () => written(`["${salt()}",1,"x"]`)],
    ['a nested _sd', () => written(`["${salt()}","ext",{"a":{"_sd":[]}}]`)],
    ['a nested ...', () => written(`["${salt()}","ext",{"a":[{"...":"x"}]}]`)],
    ['more than 16 KiB', () => written(`["${salt()}","note","${'x'.repeat(13_000)}"]`)],
  ])('with %s are malformed', async (_name, make) => {
    const text = make()
    expect(await refusalOf(presented(sealing([text]), [text]))).toBe('disclosure-malformed')
  })

  it('with more than five are refused', async () => {
    const texts = Array.from({ length: 6 }, (_, i) => note(`${i}`))
    expect(await refusalOf(presented(sealing(texts.slice(0, 5)), texts))).toBe('disclosure-malformed')
  })

  it('with bad JSON are refused', async () => {
    const cases: [ErrorCode, string][] = [
      ['json-duplicate-member', `["${salt()}","ext",{"a":1,"a":2}]`],
      ['json-duplicate-member', `["${salt()}","ext",{"a":1,"\\u0061":2}]`],
      ['utf8-malformed', `\ufeff["${salt()}","note","x"]`],
      ['json-number', `["${salt()}","ext",{"a":1.0}]`],
      ['json-number', `["${salt()}","ext",{"a":1e3}]`],
      ['json-string', `["${salt()}","note","\\ud800"]`],
      ['json-depth', `["${salt()}","ext",${'['.repeat(16)}${']'.repeat(16)}]`],
      ['json-malformed', `["${salt()}","note","x"`],
    ]
    for (const [code, json] of cases)
      expect(await refusalOf(presented(sealing([written(json)]), [written(json)]))).toBe(code)
    const bytes = Buffer.concat([Buffer.from(`["${salt()}","note","`), Buffer.from([0xff]), Buffer.from('"]')])
    expect(await refusalOf(presented(sealing([part(bytes)]), [part(bytes)]))).toBe('utf8-malformed')
  })

  it.each([
    ['a claim that no kind seals', 'title', 'x'],
    ['a member of the statement', 'items', []],
    ['names that are no array', 'names', 'x.txt'],
    ['more names than items', 'names', ['x.txt', 'y.txt']],
    ['no name', 'names', []],
    ['a case without a number', 'case', [{ authority: 'Court' }]],
    ['a case of another shape', 'case', { number: '1' }],
    ['no case', 'case', []],
    ['a collection with an unknown member', 'collection', { weather: 'rain' }],
    ['a note that is no text', 'note', 1],
    ['an ext that is no object', 'ext', 'x'],
  ])('of %s are refused', async (_name, claim, value) => {
    const { text } = makeDisclosure(randomSalt(16), claim, value)
    expect(await refusalOf(presented(sealing([text]), [text]))).toBe('disclosure-claim')
  })

  it('beside a kind that seals nothing, or not this claim, are refused', async () => {
    const of = { index: target.index, leafHash: target.leafHash }
    const attest = server.sign(server.depositor, 'evidence.attest', { of, as: 'witness' }, { sealed: { note: 'x' } })
    expect(await refusalOf(attest.presentation)).toBe('statement-member-unknown')
    const participant = {
      id: 'p-c000000000000000',
      type: 'person',
      roles: ['attestor'],
      keys: [signerNamed('sealed').jwk],
    }
    const admit = (sealed: object): string =>
      server.sign(server.administrator, 'participant.admit', { participant }, { sealed }).presentation
    expect(await refusalOf(admit({ note: ['x'] }))).toBe('disclosure-claim')
    expect(await refusalOf(admit({ case: [{ number: '1' }] }))).toBe('disclosure-claim')
    expect(await refusalOf(admit({ names: ['a', 'b'] }))).toBe('disclosure-claim')
  })

  it.each([
    ['_sd without _sd_alg', { _sd_alg: undefined }],
    ['another _sd_alg', { _sd_alg: 'sha-512' }],
    ['an empty _sd', { _sd: [] }],
    ['a digest of 42 characters', { _sd: ['A'.repeat(42)] }],
    ['a digest twice', { _sd: ['A'.repeat(43), 'A'.repeat(43)] }],
    ['six digests', { _sd: Array.from({ length: 6 }, (_, i) => `${'A'.repeat(42)}${'AEIMQU'[i]}`) }],
    ['an _sd that is no array', { _sd: 'A'.repeat(43) }],
  ])('sealed by %s are refused', async (_name, more) => {
    const own = note()
    expect(await refusalOf(presented(sealing([own], more), [own]))).toBe('statement-member')
  })

  it('sealed by _sd_alg without _sd are refused', async () => {
    expect(await refusalOf(changed({ _sd_alg: 'sha-256' }))).toBe('statement-member')
  })

  it('sealed inside an item are refused', async () => {
    expect(await refusalOf(item({ _sd: ['A'.repeat(43)] }))).toBe('statement-member-unknown')
  })
})

describe('items', () => {
  it('of none, or 65, are refused; 64 are not', async () => {
    const many = (count: number): string => changed({ items: Array.from({ length: count }, (_, i) => itemFor(`${i}`)) })
    expect(await refusalOf(many(0))).toBe('items-count')
    expect(await refusalOf(many(65))).toBe('items-count')
    expect((await server.post(many(64))).status).toBe(201)
    expect(await refusalOf(changed({ items: undefined }))).toBe('statement-member')
    expect(await refusalOf(changed({ items: {} }))).toBe('statement-member')
  })

  it.each([
    ['63 digits', { sha256: hex('sha256').slice(1) }],
    ['65 digits', { sha256: `${hex('sha256')}0` }],
    ['upper case', { sha256: hex('sha256').toUpperCase() }],
    ['no hexadecimal', { sha256: `${hex('sha256').slice(1)}g` }],
    ['base64', { sha256: createHash('sha256').update('content').digest('base64') }],
    ['the digest of another algorithm', { sha512: hex('sha256') }],
    ['an unknown algorithm', { sha256: hex('sha256'), crc32: '00000000' }],
    ['another spelling of one', { 'sha-256': hex('sha256') }],
    ['no digest', {}],
    ['a good one and a bad one', { sha256: hex('sha256'), md5: hex('md5').toUpperCase() }],
    ['sm3 too short', { sm3: hex('sha256').slice(2) }],
  ])('with a digest of %s are refused', async (_name, digest) => {
    expect(await refusalOf(item({ digest }))).toBe('digest-malformed')
  })

  it('with md5 or sha1 alone are refused, and beside a strong one they are not', async () => {
    for (const digest of [{ md5: hex('md5') }, { sha1: hex('sha1') }, { md5: hex('md5'), sha1: hex('sha1') }]) {
      expect(await refusalOf(item({ digest }))).toBe('digest-weak-only')
      expect((await server.post(item({ digest: { ...digest, sha256: hex('sha256') } }))).status).toBe(201)
    }
    const acquired = { size: 7, digest: { md5: hex('md5') }, source: 'tool-report' }
    expect((await server.post(item({ acquired }))).status).toBe(201)
    expect(await refusalOf(item({ acquired: { ...acquired, digest: {} } }))).toBe('digest-malformed')
  })

  it.each([
    ['size', -1],
    ['size', '7'],
    ['size', null],
    ['mediaType', 'text'],
    ['mediaType', 'text/plain; charset=utf-8'],
    ['mediaType', `text/${'x'.repeat(130)}`],
    ['category', 'A photo'],
    ['tree', { root: '00' }],
    ['tree', { root: '0'.repeat(64), size: 0 }],
    ['acquired', { size: 1, digest: { md5: 'x' }, source: 'rumour' }],
  ])('with a bad %s are refused: %j', async (member, value) => {
    const answer = await server.post(item({ [member]: value }))
    expect(answer.status).toBe(400)
    expect(['statement-member', 'digest-malformed']).toContain(problemIn(answer).code)
    expect(await refusalOf(item({ [member]: value }))).toBe(problemIn(answer).code)
  })
})

describe('references', () => {
  const attest = (of: object): string =>
    server.sign(server.depositor, 'evidence.attest', { of, as: 'holder' }).presentation
  it('to what is not there, or not that, are refused', async () => {
    const { index, leafHash } = target
    const size = await server.size()
    expect(await refusalOf(attest({ index: size, leafHash }))).toBe('reference-not-found')
    expect(await refusalOf(attest({ index: size + 1000, leafHash }))).toBe('reference-not-found')
    expect(await refusalOf(attest({ index, leafHash: Buffer.alloc(32).toString('base64') }))).toBe('reference-hash')
    const { leafHash: genesis } = (await server.get('/v1/entries/0')).json<EntryAnswer>()
    expect(await refusalOf(attest({ index: 0, leafHash: genesis }))).toBe('reference-kind')
    expect(await refusalOf(attest({ index, leafHash, item: 1 }))).toBe('reference-item')
    expect(await refusalOf(attest({ index, leafHash: leafHash.replace('=', '') }))).toBe('statement-member')
    expect(await refusalOf(attest({ index, leafHash, origin: 'other.example/x' }))).toBe('statement-member-unknown')
    expect(
      await refusalOf(
        server.sign(server.depositor, 'evidence.attest', { of: { index, leafHash }, as: 'Friend' }).presentation,
      ),
    ).toBe('statement-member')
  })

  it('to another’s deposit do not retract it', async () => {
    const of = { index: target.index, leafHash: target.leafHash }
    expect(
      await refusalOf(server.sign(party('other'), 'evidence.retract', { of, reason: 'mistake' }).presentation),
    ).toBe('retract-not-own')
    expect(
      await refusalOf(server.sign(server.depositor, 'evidence.retract', { of, reason: 'a whim' }).presentation),
    ).toBe('statement-member')
  })

  it('that name this ledger by origin are refused', async () => {
    const { index, leafHash } = target
    const relates = [{ rel: 'corrects', index, leafHash, origin: server.origin }]
    expect(await refusalOf(changed({ relates }))).toBe('reference-origin')
    expect(await refusalOf(changed({ relates: [] }))).toBe('statement-member')
    expect(await refusalOf(changed({ relates: [{ rel: 'Likes', index, leafHash }] }))).toBe('statement-member')
  })
})

describe('the registry', () => {
  const admit = (id: string, jwk: object, more: object = {}): string =>
    server.sign(server.administrator, 'participant.admit', {
      participant: { id, type: 'organisation', roles: ['depositor'], keys: [jwk], ...more },
    }).presentation
  const revoke = (members: object, signer: Party = server.administrator): string =>
    server.sign(signer, 'participant.revoke', { reason: 'other', ...members }).presentation

  it('keeps its last administrator', async () => {
    expect(await refusalOf(revoke({ participant: 'administrator' }))).toBe('last-administrator')
    expect(await refusalOf(revoke({ key: server.administrator.key.thumbprint }))).toBe('last-administrator')
  })

  it('never takes an id again, of whomever', async () => {
    for (const id of ['depositor', 'administrator', 'revoked', 'rotated']) {
      expect(await refusalOf(admit(id, signerNamed(`again ${id}`).jwk))).toBe('participant-exists')
    }
  })

  it('never takes a key again, in use or not', async () => {
    for (const name of ['other', 'revoked', 'key-revoked', 'rotated', 'administrator']) {
      expect(await refusalOf(admit(`with-key-of-${name}`, party(name).key.jwk))).toBe('key-exists')
    }
    expect(await refusalOf(admit('with-new-key', spent.newKey.jwk))).toBe('key-exists')
    expect(await refusalOf(admit('with-ledgers-key', jwkOf(server.running.ledger.key.publicKey)))).toBe(
      'key-is-ledgers',
    )
  })

  it('takes one key each, of an exact form', async () => {
    const { jwk } = signerNamed('of exact form')
    expect(await refusalOf(admit('two-keys', jwk, { keys: [jwk, signerNamed('second').jwk] }))).toBe('statement-member')
    expect(await refusalOf(admit('no-key', jwk, { keys: [] }))).toBe('statement-member')
    expect(await refusalOf(admit('x25519', { ...jwk, crv: 'X25519' }))).toBe('statement-member')
    expect(await refusalOf(admit('short', { ...jwk, x: jwk.x.slice(1) }))).toBe('statement-member')
    expect(await refusalOf(admit('private', { ...jwk, d: 'A'.repeat(43) }))).toBe('statement-member-unknown')
    expect(await refusalOf(admit('kid', { ...jwk, kid: 'x' }))).toBe('statement-member-unknown')
  })

  it('takes types and roles that there are', async () => {
    const { jwk } = signerNamed('of types')
    expect(await refusalOf(admit('typed', jwk, { type: 'bank' }))).toBe('statement-member')
    expect(await refusalOf(admit('roleless', jwk, { roles: [] }))).toBe('statement-member')
    expect(await refusalOf(admit('twice', jwk, { roles: ['depositor', 'depositor'] }))).toBe('statement-member')
    expect(await refusalOf(admit('newer', jwk, { roles: ['witness'] }))).toBe('statement-member')
    expect(await refusalOf(admit('Upper', jwk))).toBe('statement-member')
  })

  it('revokes whom it knows, once, for a reason, not from tomorrow', async () => {
    expect(await refusalOf(revoke({ participant: 'nobody' }))).toBe('participant-unknown')
    expect(await refusalOf(revoke({ key: signerNamed('nobody').thumbprint }))).toBe('participant-unknown')
    expect(await refusalOf(revoke({ participant: 'revoked' }))).toBe('already-revoked')
    expect(await refusalOf(revoke({ key: party('key-revoked').key.thumbprint }))).toBe('already-revoked')
    expect(await refusalOf(revoke({ participant: 'other', reason: 'a whim' }))).toBe('statement-member')
    expect(await refusalOf(revoke({}))).toBe('statement-member')
    expect(await refusalOf(revoke({ participant: 'other', key: party('other').key.thumbprint }))).toBe(
      'statement-member',
    )
    const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
    expect(await refusalOf(revoke({ participant: 'other', compromisedSince: tomorrow }))).toBe('compromised-since-late')
    expect(await refusalOf(revoke({ participant: 'other', compromisedSince: '2026-01-01T00:00:00Z' }))).toBe(
      'statement-member',
    )
    expect(await refusalOf(revoke({ participant: 'other', compromisedSince: '2026-02-30T00:00:00.000Z' }))).toBe(
      'statement-member',
    )
  })

  it('has one genesis', async () => {
    const request = JSON.parse(readFileSync(server.folder.folder.genesisRequest, 'utf8')) as Record<string, unknown>
    const { iss: _iss, aud: _aud, kind: _kind, ...members } = request
    expect(await refusalOf(server.sign(server.administrator, 'ledger.genesis', members).presentation)).toBe(
      'genesis-misplaced',
    )
  })
})

describe('a possession proof', () => {
  let fresh: SigningKey
  let context: { readonly aud: string; readonly iss: string; readonly jti: string; readonly old: string }
  beforeAll(() => {
    fresh = signerNamed('fresh key of rotating')
    context = { aud: server.origin, iss: 'rotating', jti: randomUUID(), old: party('rotating').key.thumbprint }
  })
  function rotate(possession: string, newKey: object = fresh.jwk, jti: string = context.jti): string {
    return server.sign(party('rotating'), 'participant.rotate-key', { newKey, possession }, { jti }).presentation
  }

  it('replayed from another statement is refused', async () => {
    // The one that stood for another participant, with its key and with a new one.
    expect(await refusalOf(rotate(spent.possession, spent.newKey.jwk))).toBe('key-exists')
    expect(await refusalOf(rotate(spent.possession))).toBe('possession-invalid')
    // One for the same participant and key, made for another jti.
    const earlier = composePossession({ ...context, jti: randomUUID() }, fresh)
    expect(await refusalOf(rotate(earlier))).toBe('possession-invalid')
  })

  it('for another ledger, issuer or old key is refused', async () => {
    for (const change of [
      { aud: 'other.example/x' },
      { iss: 'other' },
      { old: spent.old },
      { old: fresh.thumbprint },
    ]) {
      expect(await refusalOf(rotate(composePossession({ ...context, ...change }, fresh)))).toBe('possession-invalid')
    }
  })

  it('signed by another key, or of another form, is refused', async () => {
    const { key } = party('rotating')
    expect(await refusalOf(rotate(composePossession(context, key)))).toBe('possession-invalid')
    const forged = composePossession(context, fresh).replace(/[^.]{86}$/, 'A'.repeat(86))
    expect(await refusalOf(rotate(forged))).toBe('possession-invalid')
    expect(await refusalOf(rotate(signJws(statementTyp, context, fresh)))).toBe('possession-invalid')
    expect(await refusalOf(rotate(signJws(possessionTyp, { ...context, iat: now() }, fresh)))).toBe(
      'possession-invalid',
    )
    const { old: _old, ...without } = context
    expect(await refusalOf(rotate(signJws(possessionTyp, without, fresh)))).toBe('possession-invalid')
    for (const text of ['x', 'a.b.c']) expect(await refusalOf(rotate(text))).toBe('possession-invalid')
    expect(await refusalOf(rotate(''))).toBe('statement-member')
  })

  it('that is right rotates the key', async () => {
    expect((await server.post(rotate(composePossession(context, fresh)))).status).toBe(201)
  })
})

describe('size', () => {
  /** A well-signed deposit whose JWS has `length` characters or up to two more: white space after the payload fills it. */
  function ofLength(length: number): string {
    const { jti } = payloadOf()
    const bare = jws(headerText(), payloadText({ jti }))
    const spaces = Math.ceil(((length - bare.length) * 3) / 4)
    const filled = jws(headerText(), payloadText({ jti }) + ' '.repeat(Math.max(0, spaces)))
    expect(filled.length).toBeGreaterThanOrEqual(length)
    expect(filled.length).toBeLessThanOrEqual(length + 2)
    return filled
  }
  /** Longest statement of the next entry: the other four lines, and five line feeds, take the rest. */
  async function longest(): Promise<number> {
    const others = ['evidence-ledger/entry/v1', String(await server.size()), '2026-01-01T00:00:00.000Z', 'A'.repeat(44)]
    return 65_535 - others.join('').length - 5
  }

  it('of an entry over 65,535 bytes is refused, of one up to it is not', async () => {
    const limit = await longest()
    expect(await refusalOf(ofLength(limit + 1))).toBe('entry-too-large')
    expect(await refusalOf(ofLength(65_530))).toBe('entry-too-large')
    expect(await refusalOf(ofLength(65_535))).toBe('statement-too-large')
    expect(await refusalOf(ofLength(200_000))).toBe('statement-too-large')
    const size = await server.size()
    const most = ofLength(limit - 2)
    expect((await server.post(most)).status).toBe(201)
    const entry = (await server.get(`/v1/entries/${size}`)).json<EntryAnswer>()
    expect(entry.statement).toBe(most)
    expect((await server.post(most)).status).toBe(200)
  })

  it('of a body over the limit is refused', async () => {
    expect(await refusalOf(Buffer.alloc(maxBatchBody + 1, 'a'), { 'content-type': 'text/plain' })).toBe(
      'body-too-large',
    )
  })
})
