import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { createProgram } from '../../cli/program.ts'

const folder = fileURLToPath(new URL('../../cli/commands', import.meta.url))

function* leaves(command: Command): Generator<Command> {
  if (command.commands.length === 0) yield command
  for (const inner of command.commands) yield* leaves(inner)
}

describe('F-N15: --policy', () => {
  it('F-N15: is taken by every command that asks a server, and by every one whose message advises it', async () => {
    const flags = (command: Command): (string | undefined)[] => command.options.map(({ long }) => long)
    const all = [...leaves(await createProgram())]
    const asking = all.filter((command) => flags(command).includes('--url'))
    expect(asking.length).toBeGreaterThan(10)
    // `serve` and others take --url to mean themselves, or only to look.
    const without = asking.filter((command) => !flags(command).includes('--policy')).map((command) => command.name())
    expect(without).toEqual(
      expect.not.arrayContaining(['check', 'verify', 'deposit', 'find', 'show', 'attest', 'retract']),
    )
    for (const name of readdirSync(folder)) {
      const text = readFileSync(join(folder, name), 'utf8')
      if (!/\b(?:policyOf|depositPolicy|submitChange)\(|--policy (?:FILE|names)/.test(text)) continue
      const names = [...text.matchAll(/(?:\.command\(|\bchange\(program, )'([a-z-]+)/g)].map(([, found]) => found)
      const takes = all.filter((command) => names.includes(command.name()) && flags(command).includes('--policy'))
      expect([name, takes.length > 0]).toEqual([name, true])
    }
  })
})
