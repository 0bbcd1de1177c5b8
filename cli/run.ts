import { type Command, CommanderError } from 'commander'
import { EvidenceError } from '../src/core/index.ts'
import { keepPrivate } from '../src/node/private-folder.ts'
import { asEvidenceError, Output } from './output.ts'

/** Commander must throw instead of exiting, in every command, for its usage errors to get our exit code. */
function throwing(command: Command): Command {
  command.exitOverride().configureOutput({ outputError: () => {} })
  for (const inner of command.commands) throwing(inner)
  return command
}

/** Runs a program on the process's arguments: its refusals become one line, or a document, and our exit codes. */
export async function run(program: () => Command | Promise<Command>): Promise<void> {
  // Receipts, packages, copies and folders hold sealed claims: nothing is for others to read but what says so (src/node/private-folder.ts).
  keepPrivate()
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // Whoever read our output has had enough.
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  try {
    await throwing(await program()).parseAsync(process.argv)
  } catch (error) {
    if (error instanceof CommanderError) refuseUsage(error)
    else {
      const known = asEvidenceError(error)
      new Output(process.argv.includes('--json')).error(known)
      if (process.env['EVIDENCE_DEBUG'] === '1') process.stderr.write(`${(error as Error).stack}\n`)
      process.exitCode = known.kind.exit
    }
  }
}

function refuseUsage(error: CommanderError): void {
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
  new Output(process.argv.includes('--json')).error(new EvidenceError('usage', message))
}
