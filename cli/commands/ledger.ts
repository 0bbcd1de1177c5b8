import type { Command } from 'commander'
import { eraseCommand } from './erase.ts'
import { signGenesisCommand } from './init.ts'
import { closeCommand, endIntakeCommand, setFormatCommand } from './ledger-state.ts'
import { openClaimsCommand } from './open-claims.ts'
import { reindexCommand } from './reindex.ts'
import { rotateKeyCommand } from './rotate-key.ts'
import { successorOrdersCommand } from './successor-orders.ts'

const help = `
Example:
  evidence ledger reindex --data /srv/ledger`

/** `evidence ledger sign-genesis|rotate-key|set-format|end-intake|close|erase|successor-orders|open-claims|reindex` */
export function ledgerCommand(program: Command): void {
  const group = program
    .command('ledger')
    .description('what is done to a ledger once in a long while: keys, formats, endings, erasure, repair')
    .addHelpText('after', help)
  for (const add of [
    signGenesisCommand,
    rotateKeyCommand,
    setFormatCommand,
    endIntakeCommand,
    closeCommand,
    eraseCommand,
    successorOrdersCommand,
    openClaimsCommand,
    reindexCommand,
  ])
    add(group)
}
