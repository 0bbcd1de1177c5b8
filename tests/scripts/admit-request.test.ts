import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { keyFingerprint } from '../../src/core/policy-fingerprint.ts'
import { generateSigningKey } from '../../src/node/key-file.ts'
import { type CliError, type CliResult, type CliServer, evidence, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('a request for admission', () => {
  const { path, remove } = temporaryFolder()
  const data = join(path, 'data')
  const { key } = generateSigningKey()
  const fingerprint = keyFingerprint(key.jwk)
  let server: CliServer
  beforeAll(async () => {
    server = await startServer(data)
    origin = ((await (await fetch(`${server.url}/v1/ledger`)).json()) as { origin: string }).origin
  })
  afterAll(async () => {
    await server.stop()
    remove()
  })

  const admit = (request: string, ...more: string[]): Promise<CliResult> =>
    evidence(['participants', 'admit-request', request, '--json', ...more], {
      cwd: path,
      env: { EVIDENCE_DATA: data, EVIDENCE_URL: server.url },
    })
  let origin = ''
  function requestFile(participant: object, kind = 'participant.admit', aud = origin): string {
    const file = join(path, 'request.json')
    const whole = { roles: ['depositor'], keys: [key.jwk], type: 'notary', id: 'notary-9', ...participant }
    writeFileSync(file, JSON.stringify({ aud, kind, participant: whole }))
    return file
  }
  const codeOf = (result: CliResult): string => result.json<CliError>().error.code

  it('admits nobody where the fingerprint that was read is that of another key', async () => {
    const other = keyFingerprint(generateSigningKey().key.jwk)
    const result = await admit(requestFile({}), '--fingerprint', other)
    expect(codeOf(result)).toBe('fingerprint-differs')
    expect(codeOf(await admit(requestFile({}), '--fingerprint', 'abc'))).toBe('usage')
  })

  it('asks for the fingerprint, and for a request of admission and of nothing else', async () => {
    expect((await admit(requestFile({}))).code).toBe(2)
    expect(codeOf(await admit(requestFile({}, 'participant.revoke'), '--fingerprint', fingerprint))).toBe('usage')
    expect(codeOf(await admit(requestFile({ keys: [] }), '--fingerprint', fingerprint))).toBe('usage')
    expect(codeOf(await admit(requestFile({ more: 1 }), '--fingerprint', fingerprint))).toBe('usage')
  })

  it('admits nobody by an id that no client can ask for', async () => {
    for (const id of ['.', '..']) {
      const asked = await admit(requestFile({ id }), '--fingerprint', fingerprint)
      const named = ['--public-key', 'nowhere.jwk', '--type', 'notary', '--role', 'attestor']
      const told = await evidence(['participants', 'admit', id, ...named, '--json'], { cwd: path })
      const first = ['--origin', 'x.example/y', '--administrator', `${id}=nowhere.jwk`]
      const made = await evidence(['init', '--data', 'made', '--production', ...first, '--json'], { cwd: path })
      for (const result of [asked, told, made]) {
        expect([result.code, codeOf(result)]).toEqual([2, 'usage'])
        expect(result.json<CliError>().error.message).toContain('cannot be asked for')
      }
    }
  })

  it('R9: grants no role but depositing that the administrator did not name, and shows what the file asks for', async () => {
    const { key: own } = generateSigningKey()
    const file = requestFile({ id: 'boss', roles: ['depositor', 'auditor', 'administrator'], keys: [own.jwk] })
    const print = ['--fingerprint', keyFingerprint(own.jwk)]
    const refused = await admit(file, ...print)
    expect(refused.json<CliError>().error).toMatchObject({ code: 'usage', where: '--role' })
    expect(refused.json<CliError>().error.message).toContain('auditor, administrator')
    expect(codeOf(await admit(file, ...print, '--role', 'auditor'))).toBe('usage')
    const granted = await admit(file, ...print, '--role', 'auditor', '--role', 'administrator')
    expect(granted.json()).toMatchObject({ participant: 'boss', roles: 'depositor, auditor, administrator' })
  })

  it('R9: admits nobody by a request for another ledger', async () => {
    const { key: own } = generateSigningKey()
    const file = requestFile({ id: 'other', keys: [own.jwk] }, 'participant.admit', 'another.example/ledger')
    const result = await admit(file, '--fingerprint', keyFingerprint(own.jwk))
    expect(codeOf(result)).toBe('server-other-ledger')
  })

  it('admits by the right fingerprint, typed with or without groups; the name of a person is sealed', async () => {
    const result = await admit(
      requestFile({ name: 'Third Notary Office' }),
      '--fingerprint',
      fingerprint.replaceAll(' ', ''),
    )
    expect(result.json()).toMatchObject({ participant: 'notary-9' })
    const listed = await evidence(['participants', 'list', '--json'], {
      cwd: path,
      env: { EVIDENCE_DATA: data, EVIDENCE_URL: server.url },
    })
    expect(listed.stdout).toContain('Third Notary Office')
    const lawyer = generateSigningKey().key
    const person = requestFile({ id: 'p-0123456789abcdef', type: 'lawyer', keys: [lawyer.jwk] })
    const admitted = await admit(person, '--fingerprint', keyFingerprint(lawyer.jwk), '--name', 'Li Wei')
    expect(admitted.code).toBe(0)
    const { index } = admitted.json<{ index: number }>()
    const entry = await evidence(['show', String(index), '--json'], {
      cwd: path,
      env: { EVIDENCE_DATA: data, EVIDENCE_URL: server.url },
    })
    expect(JSON.stringify(entry.json<{ payload: object }>().payload)).not.toContain('Li Wei')
  })
})
