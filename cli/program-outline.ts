import { type Argument, Command } from 'commander'
import { installNativePrimitives } from '../src/node/native.ts'
import { version } from './version.ts'

/** What every exit code means, for the help and the manual page. */
export const exitCodes = `
Exit codes: 0 fine; 1 evidence or chain does not verify; 2 usage; 3 could not run (unreachable, locked, damaged
configuration); 4 not judged in part: that needs a newer verifier, and no fault was found in the rest.
evidence COMMAND --help tells what a command takes, with an example.`

/** The command line without any command. */
export function emptyProgram(): Command {
  return (
    new Command('evidence')
      .description(
        'An open ledger for the integrity of electronic evidence: deposit digests, keep receipts, check them offline.',
      )
      .version(version)
      .configureHelp({
        // Every command has options: saying so before each would say nothing.
        subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(argumentTerm)].join(' '),
      })
      .addHelpText('after', exitCodes)
      // Most commands verify a few signatures. One that verifies many asks for more itself.
      .hook('preAction', () => {
        installNativePrimitives('few')
      })
  )
}

function argumentTerm(argument: Argument): string {
  const text = `${argument.name()}${argument.variadic ? '...' : ''}`
  return argument.required ? `<${text}>` : `[${text}]`
}
