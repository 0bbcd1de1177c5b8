import type { Command } from 'commander'
import { codeArgument } from '../options/values.ts'
import { commandTree } from '../render/command-tree.ts'
import { completionScript, shells } from '../render/completion.ts'
import { writeOut } from '../render/standard-output.ts'

/** `evidence completion SHELL`; the program must hold every command. */
export function completionCommand(program: Command): void {
  program
    .command('completion <shell>')
    .description(`print the completion script of a shell: ${shells.join(', ')}`)
    .addHelpText(
      'after',
      '\nExample:\n  evidence completion bash > ~/.local/share/bash-completion/completions/evidence',
    )
    .action((shell: string) => writeOut(completionScript(codeArgument(shell, shells, 'shell'), commandTree(program))))
}
