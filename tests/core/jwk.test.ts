import { describe, expect, it } from 'vitest'
import { fromHex, toBase64url, toHex } from '../../src/core/base64.ts'
import { canonicalJwk, type Jwk, jwkOf, parseCanonicalJwk, publicKeyOf, thumbprint } from '../../src/core/jwk.ts'
import { codeOf } from './support.ts'
import { craft, littleEndian, P, torsionPoints } from './torsion.ts'

/** RFC 8037, appendix A.2 and A.3. */
const x = '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo'
const line = `{"crv":"Ed25519","kty":"OKP","x":"${x}"}`

describe('JWK', () => {
  it('has the thumbprint of RFC 8037', () => {
    const jwk: Jwk = { crv: 'Ed25519', kty: 'OKP', x }
    expect(toHex(publicKeyOf(jwk))).toBe('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a')
    expect(thumbprint(jwk)).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k')
  })

  it('is written and read in the form of RFC 7638', () => {
    const jwk = jwkOf(fromHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a'))
    expect(canonicalJwk(jwk)).toBe(line)
    expect(parseCanonicalJwk(line)).toEqual(jwk)
  })

  it.each([
    ['nothing', ''],
    ['no object', `"${x}"`],
    ['members in another order', `{"kty":"OKP","crv":"Ed25519","x":"${x}"}`],
    ['a space', `{"crv":"Ed25519", "kty":"OKP","x":"${x}"}`],
    ['a space before', ` ${line}`],
    ['a line feed after', `${line}\n`],
    ['a carriage return after', `${line}\r`],
    ['a further member', `{"crv":"Ed25519","kty":"OKP","kid":"1","x":"${x}"}`],
    ['a private key', `{"crv":"Ed25519","d":"${x}","kty":"OKP","x":"${x}"}`],
    ['no crv', `{"kty":"OKP","x":"${x}"}`],
    ['another curve', `{"crv":"X25519","kty":"OKP","x":"${x}"}`],
    ['another type', `{"crv":"Ed25519","kty":"EC","x":"${x}"}`],
    ['an escape', `{"crv":"Ed25519","kty":"OKP","\\u0078":"${x}"}`],
    ['an x too short', `{"crv":"Ed25519","kty":"OKP","x":"${x.slice(1)}"}`],
    ['an x too long', `{"crv":"Ed25519","kty":"OKP","x":"A${x}"}`],
    ['a padded x', `{"crv":"Ed25519","kty":"OKP","x":"${x}="}`],
    ['an x of padded base64', `{"crv":"Ed25519","kty":"OKP","x":"${x.replace('_', '/')}"}`],
    ['two objects', `${line}${line}`],
  ])('with %s is malformed', (_, text) => {
    expect(codeOf(() => parseCanonicalJwk(text))).toBe('key-malformed')
  })

  it('with trailing bits in x is not canonical', () => {
    expect(codeOf(() => parseCanonicalJwk(line.replace('URo"', 'URp"')))).toBe('base64-malformed')
    expect(codeOf(() => publicKeyOf({ crv: 'Ed25519', kty: 'OKP', x: `${x.slice(0, 42)}p` }))).toBe('base64-malformed')
    expect(codeOf(() => publicKeyOf({ crv: 'Ed25519', kty: 'OKP', x: x.slice(1) }))).toBe('key-malformed')
  })

  it.each<[string, Uint8Array]>([
    ['of small order', (torsionPoints[3] as (typeof torsionPoints)[number]).toBytes()],
    ['that is the identity', littleEndian(1n)],
    ['with torsion', craft({ message: new Uint8Array(0), a: 5n, r: 7n, keyTorsion: 1 }).publicKey],
    ['that is not canonical', littleEndian(P + 3n)],
    ['that is no point', littleEndian(2n)],
  ])('with a key %s is weak', (_, publicKey) => {
    const text = canonicalJwk({ crv: 'Ed25519', kty: 'OKP', x: toBase64url(publicKey) })
    expect(codeOf(() => parseCanonicalJwk(text))).toBe('key-weak')
    expect(codeOf(() => publicKeyOf(jwkOf(publicKey)))).toBe('key-weak')
  })
})
