import type { Command } from 'commander'
import { emptyProgram } from './program-outline.ts'

type Add = (program: Command) => unknown

/** Every command by its name, in the order of the help. Each is loaded when it is wanted: that is most of a short run. */
const commands: Readonly<Record<string, () => Promise<Add>>> = {
  init: async () => (await import('./commands/init.ts')).initCommand,
  'sign-genesis': async () => (await import('./commands/init.ts')).signGenesisCommand,
  start: async () => (await import('./commands/serve.ts')).startCommand,
  serve: async () => (await import('./commands/serve.ts')).serveCommand,
  keygen: async () => (await import('./commands/keygen.ts')).keygenCommand,
  key: async () => (await import('./commands/key.ts')).keyCommand,
  deposit: async () => (await import('./commands/deposit.ts')).depositCommand,
  check: async () => (await import('./commands/check.ts')).checkCommand,
  verify: async () => (await import('./commands/verify.ts')).verifyCommand,
  prove: async () => (await import('./commands/prove.ts')).proveCommand,
  package: async () => (await import('./commands/package.ts')).packageCommand,
  show: async () => (await import('./commands/show.ts')).showCommand,
  find: async () => (await import('./commands/find.ts')).findCommand,
  attest: async () => (await import('./commands/attest.ts')).attestCommand,
  retract: async () => (await import('./commands/attest.ts')).retractCommand,
  approvals: async () => (await import('./commands/approvals.ts')).approvalsCommand,
  'sign-statement': async () => (await import('./commands/approvals.ts')).signStatementCommand,
  'rotate-ledger-key': async () => (await import('./commands/rotate-ledger-key.ts')).rotateLedgerKeyCommand,
  'end-intake': async () => (await import('./commands/ledger-state.ts')).endIntakeCommand,
  'close-ledger': async () => (await import('./commands/ledger-state.ts')).closeLedgerCommand,
  'set-format': async () => (await import('./commands/ledger-state.ts')).setFormatCommand,
  transition: async () => (await import('./commands/transition.ts')).transitionCommand,
  participants: async () => (await import('./commands/participants.ts')).participantsCommand,
  timestamp: async () => (await import('./commands/timestamp.ts')).timestampCommand,
  export: async () => (await import('./commands/export.ts')).exportCommand,
  erase: async () => (await import('./commands/erase.ts')).eraseCommand,
  backup: async () => (await import('./commands/backup.ts')).backupCommand,
  restore: async () => (await import('./commands/restore.ts')).restoreCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
  follow: async () => (await import('./commands/follow.ts')).followCommand,
  monitor: async () => (await import('./commands/monitor.ts')).monitorCommand,
  mirror: async () => (await import('./commands/mirror.ts')).mirrorCommand,
  anchor: async () => (await import('./commands/anchor.ts')).anchorCommand,
  'anchor-for': async () => (await import('./commands/anchor-for.ts')).anchorForCommand,
  receipt: async () => (await import('./commands/receipt.ts')).receiptCommand,
  promote: async () => (await import('./commands/restore.ts')).promoteCommand,
  witness: async () => (await import('./commands/witness.ts')).witnessCommand,
  reindex: async () => (await import('./commands/maintain.ts')).reindexCommand,
}

/** The command line: the one command that `name` names, or all of them for anything else (help, an error with a suggestion). */
export async function createProgram(name?: string): Promise<Command> {
  const program = emptyProgram()
  const isOne = name !== undefined && Object.hasOwn(commands, name)
  for (const load of isOne ? [commands[name] as () => Promise<Add>] : Object.values(commands)) {
    const add = await load()
    add(program)
  }
  return program
}
