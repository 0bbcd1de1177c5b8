import type { Command } from 'commander'

/** Marks an option that must be given. */
export const required = Symbol('required')
/** Marks an option that may be given again: its values are a list, which is empty where it is not given. */
export const repeated = Symbol('repeated')
/** Like {@link repeated}, but undefined where the option is not given. */
export const repeatedOrNone = Symbol('repeatedOrNone')

/** An option as commander has it: its flags and its text; then its default, or one of the marks. */
export type Flag = readonly [flags: string, text: string, more?: string | Mark]
type Mark = typeof required | typeof repeated | typeof repeatedOrNone

type Camel<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name
type WithoutValue<Flags extends string> = Flags extends `${infer Name} <${string}` ? Name : Flags
type NameOf<Flags extends string> =
  WithoutValue<Flags> extends `--${infer Name}` ? Camel<Name extends `no-${infer Positive}` ? Positive : Name> : never
type ValueOf<One extends Flag> = One[0] extends `${string}...>`
  ? readonly string[]
  : One[0] extends `${string}>`
    ? One[2] extends typeof repeated | typeof repeatedOrNone
      ? readonly string[]
      : string
    : boolean
type MayBeAbsent = readonly [string, string] | readonly [string, string, typeof repeatedOrNone]

/** What commander makes of a list of flags: of `--new-key <file>` a text `newKey`, which is optional without default or mark. */
export type OptionsOf<Flags extends readonly Flag[]> = {
  readonly [One in Flags[number] as One extends MayBeAbsent ? NameOf<One[0]> : never]?: ValueOf<One>
} & {
  readonly [One in Flags[number] as One extends MayBeAbsent ? never : NameOf<One[0]>]: ValueOf<One>
}

const collect = (value: string, all: readonly string[] = []): readonly string[] => [...all, value]

/** Gives a command its description, its options in the order of its help, and what stands after the help; gives the command. */
export function declare(command: Command, description: string, flags: readonly Flag[], help: string): Command {
  return withFlags(command.description(description), flags).addHelpText('after', help)
}

/** Adds options to a command. */
export function withFlags(command: Command, flags: readonly Flag[]): Command {
  for (const [names, text, more] of flags) {
    if (more === required) command.requiredOption(names, text)
    else if (more === repeated) command.option(names, text, collect, [])
    else if (more === repeatedOrNone) command.option(names, text, collect)
    else command.option(names, text, more)
  }
  return command
}
