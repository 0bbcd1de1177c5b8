import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliError, evidence, evidenceOk, startCommand, startServer, systemProgram } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { onTerminal } from '../support/terminal.ts'

/* Passphrases as the command line takes them: from a file, from the environment, from a terminal; and what it makes with them. */
const { path, remove } = temporaryFolder()
afterAll(remove)
const at = (name: string): string => join(path, name)
const passphrase = 'a passphrase 口令'
const secret = at('passphrase')

beforeAll(() => writeFileSync(secret, `${passphrase}\n`, { mode: 0o600 }))

interface KeyShown {
  readonly thumbprint: string
  readonly encrypted: boolean
  readonly type: string
}
const show = async (file: string, ...more: string[]): Promise<KeyShown> =>
  (await evidenceOk(['key', 'show', file, '--json', ...more])).json<KeyShown>()

const codeOf = async (args: readonly string[], env: Record<string, string> = {}): Promise<string> =>
  (await evidence([...args, '--json'], { env })).json<CliError>().error.code

describe('F-M1: every command that writes a secret', () => {
  it('encrypts it with 600,000 rounds', async () => {
    const how = ['--passphrase-file', secret]
    await evidenceOk(['keygen', '--out', at('clerk.pem'), ...how])
    await evidenceOk(['init', '--data', at('trial'), ...how])
    await evidenceOk(['witness', 'init', '--data', at('witness'), '--name', 'witness.example/w', ...how])
    const admin = ['--administrator', `clerk=${at('clerk.jwk')}`]
    await evidenceOk(['init', '--data', at('court'), '--production', '--origin', 'court.example/x', ...admin, ...how])
    const files = [
      at('clerk.pem'),
      ...['trial', 'witness', 'court'].flatMap((name) =>
        readdirSync(at(`${name}/keys`)).map((key) => at(`${name}/keys/${key}`)),
      ),
    ]
    expect(files).toHaveLength(1 + 4 + 2 + 2)
    for (const file of files) {
      const { stdout } = systemProgram('openssl', ['asn1parse', '-in', file])
      expect([file, /PBKDF2[^]*INTEGER +:0927C0[^]*hmacWithSHA256[^]*aes-256-cbc/.test(stdout.toString())]).toEqual([
        file,
        true,
      ])
      expect((await show(file, ...how)).encrypted).toBe(true)
    }
  })
})

describe('F-N15: EVIDENCE_PASSPHRASE_FILE', () => {
  const env = { EVIDENCE_PASSPHRASE_FILE: secret }

  it('stands for --passphrase-file, which wins', async () => {
    await evidenceOk(['keygen', '--out', at('own.pem')], { env })
    expect(readFileSync(at('own.pem'), 'utf8')).toContain('ENCRYPTED')
    expect(await codeOf(['key', 'show', at('own.pem')])).toBe('key-file-passphrase')
    await evidenceOk(['key', 'show', at('own.pem')], { env })
    const wrong = at('wrong')
    writeFileSync(wrong, 'wrong', { mode: 0o600 })
    expect(await codeOf(['key', 'show', at('own.pem'), '--passphrase-file', wrong], env)).toBe('key-file-passphrase')
    const printed = await evidenceOk(['serve', '--data', at('trial'), '--print-config'], { env })
    expect(printed.stdout).toContain(`(hidden)  (${secret})`)
    expect(printed.stdout).not.toContain(passphrase)
  })
})

/** Types into a command once it asks for the passphrase. */
const typedInto = (args: readonly string[], type: string): { readonly code: number; readonly screen: string } =>
  onTerminal(args, { once: { seen: 'passphrase of .*: $', type } })

describe.skipIf(process.platform === 'win32')('F-N15: a key under a passphrase, on a terminal', () => {
  it('is asked for, and what is typed is shown nowhere', async () => {
    await evidenceOk(['keygen', '--out', at('asked.pem'), '--passphrase-file', secret])
    const { thumbprint } = await show(at('asked.jwk'))
    const right = typedInto(['key', 'show', at('asked.pem')], `${passphrase}\r`)
    expect(right).toMatchObject({ code: 0, screen: expect.stringContaining(thumbprint) })
    expect(right.screen).toContain(`passphrase of ${at('asked.pem')}: `)
    expect(right.screen).not.toContain('口令')
    // Corrected while it is typed: one character of three bytes goes as one, and a line can be begun again.
    const corrected = typedInto(['key', 'show', at('asked.pem')], `wrong\u0015${passphrase}号\u007f\r`)
    expect(corrected).toMatchObject({ code: 0, screen: expect.stringContaining(thumbprint) })
  })

  it('is refused for a wrong one, for none, and left by Ctrl-C', () => {
    for (const [typed, code, said] of [
      ['wrong\r', 3, 'key-file-passphrase'],
      ['\r', 3, 'key-file-passphrase'],
      ['half\u0003', 130, ''],
    ] as const) {
      const result = typedInto(['key', 'show', at('asked.pem')], typed)
      expect([typed, result.code, result.screen.includes(said)]).toEqual([typed, code, true])
      expect(result.screen).not.toMatch(/wrong|half/)
    }
  })

  it('and without a terminal nothing waits: the refusal names the option', async () => {
    const refused = await evidence(['key', 'show', at('asked.pem'), '--json'])
    expect(refused.code).toBe(3)
    expect(refused.json<CliError>().error.action).toContain('--passphrase-file')
  })
})

describe('F-N13: thumbprints', () => {
  it('are printed in groups, lie in the public key’s file, and are printed again for every form of the key', async () => {
    const made = await evidenceOk(['keygen', '--out', at('notary.pem')])
    const { kid, x } = JSON.parse(readFileSync(at('notary.jwk'), 'utf8')) as { kid: string; x: string }
    const groups = (kid.match(/.{1,4}/g) as string[]).join(' ')
    expect(made.stdout).toContain(`thumbprint  ${kid}`)
    expect(made.stdout).toContain(groups)
    for (const file of ['notary.pem', 'notary.jwk']) {
      const shown = await evidenceOk(['key', 'show', at(file)])
      expect([file, shown.stdout.includes(groups)]).toEqual([file, true])
    }
    const pem = systemProgram('openssl', ['pkey', '-in', at('notary.pem'), '-pubout', '-out', at('public.pem')])
    expect(pem.code).toBe(0)
    expect(await show(at('public.pem'))).toMatchObject({ thumbprint: kid, holds: 'public key', jwk: { x } })
    // What a file says of its own thumbprint is not believed.
    writeFileSync(at('lying.jwk'), JSON.stringify({ kid: 'A'.repeat(43), kty: 'OKP', crv: 'Ed25519', x }))
    expect((await show(at('lying.jwk'))).thumbprint).toBe(kid)
    expect(await show(at('trial/keys/ledger-ml-dsa.key'), '--passphrase-file', secret)).toMatchObject({
      type: 'ML-DSA-44',
      encrypted: true,
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
    })
  })

  it('and an error about modes names the file whose mode is wrong', async () => {
    const open = at('open.pass')
    writeFileSync(open, passphrase, { mode: 0o644 })
    for (const args of [
      ['key', 'show', at('asked.pem'), '--passphrase-file', open],
      ['keygen', '--out', at('never.pem'), '--passphrase-file', open],
      ['serve', '--data', at('trial'), '--passphrase-file', open],
      ['witness', 'serve', '--data', at('witness'), '--passphrase-file', open],
    ]) {
      const { error } = (await evidence([...args, '--json'])).json<CliError>()
      expect([args[0], error.code, error.where]).toEqual([args[0], 'key-file-permissions', open])
      expect(error.message).toContain(`the passphrase file ${open}`)
      expect(error.action).not.toContain('key file')
    }
    expect(existsSync(at('never.pem'))).toBe(false)
  })
})

describe('F-N13: the lines that say what comes next', () => {
  /** The commands that a command printed, as words. */
  const commandsIn = (stdout: string): string[][] =>
    stdout
      .split('\n')
      .flatMap(
        (line) => /(?:^|: | )(evidence (?:serve|init|ledger|sign-statement|witness serve) .*)$/.exec(line)?.[1] ?? [],
      )
      .map((line) =>
        [...line.matchAll(/'([^']*)'|(\S+)/g)].slice(1).map(([, quoted, plain]) => quoted ?? (plain as string)),
      )

  it('can be run as they are printed: a trial, and a witness, under a passphrase in a folder with a space', async () => {
    const how = ['--passphrase-file', secret]
    const trial = await evidenceOk(['init', '--data', at('next trial'), ...how])
    const [serve] = commandsIn(trial.stdout) as [string[]]
    const server = await startServer(
      at('next trial'),
      serve.slice(1).filter((word, i, all) => word !== '--data' && all[i - 1] !== '--data'),
      'serve',
    )
    await server.stop()
    const witness = await evidenceOk(['witness', 'init', '--data', at('next witness'), '--name', 'w.example/w', ...how])
    const [next] = commandsIn(witness.stdout) as [string[]]
    const running = await startCommand([...next, '--port', '0'])
    expect(await running.stop()).toBe(0)
  })

  it('and the whole of a ceremony and of a rotation', async () => {
    const run = (args: readonly string[], cwd = path) => evidenceOk(args, { cwd })
    await run(['keygen', '--out', at('clerk 1.pem')])
    const data = at('court ledger')
    const admin = ['--administrator', `clerk=${at('clerk 1.jwk')}`]
    const origin = ['--production', '--origin', 'court.example/next']
    const prepared = await run(['init', '--data', data, ...origin, ...admin, '--passphrase-file', secret])
    const { thumbprint } = await show(at('clerk 1.jwk'))
    const groups = (thumbprint.match(/.{1,4}/g) as string[]).join(' ')
    expect(prepared.stdout).toContain(`clerk  ${groups}`)
    const [sign, seal, serve] = commandsIn(prepared.stdout) as [string[], string[], string[]]
    writeFileSync(at('genesis.json'), readFileSync(join(data, 'genesis.json')))
    expect(sign).toEqual(['ledger', 'sign-genesis', 'genesis.json', '--key', 'clerk.pem', '--out', 'genesis.jws'])
    const signed = await run(sign.map((word) => (word === 'clerk.pem' ? 'clerk 1.pem' : word)))
    expect(signed.stdout).toContain(`clerk  ${groups}`)
    const sealed = await run(seal)
    expect(commandsIn(sealed.stdout)).toEqual([serve])
    expect(serve).toEqual(['serve', '--data', data, '--passphrase-file', secret])

    const newSecret = at('new passphrase')
    writeFileSync(newSecret, 'another', { mode: 0o600 })
    await run(['keygen', '--out', at('ledger-2.pem'), '--passphrase-file', newSecret])
    const begin = [
      'ledger',
      'rotate-key',
      '--data',
      data,
      '--new-key',
      'ledger-2.pem',
      '--new-passphrase-file',
      newSecret,
    ]
    const asked = await run([...begin, '--out', 'rotation.json', '--passphrase-file', secret])
    const [statement, finish] = commandsIn(asked.stdout) as [string[], string[]]
    await run(
      statement.map((word) =>
        word === 'ADMINISTRATOR.pem' ? 'clerk 1.pem' : word === 'ADMINISTRATOR' ? 'clerk' : word,
      ),
    )
    const done = await run(finish)
    expect(commandsIn(done.stdout)).toEqual([['serve', '--data', data, '--passphrase-file', newSecret]])
  })
})
