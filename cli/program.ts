import type { Command } from 'commander'
import { emptyProgram } from './program-outline.ts'

type Add = (program: Command) => unknown

/** Every command by its name, in the groups and the order of the help. Each is loaded when it is wanted: that is most of a short run. */
const groups: Readonly<Record<string, Readonly<Record<string, () => Promise<Add>>>>> = {
  Evidence: {
    deposit: async () => (await import('./commands/deposit.ts')).depositCommand,
    check: async () => (await import('./commands/check.ts')).checkCommand,
    prove: async () => (await import('./commands/prove.ts')).proveCommand,
    show: async () => (await import('./commands/show.ts')).showCommand,
    find: async () => (await import('./commands/find.ts')).findCommand,
    attest: async () => (await import('./commands/attest.ts')).attestCommand,
    retract: async () => (await import('./commands/attest.ts')).retractCommand,
    'hand-over': async () => (await import('./commands/hand-over.ts')).handOverCommand,
    'take-over': async () => (await import('./commands/take-over.ts')).takeOverCommand,
    withdraw: async () => (await import('./commands/take-over.ts')).withdrawCommand,
    custody: async () => (await import('./commands/custody.ts')).custodyCommand,
    history: async () => (await import('./commands/history.ts')).historyCommand,
    access: async () => (await import('./commands/access.ts')).accessCommand,
    erase: async () => (await import('./commands/erase-order.ts')).eraseOrderCommand,
    receipt: async () => (await import('./commands/receipt.ts')).receiptCommand,
    certificate: async () => (await import('./commands/certificate.ts')).certificateCommand,
    package: async () => (await import('./commands/package.ts')).packageCommand,
    timestamp: async () => (await import('./commands/timestamp.ts')).timestampCommand,
    transition: async () => (await import('./commands/transition.ts')).transitionCommand,
  },
  'Keys and participants': {
    setup: async () => (await import('./commands/setup.ts')).setupCommand,
    profile: async () => (await import('./commands/setup.ts')).profileCommand,
    keygen: async () => (await import('./commands/keygen.ts')).keygenCommand,
    key: async () => (await import('./commands/key.ts')).keyCommand,
    participants: async () => (await import('./commands/participants.ts')).participantsCommand,
    approvals: async () => (await import('./commands/approvals.ts')).approvalsCommand,
    'sign-statement': async () => (await import('./commands/approvals.ts')).signStatementCommand,
  },
  'Run a ledger': {
    start: async () => (await import('./commands/serve.ts')).startCommand,
    init: async () => (await import('./commands/init.ts')).initCommand,
    serve: async () => (await import('./commands/serve.ts')).serveCommand,
    doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
    ledger: async () => (await import('./commands/ledger.ts')).ledgerCommand,
  },
  'Keep and move': {
    backup: async () => (await import('./commands/backup.ts')).backupCommand,
    restore: async () => (await import('./commands/restore.ts')).restoreCommand,
    follow: async () => (await import('./commands/follow.ts')).followCommand,
    promote: async () => (await import('./commands/restore.ts')).promoteCommand,
    export: async () => (await import('./commands/export.ts')).exportCommand,
  },
  'Watch others': {
    verify: async () => (await import('./commands/verify.ts')).verifyCommand,
    monitor: async () => (await import('./commands/monitor.ts')).monitorCommand,
    mirror: async () => (await import('./commands/mirror.ts')).mirrorCommand,
    witness: async () => (await import('./commands/witness.ts')).witnessCommand,
    anchor: async () => (await import('./commands/anchor.ts')).anchorCommand,
    'anchor-for': async () => (await import('./commands/anchor-for.ts')).anchorForCommand,
  },
}

/** Commands that look at all others, which are loaded with them. */
const aboutAll = 'Help:'

/** The command line: the one command that `name` names, or all of them for anything else (help, an error with a suggestion). */
export async function createProgram(name?: string): Promise<Command> {
  const program = emptyProgram()
  const known = Object.values(groups).some((commands) => name !== undefined && Object.hasOwn(commands, name))
  // The version needs no command at all.
  if (name === '--version' || name === '-V') return program
  for (const [heading, commands] of Object.entries(groups)) {
    program.commandsGroup(`${heading}:`)
    for (const [own, load] of Object.entries(commands)) if (!known || own === name) (await load())(program)
  }
  program.commandsGroup(aboutAll)
  if (!known) (await import('./commands/completion.ts')).completionCommand(program)
  // Run by cli/run.ts, which takes the names of a whole path.
  program.helpCommand('help [command...]', 'show the page of a command')
  return program
}
