import { Command } from 'commander'
import { attestCommand, retractCommand } from './commands/attest.ts'
import { backupCommand } from './commands/backup.ts'
import { checkCommand } from './commands/check.ts'
import { depositCommand } from './commands/deposit.ts'
import { doctorCommand } from './commands/doctor.ts'
import { eraseCommand } from './commands/erase.ts'
import { exportCommand } from './commands/export.ts'
import { findCommand } from './commands/find.ts'
import { followCommand } from './commands/follow.ts'
import { initCommand, signGenesisCommand } from './commands/init.ts'
import { keygenCommand } from './commands/keygen.ts'
import { migrateCommand, reindexCommand } from './commands/maintain.ts'
import { participantsCommand } from './commands/participants.ts'
import { proveCommand } from './commands/prove.ts'
import { promoteCommand, restoreCommand } from './commands/restore.ts'
import { serveCommand, startCommand } from './commands/serve.ts'
import { showCommand } from './commands/show.ts'
import { verifyCommand } from './commands/verify.ts'
import { version } from './version.ts'

const exitCodes = `
Exit codes: 0 fine; 1 evidence or chain does not verify; 2 usage; 3 could not run (unreachable, locked, damaged
configuration); 4 no fault found, but part needs a newer verifier.`

/** The whole command line. */
export function createProgram(): Command {
  const program = new Command('evidence')
    .description(
      'An open ledger for the integrity of electronic evidence: deposit digests, keep receipts, check them offline.',
    )
    .version(version)
    .addHelpText('after', exitCodes)
  for (const add of [
    initCommand,
    signGenesisCommand,
    startCommand,
    serveCommand,
    keygenCommand,
    depositCommand,
    checkCommand,
    verifyCommand,
    proveCommand,
    showCommand,
    findCommand,
    attestCommand,
    retractCommand,
    participantsCommand,
    exportCommand,
    eraseCommand,
    backupCommand,
    restoreCommand,
    doctorCommand,
    followCommand,
    promoteCommand,
    reindexCommand,
    migrateCommand,
  ]) {
    add(program)
  }
  return program
}
