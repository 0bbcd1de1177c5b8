import { type Command, Option } from 'commander'

/** Marks an option that must be given. */
export const required = Symbol('required')
/** Marks an option that may be given again, with one value each time: its values are a list, undefined where it is not given. */
export const repeated = Symbol('repeated')
/** Like {@link repeated}, and must be given once at least. */
export const requiredRepeated = Symbol('requiredRepeated')
/** Marks an option that says which ledger is meant, or who asks: it stands last in the help, under {@link connectionHeading}. */
export const connection = Symbol('connection')

/** The heading of the options that are marked {@link connection}. */
export const connectionHeading =
  'Ledger and key (the option, else the environment, else the profile, else the default):'

/** An option as commander has it: its flags, which take one value or none, and its text; then its default, or one of the marks. */
export type Flag = readonly [flags: string, text: string, more?: string | Mark]
type Mark = typeof required | typeof repeated | typeof requiredRepeated | typeof connection

/** What a mark says of an option, after its text. */
const said = new Map<Flag[2], string>([
  [required, ' (required)'],
  [repeated, ' (may be repeated)'],
  [requiredRepeated, ' (required; may be repeated)'],
])

type Camel<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name
type WithoutValue<Flags extends string> = Flags extends `${infer Name} <${string}` ? Name : Flags
type NameOf<Flags extends string> =
  WithoutValue<Flags> extends `--${infer Name}` ? Camel<Name extends `no-${infer Positive}` ? Positive : Name> : never
type ValueOf<One extends Flag> = One[0] extends `${string}>`
  ? One[2] extends typeof repeated | typeof requiredRepeated
    ? readonly string[]
    : string
  : boolean
type MayBeAbsent = readonly [string, string] | readonly [string, string, typeof repeated | typeof connection]

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

/** Adds options to a command; those of the connection last. */
function withFlags(command: Command, flags: readonly Flag[]): Command {
  const isConnection = ([, , more]: Flag): boolean => more === connection
  for (const flag of flags) if (!isConnection(flag)) command.addOption(optionOf(flag))
  for (const flag of flags) if (isConnection(flag)) command.addOption(optionOf(flag).helpGroup(connectionHeading))
  return command
}

function optionOf([names, text, more]: Flag): Option {
  const option = new Option(names, `${text}${said.get(more) ?? ''}`)
  if (more === repeated || more === requiredRepeated) option.argParser(collect)
  if (more === required || more === requiredRepeated) option.makeOptionMandatory()
  return typeof more === 'string' ? option.default(more) : option
}
