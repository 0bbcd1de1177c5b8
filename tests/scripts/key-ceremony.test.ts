import { generateKeyPairSync } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifierKey } from '../../src/core/note.ts'
import { type CliError, type CliResult, type CliServer, evidence, evidenceOk, startServer } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('the key ceremony of a production ledger', () => {
  const { path, remove } = temporaryFolder()
  const data = join(path, 'srv', 'ledger')
  const clerk = join(path, 'clerk.pem')
  const deputy = join(path, 'deputy.pem')
  const signed = join(path, 'genesis.jws')
  const request = join(data, 'genesis.json')
  const passphrase = join(path, 'passphrase')
  const secret = ['--passphrase-file', passphrase]
  const origin = 'court.example/evidence-2026'
  let server: CliServer | undefined

  const refusal = async (...args: string[]): Promise<{ exit: number | null; code: string }> => {
    const result: CliResult = await evidence([...args, '--json'])
    return { exit: result.code, code: result.json<CliError>().error.code }
  }

  beforeAll(async () => {
    writeFileSync(passphrase, 'a passphrase of the operator\n', { mode: 0o600 })
    await evidenceOk(['keygen', '--out', clerk])
    await evidenceOk(['keygen', '--out', deputy])
  })
  afterAll(async () => {
    await server?.stop()
    remove()
  })

  it('asks for an origin and for administrators’ public keys', async () => {
    const key = `clerk=${join(path, 'clerk.jwk')}`
    expect(await refusal('init', '--data', data, '--production', '--administrator', key)).toEqual({
      exit: 2,
      code: 'usage',
    })
    expect(await refusal('init', '--data', data, '--production', '--origin', origin)).toEqual({
      exit: 2,
      code: 'usage',
    })
    for (const bad of ['clerk', '=x', `Clerk=${join(path, 'clerk.jwk')}`]) {
      const result = await refusal('init', '--data', data, '--production', '--origin', origin, '--administrator', bad)
      expect(result).toEqual({ exit: 2, code: 'usage' })
    }
    const spaced = await refusal('init', '--data', data, '--production', '--origin', 'a b/c', '--administrator', key)
    expect(spaced).toEqual({ exit: 2, code: 'origin-malformed' })
    expect(existsSync(data)).toBe(false)
  })

  it('prepares a folder that holds no administrator’s private key, and serves nothing yet', async () => {
    const prepared = await evidenceOk([
      'init',
      '--data',
      data,
      '--production',
      '--origin',
      origin,
      '--administrator',
      `clerk=${join(path, 'clerk.jwk')}`,
      '--administrator',
      `deputy=${join(path, 'deputy.jwk')}`,
      ...secret,
    ])
    expect(prepared.stdout).toContain('ledger sign-genesis')
    expect(JSON.parse(readFileSync(request, 'utf8'))).toMatchObject({
      iss: 'clerk',
      aud: origin,
      origin,
      environment: 'production',
      administrators: [{ id: 'clerk' }, { id: 'deputy' }],
    })
    expect(existsSync(join(data, 'keys', 'ledger.pem'))).toBe(true)
    for (const name of ['administrator.pem', 'depositor.pem']) expect(existsSync(join(data, 'keys', name))).toBe(false)
    expect(readFileSync(join(data, 'keys', 'ledger.pem'), 'utf8')).toContain('ENCRYPTED')
    for (const command of [['serve', '--port', '0', ...secret], ['verify']]) {
      const result = await evidence([...command, '--data', data, '--json'])
      expect({ command: command[0], exit: result.code }).toEqual({ command: command[0], exit: 3 })
      expect(result.json<CliError>().error.code).toBe('ledger-unfinished')
    }
    const again = await refusal('init', '--data', data, '--origin', origin)
    expect(again).toEqual({ exit: 2, code: 'ledger-exists' })
  })

  it('is signed by the first administrator alone', async () => {
    expect(await refusal('ledger', 'sign-genesis', request, '--key', deputy, '--out', signed)).toEqual({
      exit: 3,
      code: 'genesis-issuer',
    })
    expect(existsSync(signed)).toBe(false)
    const result = await evidenceOk(['ledger', 'sign-genesis', request, '--key', clerk, '--out', signed])
    expect(result.stdout).toContain(`signed the genesis of ${origin} (production)`)
    // What is signed can be read before it is: the ledger's key stands in it.
    const [, vkey] = /^log (\S+)$/m.exec(readFileSync(join(data, 'policy'), 'utf8')) ?? []
    expect(result.stdout).toContain(vkey)
  })

  it('refuses a genesis that was signed for something else, and begins again', async () => {
    const jws = readFileSync(signed, 'utf8').trim()
    const [header, payload, signature] = jws.split('.') as [string, string, string]
    const forged = join(path, 'forged.jws')
    const changed = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
    writeFileSync(
      forged,
      `${header}.${Buffer.from(JSON.stringify({ ...changed, environment: 'trial' })).toString('base64url')}.${signature}\n`,
    )
    expect(await refusal('init', '--data', data, '--genesis', forged, ...secret)).toEqual({
      exit: 3,
      code: 'signature-invalid',
    })
    const other = join(path, 'other')
    await evidenceOk([
      'init',
      '--data',
      other,
      '--production',
      '--origin',
      'other.example/x',
      '--administrator',
      `clerk=${join(path, 'clerk.jwk')}`,
    ])
    const foreign = join(path, 'foreign.jws')
    await evidenceOk(['ledger', 'sign-genesis', join(other, 'genesis.json'), '--key', clerk, '--out', foreign])
    const refused = await refusal('init', '--data', data, '--genesis', foreign, ...secret)
    expect(refused.exit).toBe(3)
    expect(['audience-wrong', 'genesis-origin']).toContain(refused.code)
    expect(await refusal('init', '--data', data, '--genesis', join(path, 'nowhere'), ...secret)).toEqual({
      exit: 3,
      code: 'file-unreadable',
    })
    expect(await refusal('init', '--data', data, '--genesis', signed)).toEqual({ exit: 3, code: 'key-file-passphrase' })
    expect((await refusal('verify', '--data', data)).code).toBe('ledger-unfinished')
  })

  it('R3A-M2: refuses a genesis that says other than what was prepared, and names what differs', async () => {
    const prepared = JSON.parse(readFileSync(request, 'utf8')) as {
      administrators: { id: string; keys: object[] }[]
      ledgerKeys: string[]
    }
    const [first, second] = prepared.administrators
    const stranger = join(path, 'stranger.pem')
    await evidenceOk(['keygen', '--out', stranger])
    const {
      crv,
      kty,
      x: point,
    } = JSON.parse(readFileSync(join(path, 'stranger.jwk'), 'utf8')) as Record<string, string>
    const jwk = { crv, kty, x: point }
    const { x } = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' })
    const secondKey = verifierKey(origin, Buffer.from(x as string, 'base64url')).text
    const changes: Record<string, object> = {
      'a third administrator': { administrators: [first, second, { id: 'third', keys: [jwk] }] },
      'a dropped deputy': { administrators: [first] },
      'a replaced key': { administrators: [first, { ...second, keys: [jwk] }] },
      'another environment': { environment: 'trial' },
      'a second ledger key': { ledgerKeys: [...prepared.ledgerKeys, secondKey] },
      'a foreign predecessor': {
        continues: {
          origin: 'old.example/x',
          checkpoint: 'old.example/x\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n',
        },
      },
    }
    for (const [name, change] of Object.entries(changes)) {
      const altered = join(path, `${name.replaceAll(' ', '-')}.json`)
      writeFileSync(altered, JSON.stringify({ ...prepared, ...change }))
      const jws = `${altered}.jws`
      await evidenceOk(['ledger', 'sign-genesis', altered, '--key', clerk, '--out', jws])
      const result = await evidence(['init', '--data', data, '--genesis', jws, ...secret, '--json'])
      const { error } = result.json<CliError>()
      expect({ name, exit: result.code, code: error.code }).toEqual({ name, exit: 3, code: 'genesis-differs' })
      expect(error.message).toContain(Object.keys(change)[0])
    }
    expect((await refusal('verify', '--data', data)).code).toBe('ledger-unfinished')
  })

  it('is sealed once', async () => {
    const sealed = await evidenceOk(['init', '--data', data, '--genesis', signed, ...secret])
    const prepared = await evidenceOk(['ledger', 'sign-genesis', request, '--key', clerk, '--out', `${signed}.again`])
    const thumbprints = /^administrators.*(?:\n {2}.*)+/m.exec(prepared.stdout)?.[0]
    expect(thumbprints?.split('\n')).toHaveLength(3)
    expect(sealed.stdout).toContain(thumbprints)
    const again = await refusal('init', '--data', data, '--genesis', signed, ...secret)
    expect(again).toEqual({ exit: 2, code: 'ledger-exists' })
    const verified = await evidenceOk(['verify', '--data', data])
    expect(verified.stdout).toContain(`${origin} (production)`)
    expect(verified.stdout).toMatch(/^size 1$/m)
    expect(verified.stdout.trimEnd().endsWith('no fault found')).toBe(true)
  })

  it('makes a ledger that administrators and depositors work with from their own machines', async () => {
    server = await startServer(data, secret, 'serve')
    const { url } = server
    const info = (await server.request('/v1/ledger')).json()
    expect(info).toMatchObject({ origin, environment: 'production', reading: 'participants' })
    expect(info).not.toHaveProperty('warning')
    const desk = join(path, 'desk')
    mkdirSync(desk)
    const station = join(desk, 'station-9.pem')
    await evidenceOk(['keygen', '--out', station])
    const admit = [
      'participants',
      'admit',
      'station-9',
      '--public-key',
      join(desk, 'station-9.jwk'),
      '--type',
      'police',
      '--role',
      'depositor',
    ]
    writeFileSync(join(desk, 'policy'), readFileSync(join(data, 'policy')))
    await evidenceOk([...admit, '--key', deputy, '--id', 'deputy', '--url', url, '--data', join(desk, 'none')])
    const file = join(desk, 'seized.img')
    writeFileSync(file, 'image of a medium')
    await evidenceOk([
      'deposit',
      file,
      '--category',
      'image-of-medium',
      '--key',
      station,
      '--id',
      'station-9',
      '--url',
      url,
      '--data',
      join(desk, 'none'),
    ])
    const checked = await evidenceOk(['check', file, '--policy', join(desk, 'policy')])
    expect(checked.stdout).toContain(`entry 2 of ${origin}`)
    const shown = await evidence(['show', '2', '--key', station, '--id', 'station-9', '--url', url, '--json'])
    expect(shown.json()).toMatchObject({ iss: 'station-9', claims: { names: ['seized.img'] } })
    expect(await server.stop()).toBe(0)
    const verified = await evidenceOk(['verify', '--data', data, '--json'])
    expect(verified.json()).toMatchObject({ ok: true, size: 3, environment: 'production', participants: 3 })
  })
})

describe('a trial ledger', () => {
  const { path, remove } = temporaryFolder()
  afterAll(remove)

  it('is made with keys, policy and a name that no other has', async () => {
    const names = await Promise.all(
      ['a', 'b'].map(
        async (name) =>
          (await evidenceOk(['init', '--data', join(path, name), '--json'])).json<{ origin: string }>().origin,
      ),
    )
    expect(new Set(names).size).toBe(2)
    for (const name of names) expect(name).toMatch(/^localhost\/[0-9a-f]{12}$/)
    const given = await evidenceOk(['init', '--data', join(path, 'c'), '--origin', 'test.example/own', '--json'])
    expect(given.json()).toMatchObject({ origin: 'test.example/own', reading: 'participants', sealed: true })
  })

  it('is never made over something else', async () => {
    mkdirSync(join(path, 'full'))
    writeFileSync(join(path, 'full', 'file'), 'something')
    for (const [data, args] of [
      [join(path, 'a'), []],
      [join(path, 'full'), []],
      [join(path, 'd'), ['--reading', 'nobody']],
    ] as const) {
      const result = await evidence(['init', '--data', data, ...args, '--json'])
      expect(result.code).toBe(2)
      expect(['ledger-exists', 'usage']).toContain(result.json<CliError>().error.code)
    }
    expect(existsSync(join(path, 'd'))).toBe(false)
    expect(readFileSync(join(path, 'full', 'file'), 'utf8')).toBe('something')
  })

  it('opens sealed claims where it was made so', async () => {
    const data = join(path, 'open')
    await evidenceOk(['init', '--data', data, '--reading', 'public', '--open-disclosures'])
    const server = await startServer(data, [], 'serve')
    try {
      const file = join(path, 'open.txt')
      writeFileSync(file, 'open')
      await evidenceOk(['deposit', file, '--note', 'for everybody', '--data', data, '--url', server.url])
      expect((await server.request('/v1/entries/2')).json()).toMatchObject({ claims: { note: 'for everybody' } })
    } finally {
      await server.stop()
    }
  })
})
