import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { verifyEd25519 } from '../../src/core/ed25519.ts'
import { readLedgerKey } from '../../src/ledger/create.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { requestRotation, rotateLedgerKey } from '../../src/ledger/rotation.ts'
import { openHardwareKey } from '../../src/node/pkcs11/hardware-key.ts'
import { parsePkcs11Uri } from '../../src/node/pkcs11/uri.ts'
import { temporaryFolder, trialFolder } from '../support/folder.ts'
import { type SoftToken, softToken } from '../support/softhsm.ts'
import { statement } from '../support/statements.ts'
import { lacks } from '../support/system-tools.ts'

const { path, remove } = temporaryFolder()
let token: SoftToken
afterAll(remove)

const open = (object: string, generate = false) =>
  openHardwareKey(parsePkcs11Uri(token.uri(object)), token.pinFile, generate)

describe.skipIf(lacks('softhsm2-util'))('a key in hardware', () => {
  beforeAll(() => {
    token = softToken(path, existsSync)
    Object.assign(process.env, token.env)
  })

  it('is made in the token, found again, and signs while others go on', async () => {
    const made = await open('ledger', true)
    await made.close()
    const { key, close } = await open('ledger')
    expect(key.thumbprint).toBe(made.key.thumbprint)
    let turns = 0
    const ticking = setInterval(() => turns++, 0)
    const messages = Array.from({ length: 100 }, (_, i) => utf8(`message ${i}`))
    const signatures = await Promise.all(messages.map(async (message) => key.sign(message)))
    clearInterval(ticking)
    const holds = signatures.every((one, i) => verifyEd25519(key.publicKey, messages[i] as Uint8Array, one))
    expect([holds, turns > 0]).toEqual([true, true])
    await close()
    // What comes after its end is refused, not left waiting.
    await expect(key.sign(utf8('late'))).rejects.toMatchObject({ code: 'pkcs11-failed' })
  })

  it('is not made twice, and there must be one of the name', async () => {
    await (await open('once', true)).close()
    await expect(open('once', true)).rejects.toThrow('has a key of this name already')
    await expect(open('nobody')).rejects.toThrow('has no Ed25519 private key of this name')
    const other = parsePkcs11Uri(`pkcs11:token=other;object=once?module-path=${token.library}`)
    await expect(openHardwareKey(other, token.pinFile)).rejects.toThrow('no token is what the URI names')
  })

  it('is found by id, and by the PIN’s file in the URI', async () => {
    const uri = `pkcs11:token=court;object=by-id;id=%0a%ff?module-path=${token.library}&pin-source=file:${token.pinFile}`
    const made = await openHardwareKey(parsePkcs11Uri(uri), undefined, true)
    await made.close()
    const found = await openHardwareKey(parsePkcs11Uri(uri.replace('object=by-id;', '')))
    expect(found.key.thumbprint).toBe(made.key.thumbprint)
    await found.close()
  })

  it('stays shut to a wrong PIN, one that others may read, and none; no message holds it', async () => {
    await (await open('shut', true)).close()
    const uri = parsePkcs11Uri(token.uri('shut'))
    const file = join(path, 'wrong')
    writeFileSync(file, '98765\n', { mode: 0o600 })
    await expect(openHardwareKey(uri, file)).rejects.toThrow(/CKR_PIN_INCORRECT$/)
    chmodSync(file, 0o644)
    await expect(openHardwareKey(uri, file)).rejects.toMatchObject({ code: 'key-file-permissions' })
    await expect(openHardwareKey(uri)).rejects.toMatchObject({ code: 'pkcs11-uri' })
    await expect(openHardwareKey(uri, join(path, 'nowhere'))).rejects.toMatchObject({ code: 'file-unreadable' })
  })

  it('whose process dies signs nothing more, and stops the writer; what was answered stands', async () => {
    const folder = await trialFolder()
    const { key, close } = await open('dying', true)
    const request = await requestRotation(folder.root, key, 'routine')
    const { aud, kind, ...members } = request
    const signed = statement(folder.administrator, aud, kind, members, { iss: 'administrator' }).jws
    await rotateLedgerKey({ root: folder.root, statement: signed, next: key, old: readLedgerKey(folder.root) })
    const ledger = await Ledger.open(folder.root, key)
    const answered = await ledger.deposit(folder.deposit('answered').presentation)
    const found = execFileSync('pgrep', ['-P', String(process.pid), '-f', 'pkcs11/helper'], { encoding: 'utf8' })
    for (const pid of found.trim().split('\n')) process.kill(Number(pid), 'SIGKILL')
    const late = folder.deposit('late').presentation
    await expect(ledger.deposit(late)).rejects.toMatchObject({
      code: expect.stringMatching(/writer-stopped|pkcs11/) as string,
    })
    expect(() => ledger.requireReady()).toThrow('the writer has stopped')
    expect((await ledger.reads.entry(answered.index)).index).toBe(answered.index)
    await ledger.close()
    await close()
    const again = await open('dying')
    const reopened = await Ledger.open(folder.root, again.key)
    expect((await reopened.deposit(late)).index).toBe(answered.index + 1)
    await reopened.close()
    await again.close()
    folder.remove()
  })

  it('of a library that is none is refused', async () => {
    for (const library of ['/nonexistent.so', '/etc/hostname']) {
      const uri = parsePkcs11Uri(`pkcs11:object=x?module-path=${library}`)
      await expect(openHardwareKey(uri, token.pinFile)).rejects.toMatchObject({ code: 'pkcs11-failed' })
    }
  })
})

describe('a pkcs11: URI', () => {
  it.each<[string, string]>([
    ['names no library', 'pkcs11:object=x'],
    ['names no key', 'pkcs11:token=x?module-path=/x'],
    ['holds a PIN', 'pkcs11:object=x?module-path=/x&pin-value=1234'],
    ['holds a PIN in its path', 'pkcs11:object=x;pin-value=1234?module-path=/x'],
    ['says something twice', 'pkcs11:object=x;object=y?module-path=/x'],
    ['says something unknown', 'pkcs11:object=x;vendor=y?module-path=/x'],
    ['has a bare percent sign', 'pkcs11:object=%x?module-path=/x'],
    ['has a PIN that a program gives', 'pkcs11:object=x?module-path=/x&pin-source=|cat'],
    ['is of a certificate', 'pkcs11:object=x;type=cert?module-path=/x'],
    ['has a slot that is no number', 'pkcs11:object=x;slot-id=a?module-path=/x'],
    ['is another', 'file:/x'],
  ])('that %s is refused', (_, uri) => {
    expect(() => parsePkcs11Uri(uri)).toThrow(expect.objectContaining({ code: 'pkcs11-uri' }) as Error)
  })

  it('is read, percent signs and all', () => {
    expect(
      parsePkcs11Uri('pkcs11:token=a%20b;object=%e8%af%81;serial=1;slot-id=3;type=private?module-path=/x.so'),
    ).toEqual({
      module: '/x.so',
      token: 'a b',
      object: '证',
      serial: '1',
      slot: 3,
      id: undefined,
      pinFile: undefined,
    })
  })
})
