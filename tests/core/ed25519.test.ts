import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { fromHex, toHex } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { publicKeyOfSeed, requireAcceptablePublicKey, signEd25519, verifyEd25519 } from '../../src/core/ed25519.ts'
import { signerNamed } from '../support/signers.ts'
import { codeOf, flipBit } from './support.ts'

/** RFC 8032, section 7.1: TEST 1, TEST 2, TEST 3 and TEST SHA(abc). */
const vectors = [
  {
    name: 'TEST 1',
    seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    name: 'TEST 2',
    seed: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    name: 'TEST 3',
    seed: 'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    publicKey: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
  {
    name: 'TEST SHA(abc)',
    seed: '833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42',
    publicKey: 'ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf',
    message: createHash('sha512').update('abc').digest('hex'),
    signature:
      'dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704',
  },
].map(({ name, ...hex }) => ({
  name,
  seed: fromHex(hex.seed),
  publicKey: fromHex(hex.publicKey),
  message: fromHex(hex.message),
  signature: fromHex(hex.signature),
}))

describe.each(vectors)('RFC 8032 $name', ({ seed, publicKey, message, signature }) => {
  it('gives its public key and signature', () => {
    expect(toHex(publicKeyOfSeed(seed))).toBe(toHex(publicKey))
    expect(toHex(signEd25519(seed, message))).toBe(toHex(signature))
  })

  it('verifies, and no longer after a bit of the key, the message or the signature is turned', () => {
    expect(verifyEd25519(publicKey, message, signature)).toBe(true)
    for (const bit of [0, 7, 100, 255, 256, 300, 503, 504, 511]) {
      expect(verifyEd25519(publicKey, message, flipBit(signature, bit))).toBe(false)
    }
    for (const bit of [0, 1, 128, 255]) expect(verifyEd25519(flipBit(publicKey, bit), message, signature)).toBe(false)
    expect(verifyEd25519(publicKey, utf8(`${toHex(message)}x`), signature)).toBe(false)
  })
})

describe('input of verifyEd25519', () => {
  const { publicKey, message, signature } = vectors[2] as (typeof vectors)[number]

  it('takes views and buffers', () => {
    const wide = new Uint8Array(200)
    wide.set(publicKey, 3)
    wide.set(signature, 50)
    expect(verifyEd25519(wide.subarray(3, 35), Buffer.from(message), wide.subarray(50, 114))).toBe(true)
  })

  it.each([0, 1, 31, 33, 64])('refuses a public key of %d bytes', (length) => {
    const key = new Uint8Array(length)
    key.set(publicKey.subarray(0, length))
    expect(verifyEd25519(key, message, signature)).toBe(false)
    expect(codeOf(() => requireAcceptablePublicKey(key))).toBe('key-weak')
  })

  it.each([0, 1, 32, 63, 65, 96, 128])('refuses a signature of %d bytes', (length) => {
    const long = new Uint8Array(length)
    long.set(signature.subarray(0, length))
    expect(verifyEd25519(publicKey, message, long)).toBe(false)
  })

  it.each<[string, unknown]>([
    ['undefined', undefined],
    ['null', null],
    ['a string', 'fc51'],
    ['an array', [...publicKey]],
    ['an array buffer', publicKey.buffer],
    ['a clamped array', new Uint8ClampedArray(64)],
    ['an array-like object', { length: 64 }],
  ])('gives false for %s in any place, and never throws', (_, value) => {
    const bad = value as Uint8Array
    expect(verifyEd25519(bad, message, signature)).toBe(false)
    expect(verifyEd25519(publicKey, bad, signature)).toBe(false)
    expect(verifyEd25519(publicKey, message, bad)).toBe(false)
  })

  it('refuses the signature of another key, and of another message', () => {
    const [one, other] = [signerNamed('one'), signerNamed('other')]
    expect(verifyEd25519(one.publicKey, message, one.sign(message))).toBe(true)
    expect(verifyEd25519(other.publicKey, message, one.sign(message))).toBe(false)
    expect(verifyEd25519(one.publicKey, utf8('another'), one.sign(message))).toBe(false)
  })
})
