import { type Command, CommanderError } from 'commander'
import { EvidenceError } from '../src/core/errors.ts'
import { forgetFiles } from '../src/check/node/artefact.ts'
import { processArguments } from './options/file-argument.ts'
import { commandsMeant } from './options/other-words.ts'
import { keepPrivate } from '../src/node/private-folder.ts'
import { type CommandNode, commandTree } from './render/command-tree.ts'
import { asEvidenceError, Output } from './render/output.ts'
import { outputFailure, writeErr, writeOut } from './render/standard-output.ts'
import { exitOfRefusal } from './render/verdict.ts'

type Make = (name?: string) => Command | Promise<Command>

/** Makes commander throw instead of exiting, in every command, so that its usage errors get our exit code; its help goes where ours goes. */
function throwing(command: Command): Command {
  command.exitOverride().configureOutput({ outputError: () => {}, writeOut, writeErr })
  for (const inner of command.commands) throwing(inner)
  return command
}

/** What the words of a call name: a command by its path, and the first word that is none; whether its page is asked for by `help`. */
interface Named {
  readonly path: readonly string[]
  readonly unknown?: string
  readonly help: boolean
}

/** Reads the names before the first option or argument. `help` may stand before any name of a command, as in `help GROUP COMMAND`. */
function namedBy(program: Command, words: readonly string[]): Named {
  const path: string[] = []
  let command = program
  let help = false
  for (const word of words) {
    if (command.commands.length === 0 || word.startsWith('-')) break
    if (word === 'help') {
      help = true
      continue
    }
    const inner = command.commands.find((one) => one.name() === word)
    if (inner === undefined) return { path, unknown: word, help }
    path.push(word)
    command = inner
  }
  return { path, help }
}

/** The words that commander is given: an unknown command is refused whatever stands after it, its page too. */
function wordsFor({ path, unknown, help }: Named, words: readonly string[]): readonly string[] {
  if (unknown !== undefined) return [...path, unknown]
  return help ? [...path, '--help'] : words
}

/**
 * Runs a program on the process's arguments: its refusals become one line, or a document, and our exit codes. `program` makes what runs
 * the command of a name; without a name it has all commands, which is asked for only to tell which of them an unknown word may mean.
 */
export async function run(program: Make): Promise<void> {
  // Receipts, packages, copies and folders hold sealed claims: nothing is for others to read but what says so (src/node/private-folder.ts).
  keepPrivate()
  const output = new Output(process.argv.includes('--json'))
  // What a library writes there by itself, as a server's log does, must not end the process when its reader goes away.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})
  // Thrown where nobody waits for it: Node would end with 1, which says that evidence does not verify.
  const uncaught = (error: unknown): void => {
    refuse(asEvidenceError(error), output)
    process.exit()
  }
  // Nothing is open any more, and the command still waits: Node would end with 13, which says nothing to anybody.
  const unsettled = (): void => {
    const reached = process.exitCode
    refuse(asEvidenceError(new Error('the command waited for something that can no longer come')), output)
    // A verdict other than 0 stays.
    if (reached !== undefined && reached !== 0) process.exitCode = reached
    process.exit()
  }
  process.on('uncaughtException', uncaught)
  process.on('beforeExit', unsettled)
  forgetFiles()
  let named: Named = { path: [], help: false }
  try {
    const [node, script, ...words] = processArguments()
    const made = throwing(await program(words[0]))
    named = namedBy(made, words)
    await made.parseAsync([node as string, script as string, ...wordsFor(named, words)])
  } catch (error) {
    if (error instanceof CommanderError) await refuseUsage(error, named, program, output)
    else refuse(asEvidenceError(error), output, named)
  } finally {
    process.off('uncaughtException', uncaught)
    process.off('beforeExit', unsettled)
  }
  requireWritten()
}

function refuse(error: EvidenceError, output: Output, named?: Named): void {
  output.error(error, named === undefined ? undefined : actionOf(error, named))
  if (process.env['EVIDENCE_DEBUG'] === '1') writeErr(`${error.stack}\n`)
  process.exitCode = exitOfRefusal(error, process.argv.slice(2, 4))
}

/** What to do about a refusal: where it says to read the help, which page of it. */
function actionOf(error: EvidenceError, { path }: Pick<Named, 'path'>): string {
  if (error.code !== 'usage') return error.kind.action
  return `See "${['evidence', ...path, '--help'].join(' ')}".`
}

/** A result that could not be written is said, once; it takes no verdict back. */
function requireWritten(): void {
  const failure = outputFailure()
  if (failure === undefined) return
  const { code, message } = failure
  const why = code === 'ENOSPC' ? 'there is no space left' : message
  const error = new EvidenceError('output-failed', `the result could not be written to standard output: ${why}`)
  // Standard output takes nothing any more, and so no document either.
  new Output(false).error(error)
  if (process.exitCode === undefined || process.exitCode === 0) process.exitCode = error.kind.exit
}

async function refuseUsage(error: CommanderError, named: Named, program: Make, output: Output): Promise<void> {
  process.exitCode = error.exitCode === 0 ? 0 : 2
  // Help is its own answer; anything else is a refusal like any other: one line, or a document.
  if (error.exitCode === 0 || error.code === 'commander.help') return
  const message = error.message
    .replace(/^error: /, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ')
    .replace(/\.$/, '')
  const meant = named.unknown === undefined ? [] : commandsMeant(named.unknown, namesOf(await program()))
  const hint = meant.map((command) => `"evidence ${command}"`).join(' or ')
  const refusal = new EvidenceError(
    'usage',
    meant.length === 0 ? message : `${unsuggested(message)}; you may mean ${hint}`,
  )
  const [page, ...others] = meant
  output.error(refusal, actionOf(refusal, page === undefined || others.length > 0 ? named : { path: [page] }))
}

/** Every command as it stands after `evidence`. */
function namesOf(program: Command): string[] {
  const below = (tree: readonly CommandNode[]): string[] =>
    tree.flatMap(({ path, commands }) => [path.join(' '), ...below(commands)])
  return below(commandTree(program))
}

/** A message without what commander suggests by likeness of letters. */
function unsuggested(message: string): string {
  return message.replace(/ \(Did you mean .*\)$/, '')
}
