import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CliError, type CliResult, evidence, evidenceOk } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/* BR-M9: what is signed offline comes in a file. It is read whole, and shown, before anything is signed; else nothing is written. */
const { path, remove } = temporaryFolder()
const at = (...names: string[]): string => join(path, ...names)
const env = { EVIDENCE_POLICY: '', EVIDENCE_DATA: '' }
const escape = '\u001b[2J'
type Genesis = Record<string, unknown> & { administrators: { id: string; keys: object[] }[]; ledgerKeys: string[] }
let genesis: Genesis
let jwk: object
let thumbprintInGroups: RegExp

beforeAll(async () => {
  for (const name of ['clerk', 'deputy']) await evidenceOk(['keygen', '--out', at(`${name}.pem`)])
  const administrators = [
    '--administrator',
    `clerk=${at('clerk.jwk')}`,
    '--administrator',
    `deputy=${at('deputy.jwk')}`,
  ]
  await evidenceOk(['init', '--data', at('data'), '--production', '--origin', 'court.example/x', ...administrators])
  genesis = JSON.parse(readFileSync(at('data', 'genesis.json'), 'utf8')) as Genesis
  jwk = genesis.administrators[1]?.keys[0] as object
  thumbprintInGroups = /key (?:[A-Za-z0-9_-]{4} ){10}[A-Za-z0-9_-]{3}/
})
afterAll(remove)

const run = (args: readonly string[]): Promise<CliResult> => evidence(args, { cwd: path, env })
const refusalOf = async (args: readonly string[]): Promise<string> => {
  const result = await run([...args, '--json'])
  const { error } = result.json<Partial<CliError>>()
  return `${result.code} ${error?.code}: ${error?.message}`
}

describe('sign-genesis', () => {
  const sign = (text: string): string[] => {
    writeFileSync(at('request.json'), text)
    return ['ledger', 'sign-genesis', 'request.json', '--key', 'clerk.pem', '--out', 'signed.jws']
  }
  const altered = (change: object): string => JSON.stringify({ ...genesis, ...change })

  it.each<readonly [string, () => string]>([
    ['null', () => 'null'],
    ['a number', () => '1'],
    ['a text', () => '"x"'],
    ['a list', () => '[]'],
    ['an empty object', () => '{}'],
    ['nothing', () => ''],
    ['no administrators', () => altered({ administrators: null })],
    ['an empty list of administrators', () => altered({ administrators: [] })],
    ['an administrator that is null', () => altered({ administrators: [null] })],
    ['an administrator without keys', () => altered({ administrators: [{ id: 'clerk' }] })],
    [
      'an administrator twice',
      () => altered({ administrators: [genesis.administrators[0], { id: 'clerk', keys: [jwk] }] }),
    ],
    ['ledger keys that are a text', () => altered({ ledgerKeys: genesis.ledgerKeys[0] })],
    ['a ledger key that is none', () => altered({ ledgerKeys: ['x'] })],
    ['no environment', () => altered({ environment: undefined })],
    ['another kind', () => altered({ kind: 'ledger.close' })],
    [
      'a kind with a statement’s members',
      () => JSON.stringify({ ...genesis, kind: 'ledger.close', administrators: genesis.administrators }),
    ],
    ['an issuer that is not the first administrator', () => altered({ iss: 'deputy' })],
    ['another ledger in aud', () => altered({ aud: 'court.example/y' })],
    ['another origin', () => altered({ origin: 'court.example/y', aud: 'court.example/y' })],
    ['a member more', () => altered({ note: 'x' })],
    ['a member twice', () => `{"environment":"trial",${JSON.stringify(genesis).slice(1)}`],
    ['a __proto__', () => `{"__proto__":{},${JSON.stringify(genesis).slice(1)}`],
    ['depth', () => '['.repeat(100_000)],
  ])('refuses %s, and writes nothing', async (_what, text) => {
    expect(await refusalOf(sign(text()))).toMatch(/^3 file-unreadable: request\.json cannot be read as a genesis: /)
    expect(existsSync(at('signed.jws'))).toBe(false)
  })

  it('shows what it is, before the key is opened', async () => {
    const args = sign(
      altered({
        administrators: [{ ...genesis.administrators[0], name: `Clerk ${escape}` }, genesis.administrators[1]],
      }),
    )
    const { code, stderr } = await run(args.with(4, 'nowhere.pem'))
    expect(code).toBe(3)
    expect(stderr).toContain('to be signed: ledger.genesis for the ledger court.example/x')
    expect(stderr).toContain('administrators[1].id: "deputy"')
    expect(stderr).toMatch(thumbprintInGroups)
    expect(stderr).toContain('Clerk ')
    expect(stderr).not.toContain('\u001b')
  })
})

describe('sign-statement, approvals propose and sign', () => {
  const admission = (more: object = {}): object => ({
    aud: 'court.example/x',
    kind: 'participant.admit',
    participant: { id: 'mallory', type: 'court', roles: ['administrator'], keys: [jwk] },
    ...more,
  })
  const write = (request: unknown): void => writeFileSync(at('request.json'), JSON.stringify(request))
  const signing = ['sign-statement', 'request.json', '--key', 'clerk.pem', '--id', 'clerk', '--out', 'statement.jws']
  const proposing = ['approvals', 'propose', 'request.json', '--key', 'clerk.pem', '--out', 'made.proposal']

  it.each<readonly [string, () => unknown]>([
    ['null', () => null],
    ['a list', () => []],
    ['nothing', () => ({})],
    ['a genesis', () => genesis],
    ['a member more', () => admission({ iss: 'clerk' })],
    ['no members', () => ({ aud: 'court.example/x', kind: 'participant.admit' })],
    ['an escape in its kind', () => admission({ kind: escape })],
    ['members of another kind', () => admission({ kind: 'ledger.set-format' })],
  ])('refuse %s, and write nothing', async (_what, request) => {
    write(request())
    for (const command of [signing, proposing]) expect(await refusalOf(command)).toMatch(/^[23] (?:usage|json-\w+): /)
    expect([existsSync(at('statement.jws')), existsSync(at('made.proposal'))]).toEqual([false, false])
  })

  it('show kind, ledger, participant and every member before the key is opened', async () => {
    write(
      admission({
        participant: { id: 'mallory', type: 'court', name: `Mallory ${escape}`, roles: ['administrator'], keys: [jwk] },
      }),
    )
    for (const command of [signing, proposing]) {
      const { code, stderr } = await run(command.map((word) => (word === 'clerk.pem' ? 'nowhere.pem' : word)))
      expect(code).toBe(3)
      expect(stderr).toContain('to be signed: participant.admit for the ledger court.example/x')
      for (const line of [
        'participant.id: "mallory"',
        'participant.type: "court"',
        'participant.roles[0]: "administrator"',
      ])
        expect(stderr).toContain(line)
      expect(stderr).toMatch(thumbprintInGroups)
      expect(stderr).not.toContain('\u001b')
    }
  })

  it('show what is long by its beginning, and that there is more', async () => {
    write(
      admission({
        participant: { id: 'mallory', type: 'court', name: 'n'.repeat(256), roles: ['administrator'], keys: [jwk] },
      }),
    )
    const { stderr } = await run(proposing.map((word) => (word === 'clerk.pem' ? 'nowhere.pem' : word)))
    expect(stderr).toContain('n'.repeat(256))
    for (const line of stderr.split('\n').filter((one) => one.startsWith('  '))) expect(line.length).toBeLessThan(600)
  })

  it('refuse another ledger than that of a policy that is named, and what has ended', async () => {
    write(admission())
    await evidenceOk([
      'init',
      '--data',
      at('other'),
      '--production',
      '--origin',
      'other.example/x',
      '--administrator',
      `clerk=${at('clerk.jwk')}`,
    ])
    const [own, foreign] = [at('data', 'policy'), at('other', 'policy')]
    expect(await refusalOf([...signing, '--policy', foreign])).toMatch(/^3 server-other-ledger: /)
    expect(await refusalOf([...proposing, '--policy', foreign])).toMatch(/^3 server-other-ledger: /)
    expect((await run([...proposing, '--policy', own])).code).toBe(0)
    const approving = ['approvals', 'sign', 'made.proposal', '--key', 'deputy.pem']
    const before = readFileSync(at('made.proposal'))
    expect(await refusalOf([...approving, '--policy', foreign])).toMatch(/^3 server-other-ledger: /)
    const proposal = JSON.parse(before.toString()) as { payload: string }
    const said = JSON.parse(Buffer.from(proposal.payload, 'base64url').toString()) as object
    const ended = JSON.stringify({ ...said, exp: 1_700_000_000 })
    writeFileSync(
      at('ended.proposal'),
      JSON.stringify({ payload: Buffer.from(ended).toString('base64url'), signatures: [] }),
    )
    expect(await refusalOf(['approvals', 'sign', 'ended.proposal', '--key', 'deputy.pem'])).toMatch(
      / proposal-expired: /,
    )
    expect(readFileSync(at('made.proposal')).equals(before)).toBe(true)
    const signed = await run([...approving, '--policy', own])
    expect([signed.code, signed.stderr.includes('participant.id: "mallory"')]).toEqual([0, true])
    const written = ['--out', 'change.jws', '--id', 'clerk', '--key', 'clerk.pem']
    expect(await refusalOf(['approvals', 'submit', 'made.proposal', ...written, '--policy', foreign])).toMatch(
      /^3 server-other-ledger: /,
    )
    expect((await run(['approvals', 'submit', 'made.proposal', ...written, '--policy', own])).code).toBe(0)
  })
})
