import { describe, expect, it } from 'vitest'
import { toBase64, toHex } from '../../src/core/base64.ts'
import { concat, utf8 } from '../../src/core/bytes.ts'
import { signatureTypes } from '../../src/core/cosignature.ts'
import { keyId, parseVerifierKey, verifierKey } from '../../src/core/note.ts'
import { signerNamed } from '../support/signers.ts'
import { codeOf } from './support.ts'
import { craft, littleEndian, P, torsionPoints } from './torsion.ts'

const vkey = 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k'
const publicKey = signerNamed('vkey').publicKey

/** A vkey of any bytes, its id computed as the recommendation has it. */
function vkeyOf(name: string, type: number, key: Uint8Array): string {
  return `${name}+${toHex(keyId(name, type, key))}+${toBase64(concat(Uint8Array.of(type), key))}`
}

describe('vkey', () => {
  it('of signed-note reads as that says', () => {
    const key = parseVerifierKey(vkey)
    expect([key.name, toHex(key.id), key.type, key.publicKey.length, key.text]).toEqual([
      'example.com/foo',
      '530d903a',
      1,
      32,
      vkey,
    ])
  })

  it.each([
    ['note.example', signatureTypes.ed25519],
    ['gericht.example/münchen-说明', signatureTypes.ed25519],
    ['w', signatureTypes.cosignature],
  ])('of %s and type %d is written and read', (name, type) => {
    const key = verifierKey(name, publicKey, type)
    expect(key.text).toBe(vkeyOf(name, type, publicKey))
    expect(parseVerifierKey(key.text)).toEqual(key)
  })

  it('has another id by name and by type', () => {
    const ids = [verifierKey('a', publicKey), verifierKey('b', publicKey), verifierKey('a', publicKey, 4)]
    expect(new Set(ids.map(({ id }) => toHex(id))).size).toBe(3)
    expect(ids[0]?.id).toEqual(keyId('a', 1, publicKey))
  })

  it.each<[string, number, number]>([
    ['ECDSA, whose id is made otherwise', 0x02, 91],
    ['RFC 6962 tree heads', 0x05, 91],
    ['an unassigned type', 0x07, 1312],
    ['a longer identifier', 0xff, 40],
  ])('of %s reads without judging key and id', (_, type, length) => {
    const bytes = concat(Uint8Array.of(type), new Uint8Array(length))
    const key = parseVerifierKey(`ct.example+00000000+${toBase64(bytes)}`)
    expect([key.type, key.publicKey.length]).toEqual([type, length])
  })

  it.each<[string, string]>([
    ['nothing', ''],
    ['two parts', 'example.com/foo+530d903a'],
    ['an empty name', vkey.replace('example.com/foo', '')],
    ['a space in the name', vkey.replace('/foo', '/ foo')],
    ['a Unicode space in the name', vkey.replace('/foo', '/\u2003foo')],
    ['a no-break space in the name', vkey.replace('/foo', '/\u00a0foo')],
    ['a line feed in the name', vkey.replace('/foo', '/\nfoo')],
    ['a plus in the name', vkey.replace('/foo', '+foo')],
    ['an id in capitals', vkey.replace('530d903a', '530D903A')],
    ['a short id', vkey.replace('530d903a', '530d903')],
    ['a long id', vkey.replace('530d903a', '0530d903a')],
    ['an id that is not its own', vkey.replace('530d903a', '530d903b')],
    ['the id of another name', vkey.replace('/foo', '/bar')],
    ['no key', vkey.replace(/\+A.*$/, '+')],
    ['a type alone', vkey.replace(/\+A.*$/, '+AQ==')],
    ['trailing bits in the key', 'ct.example+00000000+BgB='],
    ['no padding', 'ct.example+00000000+BgA'],
    ['base64url', vkey.replace('AekyeRrm', 'AekyeRr_')],
    ['a line feed after', `${vkey}\n`],
    ['a space before', ` ${vkey}`],
    ['a short key', vkeyOf('a', 1, publicKey.slice(1))],
    ['a long key', vkeyOf('a', 1, concat(publicKey, Uint8Array.of(0)))],
    ['a short cosignature key', vkeyOf('a', 4, publicKey.slice(1))],
    ['a short ML-DSA-44 key', vkeyOf('a', 6, new Uint8Array(1311))],
    ['a long ML-DSA-44 key', vkeyOf('a', 6, new Uint8Array(1313))],
    ['an ML-DSA-44 key with another id', vkeyOf('a', 6, new Uint8Array(1312)).replace('a+', 'b+')],
    ['a key of small order', vkeyOf('a', 1, (torsionPoints[1] as (typeof torsionPoints)[number]).toBytes())],
    ['a cosignature key of small order', vkeyOf('a', 4, littleEndian(1n))],
    ['a key with torsion', vkeyOf('a', 1, craft({ message: utf8(''), a: 5n, r: 7n, keyTorsion: 3 }).publicKey)],
    ['a key that is not canonical', vkeyOf('a', 1, littleEndian(P + 3n))],
    ['a key that is no point', vkeyOf('a', 1, littleEndian(2n))],
  ])('with %s is malformed', (_, text) => {
    expect(codeOf(() => parseVerifierKey(text))).toBe('vkey-malformed')
  })
})
