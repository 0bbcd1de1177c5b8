import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { fromBER } from 'asn1js'
import { AlgorithmIdentifier } from 'pkijs'
import { expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { readPublicKey } from '../../src/timestamp/public-key.ts'
import { verifySignature } from '../../src/timestamp/signature.ts'

/* docs/spec/13-time-stamps.md, "Token", step 3: which keys and algorithms count. Signatures are OpenSSL's. */

const data = utf8('what is signed')
type Pair = ReturnType<typeof pair>

type Keys = { readonly publicKey: KeyObject; readonly privateKey: KeyObject }

function pair(type: 'rsa' | 'rsa-pss' | 'ec' | 'ed25519' | 'ed448', options: object = {}) {
  const generate = generateKeyPairSync as unknown as (type: string, options: object) => Keys
  const { publicKey, privateKey } = generate(type, options)
  const spki = publicKey.export({ format: 'der', type: 'spki' })
  return { privateKey, key: readPublicKey(fromBER(Uint8Array.from(spki)).result) }
}

const id = (algorithmId: string): AlgorithmIdentifier => new AlgorithmIdentifier({ algorithmId })
/** RSASSA-PSS-params with SHA-256 and a salt of 32 bytes. */
const pss = new AlgorithmIdentifier({
  algorithmId: '1.2.840.113549.1.1.10',
  algorithmParams: fromBER(
    Uint8Array.from(
      Buffer.from(
        '3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120',
        'hex',
      ),
    ),
  ).result,
})
const pssOptions = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }

async function verdicts({ key }: Pair, algorithm: AlgorithmIdentifier, signature: Uint8Array): Promise<boolean[]> {
  const broken = Uint8Array.from(signature)
  broken[broken.length - 3] = (broken.at(-3) as number) ^ 1
  const verify = (of: Uint8Array, by: Uint8Array): Promise<boolean> => verifySignature(algorithm, key, of, by)
  return [
    await verify(data, signature),
    await verify(utf8('what is signeD'), signature),
    await verify(data, broken),
    await verify(data, signature.subarray(0, -1)),
    await verify(data, Uint8Array.from([...signature, 0])),
  ]
}

const accepted = [true, false, false, false, false]
const refused = [false, false, false, false, false]

it.each([
  ['P-256', 'sha256', '1.2.840.10045.4.3.2', accepted],
  ['P-384', 'sha384', '1.2.840.10045.4.3.3', accepted],
  ['P-521', 'sha512', '1.2.840.10045.4.3.4', accepted],
  ['P-384', 'sha256', '1.2.840.10045.4.3.2', accepted],
  ['brainpoolP256r1', 'sha256', '1.2.840.10045.4.3.2', refused],
  ['secp256k1', 'sha256', '1.2.840.10045.4.3.2', refused],
] as const)('ECDSA on %s with %s', async (namedCurve, hash, oid, expected) => {
  const own = pair('ec', { namedCurve })
  for (let n = 0; n < 8; n++) expect(await verdicts(own, id(oid), sign(hash, data, own.privateKey))).toEqual(expected)
})

it('RSA by PKCS #1 v1.5 and by PSS, of 2,048 bits and more, and by no other algorithm', async () => {
  const [rsa, weak] = [pair('rsa', { modulusLength: 2048 }), pair('rsa', { modulusLength: 1024 })]
  const pkcs1 = id('1.2.840.113549.1.1.11')
  expect(await verdicts(rsa, pkcs1, sign('sha256', data, rsa.privateKey))).toEqual(accepted)
  expect(await verdicts(rsa, pss, sign('sha256', data, { key: rsa.privateKey, ...pssOptions }))).toEqual(accepted)
  expect(
    await verdicts(rsa, pss, sign('sha256', data, { key: rsa.privateKey, ...pssOptions, saltLength: 20 })),
  ).toEqual(refused)
  expect(await verdicts(rsa, id('1.2.840.113549.1.1.5'), sign('sha1', data, rsa.privateKey))).toEqual(refused)
  expect(await verdicts(rsa, id('1.2.840.10045.4.3.2'), sign('sha256', data, rsa.privateKey))).toEqual(refused)
  expect(await verdicts(weak, pkcs1, sign('sha256', data, weak.privateKey))).toEqual(refused)
})

it('an RSA key that is bound to PSS signs by that alone, with its own hash', async () => {
  const signed = (own: Pair): Uint8Array => sign('sha256', data, { key: own.privateKey, ...pssOptions })
  const any = pair('rsa-pss', { modulusLength: 2048 })
  expect(await verdicts(any, pss, signed(any))).toEqual(accepted)
  const own = pair('rsa-pss', {
    modulusLength: 2048,
    hashAlgorithm: 'sha256',
    mgf1HashAlgorithm: 'sha256',
    saltLength: 32,
  })
  expect(await verdicts(own, pss, signed(own))).toEqual(accepted)
  expect(await verdicts(own, id('1.2.840.113549.1.1.11'), signed(own))).toEqual(refused)
  const other = pair('rsa-pss', {
    modulusLength: 2048,
    hashAlgorithm: 'sha512',
    mgf1HashAlgorithm: 'sha512',
    saltLength: 64,
  })
  expect(await verdicts({ ...other, key: own.key }, pss, signed(own))).toEqual(accepted)
  expect(await verdicts(other, pss, signed(own))).toEqual(refused)
})

it('Ed25519, and not Ed448', async () => {
  const [own, other] = [pair('ed25519'), pair('ed448')]
  expect(await verdicts(own, id('1.3.101.112'), sign(null, data, own.privateKey))).toEqual(accepted)
  expect(await verdicts(other, id('1.3.101.113'), sign(null, data, other.privateKey))).toEqual(refused)
})
