import { describe, expect, it } from 'vitest'
import { toBase64url } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import type { ErrorCode } from '../../src/core/errors.ts'
import { joinJws, splitJws } from '../../src/core/jws.ts'
import { signJws } from '../../src/statements/compose.ts'
import { readEnvelope } from '../../src/statements/statement.ts'
import { statementTyp } from '../../src/statements/vocabulary.ts'
import { codeOf } from '../core/support.ts'
import { origin } from '../support/chain.ts'
import { signerNamed } from '../support/signers.ts'
import { statementOf, withAlg } from './bench.ts'

const signer = signerNamed('depositor')
const good = {
  iss: 'depositor',
  aud: origin,
  jti: '0f8fad5b-d9cb-469f-a165-70867728950e',
  iat: 1_793_520_000,
  kind: 'evidence.deposit',
}

function read(payload: object): string {
  return codeOf(() => statementOf(signJws(statementTyp, payload, signer)))
}
/** A JWS over a payload that JSON.stringify would not write. */
function readText(payload: string | Uint8Array): string {
  const [header] = signJws(statementTyp, {}, signer).split('.') as [string]
  const input = `${header}.${toBase64url(typeof payload === 'string' ? utf8(payload) : payload)}`
  return codeOf(() => statementOf(joinJws(input, signer.sign(utf8(input)))))
}

describe('envelope', () => {
  const jws = signJws(statementTyp, good, signer)

  it('tells known algorithms from others', () => {
    expect(readEnvelope(jws)).toMatchObject({ knownAlgorithm: true, header: { alg: 'EdDSA', kid: signer.thumbprint } })
    expect(readEnvelope(withAlg(jws, 'Ed25519')).knownAlgorithm).toBe(true)
    for (const alg of ['ES256', 'eddsa', 'Ed448', 'ML-DSA-44']) {
      expect(readEnvelope(withAlg(jws, alg)).knownAlgorithm).toBe(false)
    }
  })

  it.each([0, 32, 63, 65, 2420])('takes a signature of %d bytes from an unknown algorithm only', (length) => {
    const signature = new Uint8Array(length)
    expect(codeOf(() => readEnvelope(joinJws(jws.slice(0, jws.lastIndexOf('.')), signature)))).toBe('jws-malformed')
    // An empty part is no part: nothing would be left that a newer verifier could judge.
    const unknown = codeOf(() => readEnvelope(withAlg(jws, 'ML-DSA-44', signature)))
    expect(unknown === 'accepted').toBe(length > 0)
  })

  it.each<[ErrorCode, string]>([
    ['jws-malformed', jws.slice(0, jws.lastIndexOf('.'))],
    ['jws-malformed', `${jws}.`],
    ['base64-malformed', `${jws}~`],
    ['base64-malformed', `${jws}\n`],
    ['jws-typ', signJws('evidence-access+jwt', good, signer)],
    ['jws-typ', signJws('JWT', good, signer)],
  ])('gives %s for %.20s…', (code, text) => {
    expect(codeOf(() => readEnvelope(text))).toBe(code)
  })

  it('keeps the bytes as they came', () => {
    expect(readEnvelope(jws).jws).toEqual(splitJws(jws))
    expect(readEnvelope(jws).jws.text).toBe(jws)
  })
})

describe('common members', () => {
  it.each<[string, object]>([
    ['as they are made', good],
    ['iss of one character', { ...good, iss: 'a' }],
    ['iss of 64 characters', { ...good, iss: `._-${'z9'.repeat(30)}a` }],
    ['aud of 255 characters', { ...good, aud: 'o'.repeat(255) }],
    ['another ledger as aud: the rulebook judges it', { ...good, aud: 'other.example' }],
    ['any UUID', { ...good, jti: 'ffffffff-ffff-ffff-ffff-ffffffffffff' }],
    ['the nil UUID', { ...good, jti: '00000000-0000-0000-0000-000000000000' }],
    ['iat of 0', { ...good, iat: 0 }],
    ['iat of 9999-12-31T23:59:59Z', { ...good, iat: 253_402_300_799 }],
    ['a kind of a later version', { ...good, kind: 'evidence.hand-over' }],
    ['a kind of 256 bytes', { ...good, kind: 'é'.repeat(128) }],
    ['further members, which the kind judges', { ...good, more: 1 }],
  ])('are accepted: %s', (_, payload) => {
    expect(read(payload)).toBe('accepted')
  })

  it.each<[ErrorCode, string, object]>([
    ['statement-member', 'no iss', { ...good, iss: undefined }],
    ['statement-member', 'an empty iss', { ...good, iss: '' }],
    ['statement-member', 'iss of 65 characters', { ...good, iss: 'a'.repeat(65) }],
    ['statement-member', 'iss with a capital', { ...good, iss: 'Depositor' }],
    ['statement-member', 'iss with a space', { ...good, iss: 'de positor' }],
    ['statement-member', 'iss with a line feed', { ...good, iss: 'depositor\n' }],
    ['statement-member', 'iss with a slash', { ...good, iss: 'court/7' }],
    ['statement-member', 'iss that is not ASCII', { ...good, iss: 'gericht-münchen' }],
    ['statement-member', 'iss that is no string', { ...good, iss: 7 }],
    ['statement-member', 'iss of null', { ...good, iss: null }],
    ['audience-wrong', 'no aud', { ...good, aud: undefined }],
    ['audience-wrong', 'an array of aud', { ...good, aud: [origin] }],
    ['audience-wrong', 'an empty aud', { ...good, aud: '' }],
    ['audience-wrong', 'aud that is no origin', { ...good, aud: 'a b' }],
    ['audience-wrong', 'aud of 256 characters', { ...good, aud: 'o'.repeat(256) }],
    ['statement-member', 'no jti', { ...good, jti: undefined }],
    ['statement-member', 'jti in capitals', { ...good, jti: good.jti.toUpperCase() }],
    ['statement-member', 'jti without hyphens', { ...good, jti: good.jti.replaceAll('-', '') }],
    ['statement-member', 'jti in braces', { ...good, jti: `{${good.jti}}` }],
    ['statement-member', 'jti as URN', { ...good, jti: `urn:uuid:${good.jti}` }],
    ['statement-member', 'jti with a line feed', { ...good, jti: `${good.jti}\n` }],
    ['statement-member', 'jti that is no UUID', { ...good, jti: '1' }],
    ['statement-member', 'no iat', { ...good, iat: undefined }],
    ['statement-member', 'a negative iat', { ...good, iat: -1 }],
    ['statement-member', 'iat as text', { ...good, iat: '1793520000' }],
    ['json-number', 'iat with a fraction', { ...good, iat: 1.5 }],
    ['json-number', 'iat beyond 2^53-1', { ...good, iat: 2 ** 53 }],
    ['statement-member', 'F-H9: iat in the year 10000', { ...good, iat: 253_402_300_800 }],
    ['statement-member', 'no kind', { ...good, kind: undefined }],
    ['statement-member', 'an empty kind', { ...good, kind: '' }],
    ['statement-member', 'kind that is no string', { ...good, kind: ['evidence.deposit'] }],
    ['statement-member', 'a kind of 257 bytes', { ...good, kind: 'k'.repeat(257) }],
    ['statement-member', 'a kind of 258 bytes in 129 characters', { ...good, kind: 'é'.repeat(129) }],
  ])('give %s for %s', (code, _, payload) => {
    expect(read(payload)).toBe(code)
  })

  it.each<[ErrorCode, string]>([
    ['json-malformed', ''],
    ['json-malformed', '[]'],
    ['json-malformed', '"text"'],
    ['json-malformed', 'null'],
    ['json-malformed', `${JSON.stringify(good)},`],
    ['json-duplicate-member', `{"iss":"a",${JSON.stringify(good).slice(1)}`],
    ['json-duplicate-member', `{"\\u0069ss":"a",${JSON.stringify(good).slice(1)}`],
    ['json-string', JSON.stringify({ ...good, more: '?' }).replace('?', '\\ud800')],
    ['json-depth', JSON.stringify({ ...good, more: '?' }).replace('"?"', `${'['.repeat(16)}${']'.repeat(16)}`)],
    ['utf8-malformed', `\ufeff${JSON.stringify(good)}`],
  ])('stand in JSON of page 1: %s', (code, text) => {
    expect(readText(text)).toBe(code)
  })

  it('are not taken from a prototype', () => {
    expect(readText(JSON.stringify({ ...good, iss: undefined }).replace('{', '{"__proto__":{"iss":"a"},'))).toBe(
      'statement-member',
    )
    expect(readText(Uint8Array.of(0x7b, 0xff, 0x7d))).toBe('utf8-malformed')
  })
})
