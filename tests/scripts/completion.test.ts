import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createProgram } from '../../cli/program.ts'
import { type CommandNode, commandTree } from '../../cli/render/command-tree.ts'
import { completionScript, shells } from '../../cli/render/completion.ts'
import { manualPage } from '../../cli/render/manual.ts'
import { evidence, evidenceOk } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { lacks } from '../support/system-tools.ts'

const flat = (tree: readonly CommandNode[]): CommandNode[] => tree.flatMap((node) => [node, ...flat(node.commands)])
const tree = commandTree(await createProgram())

describe('completion', () => {
  it.each(shells)('names every command and option to %s', async (shell) => {
    const { stdout } = await evidenceOk(['completion', shell])
    expect(stdout).toBe(completionScript(shell, tree))
    for (const { path, options } of flat(tree)) {
      expect(stdout).toContain(path.at(-1) as string)
      for (const { long } of options) expect(stdout).toContain(shell === 'fish' ? `-l ${long.slice(2)}` : long)
    }
  })

  const complete = (...words: readonly string[]): string[] => {
    const script = `${completionScript('bash', tree)}
COMP_WORDS=(evidence ${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length}; _evidence
printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
    return stdout.split('\n').filter((line) => line !== '')
  }

  it('completes in bash: commands, commands of a group, options', () => {
    expect(complete('che')).toEqual(['check'])
    expect(complete('participants', 'ad')).toEqual(['admit', 'admit-request'])
    expect(complete('participants', 'admit', 'x', '--ro')).toEqual(['--role'])
    expect(complete('check', '--time')).toEqual(['--time-proof', '--timestamp-anchors'])
    expect(complete('check', 'photo')).toEqual([])
  })

  for (const shell of shells) {
    it.skipIf(shell !== 'bash' && lacks(shell))(`is a script that ${shell} reads without a complaint`, () => {
      const { path, remove } = temporaryFolder()
      const file = join(path, 'completion')
      writeFileSync(file, completionScript(shell, tree))
      const { status, stderr } = spawnSync(shell, [shell === 'fish' ? '--no-execute' : '-n', file], {
        encoding: 'utf8',
      })
      remove()
      expect([status, stderr]).toEqual([0, ''])
    })
  }

  it('refuses another shell', async () => {
    expect((await evidence(['completion', 'tcsh'])).code).toBe(2)
  })
})

describe('the manual page', () => {
  const page = manualPage(tree, { description: 'D', after: '0 fine', version: '1.2.3', date: '2026-01-02' })

  it('has every command and option, and nothing that troff would take for a request', () => {
    const text = page.replaceAll('\\-', '-')
    for (const { path, options } of flat(tree)) {
      expect(text).toContain(`.SS evidence ${path.join(' ')}`)
      for (const { flags } of options) expect(text).toContain(flags)
    }
    const requests = new Set([...page.matchAll(/^\.(\w+)/gm)].map(([, name]) => name))
    expect(requests).toEqual(new Set(['B', 'I', 'PP', 'SH', 'SS', 'TH', 'TP', 'fi', 'nf']))
    expect(page).toMatch(/^[\0-\x7f]*$/)
  })

  it.skipIf(lacks('groff'))('is set by groff without a warning', () => {
    const { status, stderr } = spawnSync('groff', ['-man', '-Tutf8', '-ww'], { input: page, encoding: 'utf8' })
    expect([status, stderr]).toEqual([0, ''])
  })
})

describe('the help', () => {
  it('has every command in one of five groups', async () => {
    const { stdout } = await evidenceOk(['--help'])
    const headings = [...stdout.matchAll(/^([A-Z][a-z ]+):$/gm)].map(([, heading]) => heading)
    expect(headings).toEqual([
      'Options',
      'Evidence',
      'Keys and participants',
      'Run a ledger',
      'Keep and move',
      'Watch others',
      'Help',
    ])
    for (const { path } of tree) expect(stdout).toMatch(new RegExp(`^  ${path[0]}\\b`, 'm'))
  })
})
