import type { Command } from 'commander'
import { codeArgument } from '../options/values.ts'
import { commandTree } from '../render/command-tree.ts'
import { completionScript, shells } from '../render/completion.ts'
import { writeOut } from '../render/standard-output.ts'

const help = `
Once, for every shell to come; make the folder first where it is not there. zsh reads a folder of $fpath: the line for ~/.zshrc, before
"compinit", is  fpath=(~/.zfunc $fpath)
For this shell alone: source <(evidence completion bash), the same with zsh, or evidence completion fish | source

Example:
  evidence completion bash > ~/.local/share/bash-completion/completions/evidence
  evidence completion zsh > ~/.zfunc/_evidence
  evidence completion fish > ~/.config/fish/completions/evidence.fish`

/** `evidence completion SHELL`; the program must hold every command. */
export function completionCommand(program: Command): void {
  program
    .command('completion <shell>')
    .description(`print the completion script of a shell: ${shells.join(', ')}`)
    .addHelpText('after', help)
    .action((shell: string) => writeOut(completionScript(codeArgument(shell, shells, 'shell'), commandTree(program))))
}
