import { Command } from 'commander'
import { version } from './version.ts'

const exitCodes = `
Exit codes: 0 fine; 1 evidence or chain does not verify; 2 usage; 3 could not run (unreachable, locked, damaged
configuration); 4 not judged in part: that needs a newer verifier, and no fault was found in the rest.`

/** The command line without any command. */
export function emptyProgram(): Command {
  return new Command('evidence')
    .description(
      'An open ledger for the integrity of electronic evidence: deposit digests, keep receipts, check them offline.',
    )
    .version(version)
    .addHelpText('after', exitCodes)
}
