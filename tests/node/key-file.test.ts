import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { EvidenceError } from '../../src/core/errors.ts'
import { canonicalJwk, type Jwk, jwkOf, thumbprint } from '../../src/core/jwk.ts'
import { createKeyFile, readKeyFile } from '../../src/node/key-file.ts'
import { createMlDsaKeyFile, readMlDsaKeyFile } from '../../src/node/mldsa-key-file.ts'
import { readPrivateKeyFile } from '../../src/node/private-key-file.ts'
import { readPublicKey } from '../../src/node/public-key-file.ts'
import { codeOf } from '../core/support.ts'
import { systemProgram } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { craft } from '../core/torsion.ts'

const { path, remove } = temporaryFolder()
afterAll(remove)
const at = (name: string): string => join(path, name)

/** Writes a file that only its owner may read, and gives its path. */
function secret(name: string, content: string): string {
  writeFileSync(at(name), content, { mode: 0o600 })
  return at(name)
}

/** The error of a call; undefined where there is none. */
function refusalOf(call: () => unknown): EvidenceError | undefined {
  try {
    call()
    return undefined
  } catch (error) {
    return error as EvidenceError
  }
}

/** What openssl shows of a key file's encryption: its algorithms and its rounds. */
function encryptionOf(file: string): string[] {
  const { code, stdout } = systemProgram('openssl', ['asn1parse', '-in', file])
  expect(code).toBe(0)
  return stdout
    .toString()
    .split('\n')
    .flatMap((line) => /(?:OBJECT|INTEGER) +:(\S+)$/.exec(line)?.[1] ?? [])
}

const ours = ['PBES2', 'PBKDF2', '0927C0', 'hmacWithSHA256', 'aes-256-cbc']

describe('F-M1: a key file under a passphrase', () => {
  it('has one derivation whatever its algorithm, of 600,000 rounds, which openssl reads', () => {
    const passphrase = 'a passphrase 口令'
    const key = createKeyFile(at('ed25519.pem'), passphrase)
    createMlDsaKeyFile(at('ml-dsa.key'), passphrase)
    for (const name of ['ed25519.pem', 'ml-dsa.key']) expect([name, encryptionOf(at(name))]).toEqual([name, ours])
    const file = secret('pass', passphrase)
    const read = systemProgram('openssl', ['pkey', '-in', at('ed25519.pem'), '-passin', `file:${file}`, '-pubout'])
    const { x } = createPublicKey(read.stdout).export({ format: 'jwk' })
    expect(x).toBe(key.jwk.x)
    expect(readKeyFile(at('ed25519.pem'), passphrase).jwk).toEqual(key.jwk)
  })

  it('is refused where another program encrypted it more cheaply, and read after the command that the refusal names', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    // The runtime's own export: PBKDF2 with 2,048 rounds.
    const cheap = privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'secret' })
    const weak = secret('weak.pem', cheap as string)
    expect(encryptionOf(weak)).toContain('0800')
    expect(codeOf(() => readKeyFile(weak, 'secret'))).toBe('key-file-weak')
    expect(codeOf(() => readKeyFile(weak))).toBe('key-file-passphrase')
    const [pass, again] = [secret('weak.pass', 'secret'), secret('again.pass', 'secret')]
    const encrypt = (name: string, ...how: string[]): string => {
      const files = ['-in', weak, '-passin', `file:${pass}`, '-out', at(name), '-passout', `file:${again}`]
      expect(systemProgram('openssl', ['pkcs8', '-topk8', ...files, ...how]).code).toBe(0)
      return secret(name, readFileSync(at(name), 'utf8'))
    }
    const command = ['-v2', 'aes-256-cbc', '-v2prf', 'hmacWithSHA256', '-iter', '600000']
    expect(readKeyFile(encrypt('anew.pem', ...command), 'secret').jwk.x).toBe(publicKey.export({ format: 'jwk' }).x)
    for (const [name, how] of [
      ['few.pem', ['-v2', 'aes-256-cbc', '-v2prf', 'hmacWithSHA256', '-iter', '599999']],
      ['sha1.pem', ['-v2', 'aes-256-cbc', '-v2prf', 'hmacWithSHA1', '-iter', '600000']],
      ['aes-128.pem', ['-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA256', '-iter', '600000']],
      ['scrypt.pem', ['-scrypt']],
      ['pbes1.pem', ['-v1', 'PBE-SHA1-3DES', '-iter', '600000']],
    ] as const)
      expect([name, codeOf(() => readKeyFile(encrypt(name, ...how), 'secret'))]).toEqual([name, 'key-file-weak'])
  })

  it('is never opened by a wrong passphrase, and says nothing of what it holds', () => {
    const key = createKeyFile(at('locked.pem'), 'right')
    for (const wrong of ['wrong', 'Right', 'right\n', 'right right']) {
      const refused = refusalOf(() => readKeyFile(at('locked.pem'), wrong))
      expect(refused).toMatchObject({ code: 'key-file-passphrase' })
      expect(refused?.message).not.toContain(wrong)
    }
    expect(readKeyFile(at('locked.pem'), 'right').thumbprint).toBe(key.thumbprint)
  })
})

describe('F-B9: a key in PKCS#8 of version 2', () => {
  const { privateKey } = generateKeyPairSync('ed25519')
  const { d, x } = privateKey.export({ format: 'jwk' }) as { d: string; x: string }
  const [seed, publicKey] = [d, x].map((text) => Buffer.from(text, 'base64url')) as [Buffer, Buffer]
  const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' }).x as string

  /** RFC 5958: version 1 as an integer, optional attributes, the public key under the tag [1]. */
  function version2(point: Buffer, attributes = ''): string {
    const body = Buffer.concat([
      Buffer.from('020101300506032b657004220420', 'hex'),
      seed,
      Buffer.from(`${attributes}812100`, 'hex'),
      point,
    ])
    const pem = Buffer.concat([Buffer.from([0x30, body.length]), body]).toString('base64')
    return `-----BEGIN PRIVATE KEY-----\n${pem.replaceAll(/.{64}/g, '$&\n')}\n-----END PRIVATE KEY-----\n`
  }

  it('is read whatever the runtime’s OpenSSL makes of it', () => {
    for (const [name, attributes] of [
      ['bare.pem', ''],
      ['attributes.pem', 'a00c300a06032a0304310302012a'],
    ] as const) {
      const key = readKeyFile(secret(name, version2(publicKey, attributes)))
      expect(key.jwk.x).toBe(x)
      const message = Buffer.from('signed')
      expect(verify(null, message, createPublicKey(privateKey), key.sign(message))).toBe(true)
      expect(Buffer.from(key.sign(message))).toEqual(sign(null, message, privateKey))
    }
  })

  it('is refused where the public key in it is another', () => {
    const file = secret('other.pem', version2(Buffer.from(other, 'base64url')))
    expect(codeOf(() => readKeyFile(file))).toBe('key-file-malformed')
  })

  it('and what is no such key is refused, with what it is where that helps', () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs8' })
    for (const [name, text] of [
      ['rsa.pem', rsa as string],
      ['cut.pem', version2(publicKey).replace(/\n.{9}/, '\n')],
      ['openssh', '-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n'],
      ['text', 'no key'],
      ['long', 'A'.repeat(70_000)],
    ] as const)
      expect([name, codeOf(() => readPrivateKeyFile(secret(name, text)))]).toEqual([name, 'key-file-malformed'])
    createMlDsaKeyFile(at('second.key'))
    expect(codeOf(() => readKeyFile(at('second.key')))).toBe('key-file-malformed')
    expect(createPrivateKey(readFileSync(at('bare.pem').replace('bare', 'rsa'))).asymmetricKeyType).toBe('rsa')
    expect(readMlDsaKeyFile(at('second.key')).publicKey).toHaveLength(1312)
  })
})

describe('F-N12: a public key', () => {
  const { publicKey } = generateKeyPairSync('ed25519')
  const x = publicKey.export({ format: 'jwk' }).x as string
  const bytes = Buffer.from(x, 'base64url')
  const jwk: Jwk = jwkOf(bytes)
  const spki = publicKey.export({ format: 'pem', type: 'spki' }) as string
  const blob = Buffer.concat([
    Buffer.from([0, 0, 0, 11]),
    Buffer.from('ssh-ed25519'),
    Buffer.from([0, 0, 0, 32]),
    bytes,
  ]).toString('base64')

  it.each([
    ['a JWK as keygen writes it', canonicalJwk(jwk)],
    ['a JWK with spaces and line feeds', JSON.stringify(jwk, null, 2)],
    ['a JWK in another order', `{"x":"${x}","kty":"OKP","crv":"Ed25519"}`],
    [
      'a JWK with kid, use, alg and key_ops',
      JSON.stringify({ kid: 'a', use: 'sig', alg: 'EdDSA', key_ops: ['verify'], ...jwk }),
    ],
    ['a JWK after a byte order mark, with CRLF', `\ufeff${canonicalJwk(jwk)}\r\n`],
    ['a PEM public key', spki],
    ['a PEM public key with CRLF', spki.replaceAll('\n', '\r\n')],
    ['a line of OpenSSH', `ssh-ed25519 ${blob} clerk@court.example\n`],
    ['a line of OpenSSH without a comment', `ssh-ed25519 ${blob}`],
  ])('is %s', (name, text) => {
    writeFileSync(at('public'), text)
    expect([name, thumbprint(readPublicKey(at('public')))]).toEqual([name, thumbprint(jwk)])
  })

  const torsion = craft({ message: new Uint8Array(0), a: 5n, r: 7n, keyTorsion: 1 }).publicKey
  it.each([
    ['nothing', '', 'public-key-malformed'],
    ['text', 'no key', 'public-key-malformed'],
    ['a private JWK', JSON.stringify({ ...jwk, d: x }), 'public-key-malformed'],
    [
      'a private PEM',
      generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
      'public-key-malformed',
    ],
    ['a set of JWKs', JSON.stringify({ keys: [jwk] }), 'public-key-malformed'],
    ['a JWK for encryption', JSON.stringify({ ...jwk, use: 'enc' }), 'public-key-malformed'],
    ['a JWK of another curve', JSON.stringify({ ...jwk, crv: 'X25519' }), 'public-key-malformed'],
    ['a JWK with x twice', `{"x":"${x}","x":"${x}","kty":"OKP","crv":"Ed25519"}`, 'public-key-malformed'],
    ['a JWK cut off', canonicalJwk(jwk).slice(0, -3), 'public-key-malformed'],
    ['a JWK with a short x', JSON.stringify({ ...jwk, x: x.slice(1) }), 'public-key-malformed'],
    [
      'a PEM of another algorithm',
      generateKeyPairSync('x25519').publicKey.export({ format: 'pem', type: 'spki' }) as string,
      'public-key-malformed',
    ],
    ['a line of OpenSSH cut off', `ssh-ed25519 ${blob.slice(0, 40)}`, 'public-key-malformed'],
    ['a line of OpenSSH of another type', `ssh-rsa ${blob}`, 'public-key-malformed'],
    ['two lines of OpenSSH', `ssh-ed25519 ${blob}\nssh-ed25519 ${blob}\n`, 'public-key-malformed'],
    ['a JWK with torsion', canonicalJwk(jwkOf(torsion)), 'key-weak'],
  ])('is not %s', (name, text, code) => {
    writeFileSync(at('public'), text)
    expect([name, codeOf(() => readPublicKey(at('public')))]).toEqual([name, code])
  })
})
