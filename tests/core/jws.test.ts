import { describe, expect, it } from 'vitest'
import { toBase64url } from '../../src/core/base64.ts'
import { fromUtf8, utf8 } from '../../src/core/bytes.ts'
import { verifyEd25519 } from '../../src/core/ed25519.ts'
import { publicKeyOf } from '../../src/core/jwk.ts'
import {
  encodeSigningInput,
  isKnownAlgorithm,
  joinJws,
  parseHeader,
  requireSignatureLength,
  splitJws,
} from '../../src/core/jws.ts'
import { signerNamed } from '../support/signers.ts'
import { codeOf } from './support.ts'

/** RFC 8037, appendix A.4. */
const rfc8037 =
  'eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg'
/** RFC 7515, appendix A.3. */
const rfc7515 =
  'eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q'

describe('compact serialisation', () => {
  it('of RFC 8037 splits and verifies, though its header is none of ours', () => {
    const { header, payload, signature, signingInput, text } = splitJws(rfc8037)
    expect([fromUtf8(header), fromUtf8(payload)]).toEqual(['{"alg":"EdDSA"}', 'Example of Ed25519 signing'])
    expect(text).toBe(rfc8037)
    const key = publicKeyOf({ crv: 'Ed25519', kty: 'OKP', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' })
    expect(verifyEd25519(key, signingInput, signature)).toBe(true)
    expect(verifyEd25519(key, utf8(fromUtf8(signingInput).replace('RXhh', 'rXhh')), signature)).toBe(false)
    expect(codeOf(() => parseHeader(header, 'JWT'))).toBe('jws-typ')
  })

  it('of RFC 7515 splits into what the appendix says', () => {
    const { header, payload } = splitJws(rfc7515)
    expect(fromUtf8(header)).toBe('{"alg":"ES256"}')
    expect(fromUtf8(payload)).toBe('{"iss":"joe",\r\n "exp":1300819380,\r\n "http://example.com/is_root":true}')
  })

  it.each([
    ['', 'jws-malformed'],
    ['.', 'jws-malformed'],
    ['..', 'jws-malformed'],
    ['YQ', 'jws-malformed'],
    ['YQ.YQ', 'jws-malformed'],
    [rfc8037.slice(rfc8037.indexOf('.')), 'jws-malformed'],
    [`${rfc8037}.`, 'jws-malformed'],
    [`${rfc8037}.YQ`, 'jws-malformed'],
    [`.${rfc8037}`, 'jws-malformed'],
    ['{"payload":"YQ","signatures":[]}', 'jws-malformed'],
    [rfc8037.replace('.', '=.'), 'base64-malformed'],
    [rfc8037.replace('.', '\n.'), 'base64-malformed'],
    [` ${rfc8037}`, 'base64-malformed'],
    [`${rfc8037}\n`, 'base64-malformed'],
    [`${rfc8037}=`, 'base64-malformed'],
    [`${rfc8037.slice(0, -1)}h`, 'base64-malformed'],
    [rfc8037.replace('hgyY0il_', 'hgyY0il/'), 'base64-malformed'],
    [rfc8037.replace('RXhh', 'RXh é'), 'base64-malformed'],
    [`${rfc8037}~`, 'base64-malformed'],
  ] as const)('refuses %j: %s', (text, code) => {
    expect(codeOf(() => splitJws(text))).toBe(code)
  })

  it('R5 has a header of at most 1,024 bytes, and one that is longer is neither decoded nor parsed', () => {
    const [, rest] = /^[^.]*(\..*)$/.exec(rfc8037) as unknown as [string, string]
    const headed = (header: string): string => codeOf(() => splitJws(`${header}${rest}`))
    expect(headed(toBase64url(utf8('['.repeat(1024))))).toBe('accepted')
    expect(headed(toBase64url(utf8('['.repeat(1025))))).toBe('jws-header')
    expect(headed('?'.repeat(1366))).toBe('base64-malformed')
    expect(headed('?'.repeat(1367))).toBe('jws-header')
    const typ = 'some-typ'
    expect(codeOf(() => parseHeader(utf8('['.repeat(1024)), typ))).toBe('json-depth')
    expect(codeOf(() => parseHeader(utf8('['.repeat(1025)), typ))).toBe('jws-header')
  })

  it('may have a signature of any length, until an algorithm is known', () => {
    const withSignature = (bytes: number): string => joinJws('e30.e30', new Uint8Array(bytes))
    for (const length of [32, 63, 65, 2420]) {
      const jws = splitJws(withSignature(length))
      expect(jws.signature.length).toBe(length)
      expect(codeOf(() => requireSignatureLength(jws))).toBe('jws-malformed')
    }
    expect(codeOf(() => requireSignatureLength(splitJws(withSignature(64))))).toBe('accepted')
  })

  it('is put together again from its parts', () => {
    const signer = signerNamed('signer')
    const input = encodeSigningInput('some-typ', signer.thumbprint, { a: [1, 'é'] })
    const jws = splitJws(joinJws(input, signer.sign(utf8(input))))
    expect(fromUtf8(jws.signingInput)).toBe(input)
    expect(parseHeader(jws.header, 'some-typ')).toEqual({ alg: 'EdDSA', typ: 'some-typ', kid: signer.thumbprint })
    expect(fromUtf8(jws.payload)).toBe('{"a":[1,"é"]}')
    expect(verifyEd25519(signer.publicKey, jws.signingInput, jws.signature)).toBe(true)
  })
})

describe('protected header', () => {
  const typ = 'evidence-statement+sd-jwt'
  const kid = signerNamed('signer').thumbprint
  const good = { alg: 'EdDSA', typ, kid }
  const read = (header: object | string): string =>
    codeOf(() => parseHeader(utf8(typeof header === 'string' ? header : JSON.stringify(header)), typ))

  it.each<[string, string]>([
    ['members in any order', JSON.stringify({ kid, alg: 'Ed25519', typ })],
    ['space between members', ` {\r\n\t"alg" : "EdDSA" ,"typ":"${typ}","kid":"${kid}" } `],
    ['escapes', JSON.stringify(good).replace('"alg"', '"\\u0061lg"')],
  ])('takes %s', (_, text) => {
    expect(parseHeader(utf8(text), typ)).toMatchObject({ typ, kid })
  })

  it('leaves an unknown alg to the caller', () => {
    for (const alg of ['ES256', 'none', 'eddsa', 'ED25519', 'ed25519', 'Ed448', 'ML-DSA-44', '']) {
      expect(parseHeader(utf8(JSON.stringify({ ...good, alg })), typ).alg).toBe(alg)
      expect(isKnownAlgorithm(alg)).toBe(false)
    }
    expect(['EdDSA', 'Ed25519'].map(isKnownAlgorithm)).toEqual([true, true])
  })

  it.each<[string, string, object | string]>([
    ['jws-header', 'crit', { ...good, crit: ['b64'], b64: false }],
    ['jws-header', 'a key in it', { ...good, jwk: signerNamed('signer').jwk }],
    ['jws-header', 'an address of keys', { ...good, jku: 'https://example.com' }],
    ['jws-header', 'certificates', { ...good, x5c: [] }],
    ['jws-header', 'cty', { ...good, cty: 'JWT' }],
    ['jws-header', '__proto__', `{"__proto__":{},${JSON.stringify(good).slice(1)}`],
    ['jws-header', 'an empty member name', { ...good, '': 1 }],
    ['jws-alg', 'no alg', { typ, kid }],
    ['jws-alg', 'an alg that is no string', { ...good, alg: 1 }],
    ['jws-alg', 'an alg of null', { ...good, alg: null }],
    ['jws-alg', 'nothing', {}],
    ['jws-typ', 'no typ', { alg: 'EdDSA', kid }],
    ['jws-typ', 'another typ', { ...good, typ: 'JWT' }],
    ['jws-typ', 'typ in capitals', { ...good, typ: typ.toUpperCase() }],
    ['jws-typ', 'typ with its tree', { ...good, typ: `application/${typ}` }],
    ['jws-typ', 'typ with a space', { ...good, typ: `${typ} ` }],
    ['jws-typ', 'an array of typ', { ...good, typ: [typ] }],
    ['jws-kid', 'no kid', { alg: 'EdDSA', typ }],
    ['jws-kid', 'a kid that is no string', { ...good, kid: 7 }],
    ['jws-kid', 'a short kid', { ...good, kid: kid.slice(1) }],
    ['jws-kid', 'a long kid', { ...good, kid: `${kid}A` }],
    ['jws-kid', 'a padded kid', { ...good, kid: `${kid}=` }],
    ['jws-kid', 'a kid of other characters', { ...good, kid: `${kid.slice(1)}+` }],
    ['json-duplicate-member', 'alg twice', `${JSON.stringify(good).slice(0, -1)},"alg":"EdDSA"}`],
    ['json-duplicate-member', 'alg twice by an escape', `${JSON.stringify(good).slice(0, -1)},"\\u0061lg":"none"}`],
    ['json-malformed', 'an array', '[]'],
    ['json-malformed', 'null', 'null'],
    ['json-malformed', 'a string', '"EdDSA"'],
    ['json-malformed', 'nothing at all', ''],
    ['json-malformed', 'two objects', `${JSON.stringify(good)}{}`],
    ['utf8-malformed', 'a byte order mark', `\ufeff${JSON.stringify(good)}`],
  ])('gives %s for %s', (code, _, header) => {
    expect(read(header)).toBe(code)
  })

  it('refuses a kid with trailing bits, which no thumbprint has', () => {
    const next = String.fromCharCode(kid.charCodeAt(42) + 1)
    expect(Buffer.from(kid, 'base64url')).toEqual(Buffer.from(kid.slice(0, 42) + next, 'base64url'))
    expect(read({ ...good, kid: kid.slice(0, 42) + next })).toBe('jws-kid')
  })

  it('refuses bytes that are not UTF-8', () => {
    expect(codeOf(() => parseHeader(Uint8Array.of(0x7b, 0xff, 0x7d), typ))).toBe('utf8-malformed')
  })

  it('is judged anew under another typ', () => {
    expect(read(good)).toBe('accepted')
    expect(codeOf(() => parseHeader(utf8(JSON.stringify(good)), 'evidence-access+jwt'))).toBe('jws-typ')
    expect(read(good)).toBe('accepted')
  })
})
