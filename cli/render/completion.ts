import type { CommandNode } from './command-tree.ts'

/*
 * Completion scripts for shells, drawn from the command tree: names of commands, then names of options; anything else is a file.
 */

export const shells = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof shells)[number]

/** The completion script of a shell, for all commands. */
export function completionScript(shell: Shell, tree: readonly CommandNode[]): string {
  return { bash, zsh, fish }[shell](tree)
}

/** Every command, those of groups after their group. */
function flat(tree: readonly CommandNode[]): CommandNode[] {
  return tree.flatMap((node) => [node, ...flat(node.commands)])
}

/** Words that may follow a command: its own commands, and its options. */
function wordsAfter({ commands, options }: CommandNode): string[] {
  return [...commands.map(({ path }) => path.at(-1) as string), ...options.map(({ long }) => long), '--help']
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

function bash(tree: readonly CommandNode[]): string {
  const cases = flat(tree)
    .sort((a, b) => b.path.length - a.path.length)
    .map((node) => {
      const pattern = node.path.length > 1 ? quoted(node.path.join(' ')) : `${quoted(`${node.path[0]} `)}*`
      return `    ${pattern}) words=${quoted(wordsAfter(node).join(' '))} ;;`
    })
  const first = [...tree.map(({ path }) => path[0] as string), '--help', '--version']
  return `# evidence: completion for bash. Load it: source <(evidence completion bash)
_evidence() {
  local words current="\${COMP_WORDS[COMP_CWORD]}"
  case "\${COMP_WORDS[1]} \${COMP_WORDS[2]}" in
${cases.join('\n')}
  esac
  (( COMP_CWORD == 1 )) && words=${quoted(first.join(' '))}
  COMPREPLY=( $(compgen -W "$words" -- "$current") )
}
complete -o default -F _evidence evidence
`
}

function zsh(tree: readonly CommandNode[]): string {
  const entry = (name: string, description: string): string =>
    quoted(`${name.replaceAll(':', '\\:')}:${description.replaceAll(':', '\\:')}`)
  const list = (node: CommandNode): string =>
    [
      ...node.commands.map(({ path, description }) => entry(path.at(-1) as string, description)),
      ...node.options.map(({ long, description }) => entry(long, description)),
    ].join(' ')
  const cases = flat(tree)
    .sort((a, b) => b.path.length - a.path.length)
    .map((node) => {
      const pattern = node.path.length > 1 ? quoted(node.path.join(' ')) : `${quoted(`${node.path[0]} `)}*`
      return `    ${pattern}) choices=(${list(node)}) ;;`
    })
  return `#compdef evidence
# evidence: completion for zsh. Keep it as _evidence in a folder of $fpath, or load it: source <(evidence completion zsh)
_evidence() {
  local -a choices
  if (( CURRENT == 2 )); then
    choices=(${tree.map(({ path, description }) => entry(path[0] as string, description)).join(' ')})
    _describe 'command' choices
    return
  fi
  case "\${words[2]} \${words[3]}" in
${cases.join('\n')}
  esac
  if [[ -n "\${choices}" ]] && { [[ "\${words[CURRENT]}" == -* ]] || [[ "\${choices[1]}" != --* ]]; }; then
    _describe 'option' choices
  fi
  _files
}
if [[ "\${funcstack[1]}" == _evidence ]]; then _evidence "$@"; else compdef _evidence evidence; fi
`
}

function fish(tree: readonly CommandNode[]): string {
  const lines = ['# evidence: completion for fish. Load it: evidence completion fish | source']
  const seen = (path: readonly string[]): string =>
    path.map((name) => `__fish_seen_subcommand_from ${name}`).join('; and ')
  for (const { path, description } of tree)
    lines.push(`complete -c evidence -n __fish_use_subcommand -f -a ${path[0]} -d ${quoted(description)}`)
  for (const node of flat(tree)) {
    const names = node.commands.map(({ path }) => path.at(-1) as string)
    for (const [i, inner] of node.commands.entries()) {
      const condition = `${seen(node.path)}; and not __fish_seen_subcommand_from ${names.join(' ')}`
      lines.push(`complete -c evidence -n ${quoted(condition)} -f -a ${names[i]} -d ${quoted(inner.description)}`)
    }
    for (const { long, takesValue, description } of node.options) {
      const value = takesValue ? ' -r' : ''
      lines.push(
        `complete -c evidence -n ${quoted(seen(node.path))} -l ${long.slice(2)}${value} -d ${quoted(description)}`,
      )
    }
  }
  return `${lines.join('\n')}\n`
}
