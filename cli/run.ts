import { type Command, CommanderError } from 'commander'
import { EvidenceError } from '../src/core/errors.ts'
import { forgetFiles } from '../src/check/node/artefact.ts'
import { processArguments } from './options/file-argument.ts'
import { keepPrivate } from '../src/node/private-folder.ts'
import { asEvidenceError, Output } from './render/output.ts'
import { outputFailure, writeErr, writeOut } from './render/standard-output.ts'
import { exitOfRefusal } from './render/verdict.ts'

/** Makes commander throw instead of exiting, in every command, so that its usage errors get our exit code; its help goes where ours goes. */
function throwing(command: Command): Command {
  command.exitOverride().configureOutput({ outputError: () => {}, writeOut, writeErr })
  for (const inner of command.commands) throwing(inner)
  return command
}

/** Runs a program on the process's arguments: its refusals become one line, or a document, and our exit codes. */
export async function run(program: () => Command | Promise<Command>): Promise<void> {
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
  try {
    await throwing(await program()).parseAsync(processArguments())
  } catch (error) {
    if (error instanceof CommanderError) refuseUsage(error, output)
    else refuse(asEvidenceError(error), output)
  } finally {
    process.off('uncaughtException', uncaught)
    process.off('beforeExit', unsettled)
  }
  requireWritten()
}

function refuse(error: EvidenceError, output: Output): void {
  output.error(error)
  if (process.env['EVIDENCE_DEBUG'] === '1') writeErr(`${error.stack}\n`)
  process.exitCode = exitOfRefusal(error, process.argv.slice(2, 4))
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

function refuseUsage(error: CommanderError, output: Output): void {
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
  output.error(new EvidenceError('usage', message))
}
