import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { evidence, evidenceOk, startServerProcess } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type SoftToken, softToken } from '../support/softhsm.ts'
import { lacks } from '../support/system-tools.ts'

/* docs/operations/hardware-keys.md, with the real command line and SoftHSM 2. */
const { path, remove } = temporaryFolder()
const at = (name: string): string => join(path, name)
let token: SoftToken
const ok = (args: readonly string[]) => evidenceOk(args)
const pin = (): string[] => ['--passphrase-file', token.pinFile]

afterAll(remove)

describe.skipIf(lacks('softhsm2-util'))('a ledger whose key lies in hardware', () => {
  beforeAll(() => {
    token = softToken(path, existsSync)
    Object.assign(process.env, token.env)
  })

  it('is made by a key ceremony, serves, and is verified like any other', async () => {
    const data = at('ceremony')
    const key = ['--ledger-key', token.uri('ceremony')]
    await ok(['keygen', '--in-hardware', token.uri('ceremony'), ...pin()])
    await ok(['keygen', '--out', at('clerk.pem')])
    const production = [
      '--production',
      '--origin',
      'court.example/hardware',
      '--administrator',
      `clerk=${at('clerk.jwk')}`,
    ]
    await ok(['init', '--data', data, ...production, '--reading', 'public', ...key, ...pin()])
    expect(existsSync(join(data, 'keys', 'ledger.pem'))).toBe(false)
    await ok([
      'ledger',
      'sign-genesis',
      join(data, 'genesis.json'),
      '--key',
      at('clerk.pem'),
      '--out',
      at('genesis.jws'),
    ])
    await ok(['init', '--data', data, '--genesis', at('genesis.jws'), ...key, ...pin()])
    const server = await startServerProcess(data, [...key, ...pin()], 'serve')
    try {
      await ok(['keygen', '--out', at('station.pem')])
      const admit = ['participants', 'admit', 'station', '--public-key', at('station.jwk'), '--type', 'police']
      const clerk = ['--key', at('clerk.pem'), '--id', 'clerk', '--url', server.url, '--data', data]
      await ok([...admit, '--role', 'depositor', ...clerk])
      writeFileSync(at('file.txt'), 'content')
      const station = ['--key', at('station.pem'), '--id', 'station', '--url', server.url, '--data', data]
      await ok(['deposit', at('file.txt'), ...station])
    } finally {
      expect(await server.stop()).toBe(0)
    }
    expect(server.output()).not.toContain('1234')
    await ok(['check', at('file.txt'), '--policy', join(data, 'policy')])
    await ok(['verify', '--data', data])
    const refused = await evidence(['serve', '--data', data, '--port', '0', '--json'], { env: token.env })
    expect(refused.code).toBe(3)
  })

  it('takes the place of one in a file, and another in hardware its own', async () => {
    const data = at('moved')
    await ok(['init', '--data', data, '--origin', 'test.example/moved', '--reading', 'public'])
    const clerk = ['--key', join(data, 'keys', 'administrator.pem'), '--id', 'administrator']
    const rotate = ['ledger', 'rotate-key', '--data', data, ...clerk]
    for (const name of ['first', 'second']) await ok(['keygen', '--in-hardware', token.uri(name), ...pin()])
    const next = (name: string): string[] => ['--new-key', token.uri(name), '--new-passphrase-file', token.pinFile]
    await ok([...rotate, ...next('first')])
    await ok([...rotate, ...next('second'), '--ledger-key', token.uri('first'), ...pin()])
    await ok(['verify', '--data', data])
    const server = await startServerProcess(data, ['--ledger-key', token.uri('second'), ...pin()], 'serve')
    await server.stop()
    const old = await evidence(['serve', '--data', data, '--port', '0', '--ledger-key', token.uri('first'), ...pin()], {
      env: token.env,
    })
    expect([old.code, old.stderr.includes('is not the one that its policy names')]).toEqual([1, true])
    expect(readFileSync(join(data, 'policy'), 'utf8').match(/^log /gm)).toHaveLength(1)
  })
})
