import { createPublicKey, type KeyObject } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DepositAnswer } from '../../src/api/answers.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { splitJws } from '../../src/core/jws.ts'
import { parseVerifierKey } from '../../src/core/note.ts'
import { systemProgram } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { statement } from '../support/statements.ts'
import { soundReceipt, type TestServer, testServer } from '../support/server.ts'

/** A public key as the PEM file that OpenSSL reads. */
function pemOf(publicKey: Uint8Array): string | Buffer {
  const key: KeyObject = createPublicKey({
    key: { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') },
    format: 'jwk',
  })
  return key.export({ format: 'pem', type: 'spki' })
}

describe('openssl', () => {
  const { path, remove } = temporaryFolder()
  let server: TestServer

  beforeAll(async () => {
    server = await testServer()
  })
  afterAll(async () => {
    await server.remove()
    remove()
  })

  /** Verifies a signature from files, as anybody can at a shell. */
  function verifies(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
    const [key, text, raw] = ['key.pem', 'message', 'signature'].map((name) => join(path, name)) as [
      string,
      string,
      string,
    ]
    writeFileSync(key, pemOf(publicKey))
    writeFileSync(text, message)
    writeFileSync(raw, signature)
    const { code, stdout, stderr } = systemProgram('openssl', [
      'pkeyutl',
      '-verify',
      '-rawin',
      '-pubin',
      '-inkey',
      key,
      '-in',
      text,
      '-sigfile',
      raw,
    ])
    const said = `${stdout.toString()}${stderr}`
    if (!/Signature (?:Verified Successfully|Verification Failure)/i.test(said))
      throw new Error(`openssl said: ${said}`)
    return code === 0
  }
  function changed(bytes: Uint8Array, at: number): Uint8Array {
    const out = Uint8Array.from(bytes)
    out[at] = (out[at] as number) ^ 1
    return out
  }

  it('verifies the signature of a checkpoint, by the key that the policy names', async () => {
    await server.post(server.deposit('one more').presentation)
    const policy = readFileSync(server.folder.folder.policy, 'utf8')
    const { publicKey, name } = parseVerifierKey(/^log (\S+)$/m.exec(policy)?.[1] as string)
    const { body } = await server.get('/checkpoint')
    const { note, checkpoint } = parseSignedCheckpoint(body)
    expect(checkpoint.size).toBe(3)
    // What is signed is the note up to its empty line; the signature follows four bytes of key id.
    const text = body.subarray(0, body.lastIndexOf('\n\n') + 1)
    expect(text.toString()).toBe(note.text)
    const [, encoded] = /\n\n— (?:\S+) (\S+)\n/.exec(body.toString()) ?? []
    const signature = Buffer.from(encoded as string, 'base64').subarray(4)
    expect(signature).toHaveLength(64)
    expect(name).toBe(server.origin)
    expect(verifies(publicKey, text, signature)).toBe(true)
    expect(verifies(publicKey, text.subarray(0, -1), signature)).toBe(false)
    expect(verifies(publicKey, changed(text, 0), signature)).toBe(false)
    expect(verifies(server.depositor.key.publicKey, text, signature)).toBe(false)
  })

  it('verifies the signature of a statement, by the key that its receipt names', async () => {
    const made = server.deposit('sealed', { sealed: { note: 'a note' } })
    const { receipt } = (await server.post(made.presentation)).json<DepositAnswer>()
    const { entry, signer } = soundReceipt(server, receipt)
    const publicKey = Buffer.from(signer.x, 'base64url')
    const [header, payload, encoded] = entry.statement.split('.') as [string, string, string]
    const message = Buffer.from(`${header}.${payload}`)
    const signature = Buffer.from(encoded, 'base64url')
    expect(verifies(publicKey, message, signature)).toBe(true)
    expect(verifies(publicKey, message, changed(signature, 40))).toBe(false)
    expect(verifies(publicKey, utf8(`${header}.${payload}A`), signature)).toBe(false)
    const { signingInput, signature: ours } = splitJws(made.jws)
    expect(Buffer.compare(signingInput, message)).toBe(0)
    expect(Buffer.compare(ours, signature)).toBe(0)
  })

  it('signs a statement that our server takes', async () => {
    const key = join(path, 'own.pem')
    expect(systemProgram('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', key]).code).toBe(0)
    const spki = systemProgram('openssl', ['pkey', '-in', key, '-pubout', '-outform', 'DER'])
    const publicKey = spki.stdout.subarray(-32)
    const openssl = {
      jwk: { crv: 'Ed25519', kty: 'OKP', x: publicKey.toString('base64url') } as const,
      sign: (message: Uint8Array): Uint8Array => {
        const input = join(path, 'to-sign')
        writeFileSync(input, message)
        const { code, stdout, stderr } = systemProgram('openssl', [
          'pkeyutl',
          '-sign',
          '-rawin',
          '-inkey',
          key,
          '-in',
          input,
        ])
        if (code !== 0) throw new Error(stderr)
        return new Uint8Array(stdout)
      },
    }
    const participant = { id: 'by-openssl', type: 'court', roles: ['depositor'], keys: [openssl.jwk] }
    await server.administer('participant.admit', { participant })
    const made = statement(
      openssl,
      server.origin,
      'evidence.deposit',
      { items: [{ size: 0, digest: { sha256: '0'.repeat(64) } }] },
      { iss: 'by-openssl' },
    )
    const answer = await server.post(made.presentation)
    expect(answer.status).toBe(201)
    soundReceipt(server, answer.json<DepositAnswer>().receipt)
  })
})
