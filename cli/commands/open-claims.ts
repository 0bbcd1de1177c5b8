import type { Command } from 'commander'
import { EvidenceError } from '../../src/core/errors.ts'
import { count } from '../../src/core/text.ts'
import { openClaims } from '../../src/ledger/claims-shut.ts'
import { whileHeld } from '../../src/ledger/held-folder.ts'
import { commonFlags, outputOf } from '../options/client.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { dataDir } from '../options/policy.ts'

const help = `
A ledger that was restored from a backup may be older than orders to erase that its original took: until its operator says that it has
caught up with them it shows no sealed claim. Ask the original, its followers and the authorities for orders after the size that
"evidence serve" names at its start, let them be sent in again, then stop the server and say so by --orders-sent.

Example:
  evidence ledger open-claims --orders-sent --data /srv/ledger`

const flags = [
  ...commonFlags,
  ['--orders-sent', 'every later order to erase was sent in again, or there was none'],
] as const

/** `evidence ledger open-claims` */
export function openClaimsCommand(program: Command): void {
  declare(
    program.command('open-claims'),
    'show the sealed claims of a restored ledger, when it has every order to erase (operator, server stopped)',
    flags,
    help,
  ).action(async (options: OptionsOf<typeof flags>) => {
    if (options.ordersSent !== true)
      throw new EvidenceError('usage', 'say by --orders-sent that every later order to erase was sent in again')
    const root = dataDir(options)
    const was = await whileHeld(root, 'copy', ({ folder }) => Promise.resolve(openClaims(folder)))
    output(options, root, was?.size)
  })
}

function output(options: OptionsOf<typeof flags>, root: string, size: number | undefined): void {
  const told =
    size === undefined
      ? `sealed claims of ${root} were shown before`
      : `sealed claims of ${root}, restored with ${count(size)} entries, are shown from the next start on`
  outputOf(options).result({ data: root, wasShut: size !== undefined }, [told])
}
