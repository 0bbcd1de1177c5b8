import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { type CliError, evidence, evidenceOk, fewAtATime } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/** Every command; those of a group after its name. */
const commands = [
  'setup',
  'profile',
  'profile list',
  'profile remove',
  'completion',
  'init',
  'ledger sign-genesis',
  'start',
  'serve',
  'keygen',
  'key',
  'key show',
  'deposit',
  'check',
  'verify',
  'certificate',
  'prove',
  'package',
  'show',
  'find',
  'attest',
  'retract',
  'erase',
  'hand-over',
  'take-over',
  'withdraw',
  'custody',
  'custody show',
  'custody end',
  'custody resume',
  'history',
  'access',
  'access grant',
  'access end',
  'access seal',
  'access unseal',
  'access hold',
  'access unhold',
  'access list',
  'access deposit-readings',
  'access readings',
  'approvals',
  'approvals set',
  'approvals propose',
  'approvals show',
  'approvals sign',
  'approvals submit',
  'sign-statement',
  'ledger rotate-key',
  'ledger close',
  'ledger end-intake',
  'ledger set-format',
  'transition',
  'participants',
  'participants admit',
  'participants admit-request',
  'participants revoke',
  'participants rotate-key',
  'participants list',
  'timestamp',
  'export',
  'ledger erase',
  'ledger open-claims',
  'backup',
  'restore',
  'promote',
  'follow',
  'witness',
  'witness init',
  'witness serve',
  'witness add-log',
  'witness remove-log',
  'witness list-logs',
  'monitor',
  'mirror',
  'receipt',
  'anchor',
  'anchor-for',
  'ledger reindex',
  'ledger successor-orders',
  'doctor',
  'ledger',
]

const groups = ['profile', 'ledger', 'key', 'participants', 'approvals', 'witness', 'access', 'custody']

/** Commands as they must be called at least, in a folder where there is nothing. */
const calls: Readonly<Record<string, readonly string[]>> = {
  'ledger sign-genesis': ['x', '--key', 'x'],
  setup: ['http://127.0.0.1:1', '--trust-server'],
  'profile remove': ['x'],
  completion: ['x'],
  deposit: ['x'],
  check: ['x'],
  certificate: ['x'],
  prove: ['x'],
  package: ['--case', 'x', '--out', 'y'],
  show: ['0'],
  attest: ['0', '--as', 'witness'],
  retract: ['0', '--reason', 'mistake'],
  'participants admit': ['x', '--public-key', 'x', '--type', 'court', '--role', 'auditor'],
  'participants admit-request': ['x', '--fingerprint', 'x'],
  'participants revoke': ['x', '--reason', 'other'],
  'participants rotate-key': ['--new-key', 'x'],
  'key show': ['x'],
  'approvals set': ['--administrators', '1'],
  'approvals propose': ['x', '--out', 'x'],
  'approvals show': ['x'],
  'approvals sign': ['x', '--key', 'x'],
  'approvals submit': ['x'],
  'sign-statement': ['x', '--key', 'x', '--id', 'x', '--out', 'x'],
  'ledger rotate-key': ['--new-key', 'x', '--out', 'x'],
  'ledger close': ['--reason', 'ended'],
  'ledger end-intake': ['--reason', 'other'],
  'ledger set-format': ['2'],
  transition: ['x'],
  export: ['x'],
  'witness init': ['--name', ''],
  'witness add-log': ['x'],
  'witness remove-log': ['x'],
  backup: ['x'],
  restore: ['--from', 'x'],
  anchor: ['--to', 'http://127.0.0.1:1', '--upper-policy', 'x'],
  'anchor-for': ['x', 'x', '--dir', 'x'],
  erase: ['0', '--claim', 'all', '--basis', 'x'],
  'ledger erase': ['0', '--claim', 'all'],
  'ledger successor-orders': ['--from', 'x', '--policy', 'x'],
  monitor: ['http://127.0.0.1:1', '--once'],
  mirror: ['http://127.0.0.1:1', 'x', '--once'],
  receipt: ['0'],
  'hand-over': ['0', '--to', 'x'],
  'take-over': ['x'],
  withdraw: ['x'],
  'custody show': ['0'],
  'custody end': ['0', '--how', 'lost'],
  'custody resume': ['0', '--reason', 'found'],
  history: ['0'],
  'access grant': ['0', '--to', 'x', '--basis', 'x'],
  'access end': ['0', '--to', 'x', '--basis', 'x'],
  'access seal': ['0', '--basis', 'x'],
  'access unseal': ['0', '--basis', 'x'],
  'access hold': ['0', '--basis', 'x'],
  'access unhold': ['0', '--basis', 'x'],
  'access list': ['0'],
}

/** Commands listed in a help text, under whatever headings: a group ends with an empty line. */
function listed(help: string): string[] {
  const groups = help.split('\n\n').filter((part) => /^(?!Options|Example|Usage|Exit)[A-Z][a-z ]+:\n/.test(part))
  return groups
    .flatMap((part) => part.split('\n'))
    .flatMap((line) => /^ {2}([a-z][a-z-]*)(?: |$)/.exec(line)?.[1] ?? [])
    .filter((name) => name !== 'help')
}

describe('the command line', () => {
  const { path, remove } = temporaryFolder()
  afterAll(remove)
  const nowhere = { cwd: path, env: { EVIDENCE_URL: 'http://127.0.0.1:1' } }

  it('lists every command that these tests know', async () => {
    const top = await evidenceOk(['--help'])
    const inGroups = await Promise.all(
      groups.map(async (group) =>
        listed((await evidenceOk([group, '--help'])).stdout).map((name) => `${group} ${name}`),
      ),
    )
    expect([...listed(top.stdout), ...inGroups.flat()].sort()).toEqual([...commands].sort())
    expect(top.stdout).toContain('Exit codes: 0 fine; 1 ')
  })

  it('shows help with an example for each command, offers --json, and ends with 0', async () => {
    const results = await fewAtATime(commands, (command) => evidence([...command.split(' '), '--help']))
    const found = results.map(({ code, stdout, stderr }, i) => {
      const command = commands[i] as string
      const example = stdout.slice(stdout.search(/^Example:$/m))
      return {
        command,
        code,
        stderr,
        usage: stdout.startsWith(`Usage: evidence ${command}`),
        // A group of commands does nothing itself; a script is for a shell.
        json: stdout.includes('--json') || [...groups, 'completion'].includes(command),
        example: new RegExp(`^ {2}evidence ${command.split(' ')[0]}\\b`, 'm').test(example),
      }
    })
    const expected = { code: 0, stderr: '', usage: true, json: true, example: true }
    expect(found).toEqual(commands.map((command) => ({ command, ...expected })))
  })

  it('says its version', async () => {
    expect((await evidenceOk(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('refuses an unknown option of each command with 2, in one line', async () => {
    const results = await fewAtATime(commands, (command) =>
      evidence([...command.split(' '), ...(calls[command] ?? []), '--no-such-option'], nowhere),
    )
    const found = results.map(({ code, stdout, stderr }, i) => ({
      command: commands[i],
      code,
      stdout,
      names: stderr.includes('--no-such-option'),
    }))
    expect(found).toEqual(commands.map((command) => ({ command, code: 2, stdout: '', names: true })))
    expect(results.map(({ stderr }) => stderr.trimEnd().split('\n').length)).toEqual(commands.map(() => 1))
  })

  it.each([
    [['no-such-command']],
    [['participants', 'no-such-command']],
    [['deposit']],
    [['attest', '0']],
    [['participants', 'admit', 'x']],
    [['check', 'a', 'b']],
    [['find', '--no-such-option']],
  ])('refuses %j with 2: one line, or a JSON document where that is asked for', async (args) => {
    const [text, json] = await Promise.all([evidence(args, nowhere), evidence([...args, '--json'], nowhere)])
    expect(text.code).toBe(2)
    expect(text.stdout).toBe('')
    expect(text.stderr.trimEnd().split('\n')).toHaveLength(1)
    expect(json.code).toBe(2)
    expect(json.stderr).toBe('')
    expect(json.json<CliError>().error.code).toBe('usage')
  })

  it('never answers with a stack trace: each command where nothing is there', async () => {
    const failing = commands.filter(
      (command) => !['init', 'start', 'keygen', ...groups, 'doctor', 'profile list'].includes(command),
    )
    const args = (command: string): string[] => [...command.split(' '), ...(calls[command] ?? [])]
    const texts = await fewAtATime(failing, (command) => evidence(args(command), nowhere))
    const documents = await fewAtATime(failing, (command) => evidence([...args(command), '--json'], nowhere))
    const found = failing.map((command, i) => {
      const { code, stdout, stderr } = texts[i] ?? { code: 0, stdout: '', stderr: '' }
      const document = documents[i]
      const { error } = document?.json<CliError>() ?? {}
      return {
        command,
        fails: code === 2 || code === 3,
        stdout,
        oneLine: /^evidence: [a-z-]+: .+\n$/.test(stderr) && !stderr.includes('    at '),
        same: document?.code === code && stderr.startsWith(`evidence: ${error?.code}: `),
        quiet: document?.stderr === '',
        own: error?.code !== 'internal-error',
      }
    })
    expect(found).toEqual(
      failing.map((command) => ({
        command,
        fails: true,
        stdout: '',
        oneLine: true,
        same: true,
        quiet: true,
        own: true,
      })),
    )
    expect(existsSync(join(path, 'data'))).toBe(false)
  })
})
