import { createPrivateKey, createPublicKey } from 'node:crypto'
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { verifyMlDsa44 } from '../../src/core/mldsa.ts'
import { createKeyFile } from '../../src/node/key-file.ts'
import { createMlDsaKeyFile, readMlDsaKeyFile } from '../../src/node/mldsa-key-file.ts'
import { MlDsaSigner } from '../../src/node/mldsa-signer.ts'
import { opensslMlDsa } from '../../src/node/native.ts'
import { codeOf } from '../core/support.ts'
import { systemProgram } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

const { path, remove } = temporaryFolder()
afterAll(remove)
const at = (name: string): string => join(path, name)

describe('an ML-DSA-44 key file', () => {
  it('is PKCS#8 of mode 0600, and reads as it was made, with a passphrase or without', () => {
    for (const passphrase of [undefined, 'a passphrase 口令']) {
      const file = at(`key ${passphrase}`)
      const made = createMlDsaKeyFile(file, passphrase)
      expect(statSync(file).mode & 0o777).toBe(0o600)
      expect(readMlDsaKeyFile(file, passphrase)).toEqual(made)
      expect(codeOf(() => createMlDsaKeyFile(file))).toBe('file-exists')
      const seen = readFileSync(file, 'latin1')
      expect(seen).toMatch(passphrase === undefined ? /^-----BEGIN PRIVATE KEY-----\n/ : /^-----BEGIN ENCRYPTED /)
      // DER that others read as such: a sequence of integer, algorithm, octets; or of PBES2's parameters.
      const { code, stdout } = systemProgram('openssl', ['asn1parse', '-in', file])
      expect([code, stdout.toString()]).toEqual([
        0,
        expect.stringContaining(passphrase === undefined ? 'OCTET' : 'PBES2'),
      ])
    }
  })

  it('is the key that a runtime which knows ML-DSA reads out of it', () => {
    const file = at('for others')
    const made = createMlDsaKeyFile(file)
    const isKnown = opensslMlDsa() !== undefined
    // Where the runtime does not know it, it must say so: then this file is what it cannot read.
    const read = (): Uint8Array => {
      const spki = createPublicKey(createPrivateKey(readFileSync(file))).export({ format: 'der', type: 'spki' })
      return new Uint8Array(spki.subarray(-1312))
    }
    const publicKey = isKnown ? read() : made.publicKey
    expect(publicKey).toEqual(made.publicKey)
    expect(made.publicKey).toHaveLength(1312)
  })

  it('is refused where others may read it, under another passphrase, and for what it is not', () => {
    const locked = at('locked')
    createMlDsaKeyFile(locked, 'right')
    expect(codeOf(() => readMlDsaKeyFile(locked))).toBe('key-file-passphrase')
    expect(codeOf(() => readMlDsaKeyFile(locked, 'wrong'))).toBe('key-file-passphrase')
    const ed25519 = at('ed25519')
    createKeyFile(ed25519)
    expect(codeOf(() => readMlDsaKeyFile(ed25519))).toBe('key-file-malformed')
    for (const [name, text] of [
      ['text', 'no key'],
      ['empty', '-----BEGIN PRIVATE KEY-----\n\n-----END PRIVATE KEY-----\n'],
    ] as const) {
      writeFileSync(at(name), text, { mode: 0o600 })
      expect(codeOf(() => readMlDsaKeyFile(at(name)))).toBe('key-file-malformed')
    }
    for (const der of ['', '30', '308200', '30030201ff', '3080']) {
      const pem = `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${Buffer.from(der, 'hex').toString('base64') || 'AA=='}\n-----END `
      writeFileSync(at('garbage'), pem, { mode: 0o600 })
      expect(codeOf(() => readMlDsaKeyFile(at('garbage'), 'x'))).toBe('key-file-malformed')
    }
    chmodSync(locked, 0o644)
    expect(codeOf(() => readMlDsaKeyFile(locked, 'right'))).toBe('key-file-permissions')
    expect(codeOf(() => readMlDsaKeyFile(at('none')))).toBe('file-unreadable')
  })
})

describe('the thread that signs', () => {
  it('signs what is asked at once, in any number, and nothing after its end', async () => {
    const key = createMlDsaKeyFile(at('thread'))
    const signer = new MlDsaSigner(key)
    const messages = Array.from({ length: 5 }, (_, i) => utf8(`message ${i}`))
    const signatures = await Promise.all(messages.map((message) => signer.sign(message)))
    signatures.forEach((signature, i) => {
      expect(verifyMlDsa44(key.publicKey, messages[i] as Uint8Array, signature)).toBe(true)
    })
    const outcome = (message: string): Promise<string> =>
      signer.sign(utf8(message)).then(
        () => 'signed',
        (error: Error) => error.message,
      )
    const before = outcome('before the end')
    const closing = signer.close()
    expect(await outcome('after it')).toContain('has ended')
    await closing
    // A request from before the end is answered: with a signature, or a refusal.
    expect(await before).toMatch(/signed|has ended/)
  })
})
