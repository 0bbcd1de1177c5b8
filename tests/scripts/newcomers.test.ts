import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command, Option } from 'commander'
import { afterAll, describe, expect, it } from 'vitest'
import { connectionHeading } from '../../cli/options/declare.ts'
import { commandsMeant, otherWordEntries } from '../../cli/options/other-words.ts'
import { createProgram } from '../../cli/program.ts'
import { commandTree, type CommandNode } from '../../cli/render/command-tree.ts'
import { manualPage } from '../../cli/render/manual.ts'
import { shortName } from '../../cli/render/progress.ts'
import { type CliError, evidence, evidenceOk, fewAtATime } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

const program = await createProgram()
const all = (command: Command, path = ''): { readonly path: string; readonly command: Command }[] =>
  command.commands.flatMap((inner) => {
    const own = `${path} ${inner.name()}`.trim()
    return [{ path: own, command: inner }, ...all(inner, own)]
  })
const commands = all(program)
const optionsWhere = (holds: (option: Option) => boolean): string[] =>
  commands.flatMap(({ path, command }) => command.options.filter(holds).map(({ long }) => `${path} ${long}`))
const names = commands.map(({ path }) => path)

const { path: desk, remove } = temporaryFolder()
afterAll(remove)
const nowhere = { cwd: desk, env: { EVIDENCE_URL: 'http://127.0.0.1:1' } }

describe('R8: an option takes one value', () => {
  it('R8: no option of any command is variadic', () => {
    expect(optionsWhere(({ variadic }) => variadic)).toEqual([])
  })

  it('R8: what stands after an option that is repeated is an argument', async () => {
    const result = await evidence(['deposit', '--case', 'A', '--case', 'B', 'not-there.jpg', '--json'], nowhere)
    expect([result.code, result.json<CliError>().error.code]).toEqual([3, 'file-unreadable'])
  })

  it('R8: an option that may be repeated says so, and no other', () => {
    const collects = optionsWhere(({ parseArg }) => parseArg !== undefined)
    expect(optionsWhere(({ description }) => /\((required; )?may be repeated\)$/.test(description))).toEqual(collects)
    expect(collects).toContain('deposit --case')
    expect(collects).toContain('participants admit --role')
  })

  it('R8: an option that must be given says so, and no other', () => {
    const must = optionsWhere(({ mandatory }) => mandatory)
    expect(optionsWhere(({ description }) => /\(required(; may be repeated)?\)$/.test(description))).toEqual(must)
    expect(must).toContain('package --out')
  })
})

describe('R8: the options of the connection', () => {
  const withProfile = commands.filter(({ command }) =>
    command.options.some(({ long, helpGroupHeading }) => long === '--profile' && helpGroupHeading !== undefined),
  )

  /** A mirror has its ledger as an argument, and no address besides. */
  const connectionOf = (path: string): string[] =>
    ['--url', '--policy', '--key', '--id', '--passphrase-file', '--data', '--profile'].filter(
      (long) => long !== '--url' || path !== 'mirror',
    )

  it('R8: stand last, under one heading, in every command that has a profile', () => {
    expect(withProfile.map(({ path }) => path)).toEqual(expect.arrayContaining(['deposit', 'check', 'verify', 'find']))
    for (const { path, command } of withProfile) {
      const headings = command.options.map(({ helpGroupHeading }) => helpGroupHeading)
      expect([path, headings.slice(headings.indexOf(connectionHeading))]).toEqual([
        path,
        connectionOf(path).map(() => connectionHeading),
      ])
      const help = command.helpInformation()
      expect(help.indexOf(connectionHeading)).toBeGreaterThan(help.indexOf('--json'))
      expect(help.split('option, else the environment')).toHaveLength(2)
    }
  })

  it.each(['--url', '--policy', '--key', '--id'])('R8: %s names the profile, after the environment', (long) => {
    // Some take nothing from a profile; verify looks in another order, which its help says; a mirror has no address besides its argument.
    const others = ['backup --url', 'backup --policy', 'follow --policy', 'verify --url', 'mirror --url']
    for (const { path, command } of withProfile) {
      if (others.includes(`${path} ${long}`)) continue
      const text = command.options.find((option) => option.long === long)?.description
      expect([path, text]).toEqual([path, expect.stringMatching(/\(default: .*\$EVIDENCE_[A-Z]+, the profile’s, or /)])
    }
  })

  it('R8: are a part of their own in the manual page', () => {
    const page = manualPage(commandTree(program), { description: 'D', after: '0', version: '1', date: '2026-01-02' })
    const heading = connectionHeading.replace(/:$/, '')
    expect(page.split(`\n${heading}:\n`)).toHaveLength(withProfile.length + 1)
  })
})

describe('R8: a command that is not there', () => {
  it('R8: every other word leads to commands that exist, and is none itself', () => {
    for (const [word, meant] of otherWordEntries) {
      expect([word, names.includes(word)]).toEqual([word, false])
      expect([word, meant.filter((command) => !names.includes(command))]).toEqual([word, []])
    }
    expect(commandsMeant('rotate-key', names)).toEqual(['participants rotate-key', 'ledger rotate-key'])
    expect(commandsMeant('constructor', names)).toEqual([])
  })

  it('R8: leads to the command that does it, and names the page', async () => {
    const expected = {
      search: 'find',
      upload: 'deposit',
      undo: 'retract',
      login: 'setup',
      admit: 'participants admit',
      redact: 'erase',
      'rotate-key': 'participants rotate-key',
      'participants backup': 'backup',
    }
    const asked = Object.entries(expected)
    const results = await fewAtATime(asked, ([word]) => evidence([...word.split(' '), '--json'], nowhere))
    expect(results.map((result) => [result.code, result.json<CliError>().error])).toEqual(
      asked.map(([word, command]) => [
        2,
        expect.objectContaining({
          code: 'usage',
          message: expect.stringContaining(`"evidence ${command}"`),
          // Of several commands none is the page to look at.
          action: ['rotate-key', 'undo'].includes(word)
            ? 'See "evidence --help".'
            : `See "evidence ${command} --help".`,
        }),
      ]),
    )
  })

  it('R8: a refusal of usage names the page of its command', async () => {
    const { code, stderr } = await evidence(['participants', 'admit', '--no-such'], nowhere)
    expect([code, stderr]).toEqual([2, expect.stringContaining('See "evidence participants admit --help".')])
    expect((await evidence(['deposit'], nowhere)).stderr).toContain('See "evidence deposit --help".')
  })

  it('R8: has no page: help of it is refused', async () => {
    const calls = [
      ['nonesuch', '--help'],
      ['help', 'nonesuch'],
      ['help', 'participants', 'nonesuch'],
      ['participants', 'nonesuch', '--help'],
      ['participants', 'help', 'nonesuch'],
    ]
    const results = await fewAtATime(calls, (call) => evidence(call, nowhere))
    expect(results.map(({ code, stdout, stderr }) => [code, stdout, stderr.split('\n').length])).toEqual(
      calls.map(() => [2, '', 2]),
    )
    expect(results.map(({ stderr }) => stderr)).toEqual(calls.map(() => expect.stringContaining("'nonesuch'")))
  })

  it('R8: help names a path of any length', async () => {
    for (const [call, same] of [
      ['help participants admit', 'participants admit --help'],
      ['participants help admit', 'participants admit --help'],
      ['help participants', 'participants --help'],
      ['help deposit', 'deposit --help'],
      ['help', '--help'],
    ] as const) {
      const [by, at] = await Promise.all([evidenceOk(call.split(' ')), evidenceOk(same.split(' '))])
      expect([call, by.stdout]).toEqual([call, at.stdout])
      expect(by.stdout).toMatch(/^Usage: evidence /)
    }
  })
})

describe('R8: what the help says', () => {
  const after = (path: string): string => {
    const below = (tree: readonly CommandNode[]): CommandNode[] =>
      tree.flatMap((node) => [node, ...below(node.commands)])
    return below(commandTree(program)).find((node) => node.path.join(' ') === path)?.after ?? ''
  }

  it('R8: erasing names its claims', async () => {
    expect(after('ledger erase')).toContain('--claim all')
    expect(after('ledger erase')).toContain("admitted a person that person's name")
    const none = await evidence(['ledger', 'erase', '1'], nowhere)
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('--claim')])
  })

  it('R8: a backup keeps one state; the lines of each shell', () => {
    expect(after('backup')).toContain('no history')
    expect(after('backup')).toMatch(/^ {2}15 2 \* \* \* evidence backup .*--url /m)
    for (const line of ['completion bash > ', 'completion zsh > ', 'completion fish > ', 'fpath=('])
      expect(after('completion')).toContain(line)
  })
})

describe('R8: setup', () => {
  it('R8: reads --policy before the server is asked', async () => {
    const malformed = join(desk, 'malformed.policy')
    writeFileSync(malformed, 'no policy\n')
    const codes = await fewAtATime([join(desk, 'none.policy'), malformed], async (policy) => {
      const result = await evidence(['setup', 'http://127.0.0.1:1', '--policy', policy, '--json'], nowhere)
      return result.json<CliError>().error.code
    })
    expect(codes).toEqual(['file-unreadable', 'policy-malformed'])
  })
})

describe('R8: the name beside a bar', () => {
  it('R8: is visible and bounded', () => {
    expect(shortName('photo.jpg')).toBe('photo.jpg')
    expect(shortName('a\n\u001b[31m\u202e')).toBe('a\\u{a}\\u{1b}[31m\\u{202e}')
    const long = shortName(`${'a'.repeat(300)}.jpg`)
    expect(long).toBe(`${'a'.repeat(15)}…${'a'.repeat(11)}.jpg`)
    expect(shortName(`${'证'.repeat(100)}.jpg`)).toBe(`${'证'.repeat(7)}…${'证'.repeat(5)}.jpg`)
    expect(shortName('\u202e'.repeat(100)).length).toBeLessThanOrEqual(32)
  })
})

describe('R8: mirror', () => {
  it('R8: takes the policy that the environment names, where no folder of its own is there', async () => {
    const data = join(desk, 'elsewhere')
    await evidenceOk(['init', '--data', data, '--origin', 'test.example/mirrored'])
    const env = { EVIDENCE_POLICY: join(data, 'policy'), EVIDENCE_RETRIES: '0' }
    const result = await evidence(['mirror', 'http://127.0.0.1:1', join(desk, 'copy'), '--once'], { cwd: desk, env })
    expect(`${result.stdout}${result.stderr}`).toContain('test.example/mirrored')
  })
})
