import type { EventEmitter } from 'node:events'
import type { Command } from 'commander'

/** A command as its help shows it. */
export interface CommandNode {
  /** Its name after `evidence`: `participants admit`. */
  readonly path: readonly string[]
  /** Heading of its group in the help; empty below the first level. */
  readonly group: string
  readonly description: string
  /** Arguments as the usage line has them: `<file>`. */
  readonly usage: string
  readonly options: readonly {
    readonly flags: string
    readonly long: string
    /** Heading that it stands under, where that is not the common one. */
    readonly group: string
    readonly takesValue: boolean
    readonly description: string
  }[]
  /** Text after the help: notes and an example. */
  readonly after: string
  readonly commands: readonly CommandNode[]
}

/** All commands of a program, below one another. */
export function commandTree(program: Command): CommandNode[] {
  return below(program, [])
}

function below(command: Command, path: readonly string[]): CommandNode[] {
  const help = command.createHelp()
  return command.commands.map((inner) => {
    const own = [...path, inner.name()]
    return {
      path: own,
      group: inner.helpGroup().replace(/:$/, ''),
      description: inner.description(),
      usage: inner.usage().replace('[options] ', '').replace('[options]', '').replace('[command]', 'COMMAND'),
      options: help
        .visibleOptions(inner)
        .filter(({ long }) => long !== undefined && long !== '--help')
        .map((option) => ({
          flags: option.flags,
          long: option.long as string,
          group: (option.helpGroupHeading ?? '').replace(/:$/, ''),
          takesValue: option.required || option.optional,
          description: help.optionDescription(option),
        })),
      after: afterHelp(inner),
      commands: below(inner, own),
    }
  })
}

/** What a command prints after its own help: listeners of commander, which has no other way to ask. */
function afterHelp(command: Command): string {
  let text = ''
  const write = (more: string): void => {
    text += more
  }
  ;(command as unknown as EventEmitter).emit('afterHelp', { error: false, command, write })
  return text.trim()
}
