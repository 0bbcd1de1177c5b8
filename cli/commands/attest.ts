import type { Command } from 'commander'
import { partText } from '../../src/statements/later-events.ts'
import { attestCapacities, retractReasons } from '../../src/statements/vocabulary.ts'
import { requireReceiptPlace, writeReceipt } from '../files/outputs.ts'
import {
  type ClientOptions,
  clientKey,
  clientOf,
  depositPolicy,
  identify,
  openCodeArgument,
  outputOf,
  withClient,
} from '../options/client.ts'
import { type Part, type PartOptions, partOf } from '../options/part.ts'
import { type Target, targetOf } from '../options/reference.ts'
import { signAndDeposit } from '../statements/sign.ts'

interface ReferenceOptions extends ClientOptions, PartOptions {
  readonly as: string
  readonly reason: string
  readonly receipt?: string
}

const attestHelp = `
Where the ledger is read by participants and the entry is another's, give its receipt: the server is shown that you have it.

Example:
  evidence attest 17 --as witness --key witness.pem
  evidence attest photo.jpg.tlog-proof --as notary`

const retractHelp = `
Without --item, --line and --file the whole deposit is taken back. With one of them only that file is: the deposit stands. A check
of the file that asks the ledger, or that finds the retraction in a package, says so.

Example:
  evidence retract 17 --reason mistake
  evidence retract 17 --file seized-phone/private.jpg --reason mistake`

/** `evidence attest INDEX|RECEIPT --as CAPACITY` */
export function attestCommand(program: Command): void {
  withPart(
    program.command('attest <entry>').description('sign somebody’s deposit, by its index or receipt, a second time'),
  )
    .requiredOption('--as <capacity>', `one of ${attestCapacities.join(', ')}, or another code`)
    .option('--receipt <file>', 'where to write the receipt (default: entry-INDEX.tlog-proof)')
    .addHelpText('after', attestHelp)
    .action(async (entry: string, options: ReferenceOptions) => {
      const capacity = openCodeArgument(options.as, attestCapacities, 'capacity', outputOf(options))
      await refer(entry, options, 'evidence.attest', (of) => ({ of, as: capacity }))
    })
}

/** `evidence retract INDEX|RECEIPT --reason CODE` */
export function retractCommand(program: Command): void {
  withPart(
    program
      .command('retract <entry>')
      .description('say that a deposit of your own, by its index or receipt, no longer stands; nothing is removed'),
  )
    .requiredOption('--reason <code>', `one of ${retractReasons.join(', ')}, or another code`)
    .option('--receipt <file>', 'where to write the receipt (default: entry-INDEX.tlog-proof)')
    .addHelpText('after', retractHelp)
    .action(async (entry: string, options: ReferenceOptions) => {
      const reason = openCodeArgument(options.reason, retractReasons, 'reason', outputOf(options))
      await refer(entry, options, 'evidence.retract', (of) => ({ of, reason }))
    })
}

/** Adds the options of a client, and those that name a part of the deposit. */
function withPart(command: Command): Command {
  return withClient(command)
    .option('--item <n>', 'one item of the deposit, from 0')
    .option('--line <n>', 'one file of a folder: its line of the manifest that the item is, from 0')
    .option(
      '--file <path>',
      'one file, by its name: what was deposited of it is found beside it, as "evidence check" finds it',
    )
}

type Reference = Pick<Target, 'index' | 'leafHash'> & Part

async function refer(
  argument: string,
  options: ReferenceOptions,
  kind: 'evidence.attest' | 'evidence.retract',
  members: (of: Reference) => object,
): Promise<void> {
  const output = outputOf(options)
  const { key, path } = clientKey(options)
  const client = clientOf(options, output)
  const identity = await identify(options, client, key, path)
  requireReceiptPlace(options.receipt)
  const policy = depositPolicy(options, await client.ledger(), output)
  const { shown, ...target } = await targetOf(argument, client, policy)
  const of = { ...target, ...(await partOf(options, target.index, policy)) }
  const result = await signAndDeposit(client, policy, identity, kind, members(of), {}, shown)
  const receipt = writeReceipt(result.index, result.receipt, options.receipt)
  output.result({ ...result, receipt }, [
    `${kind} of entry ${of.index}${partText(of)} is entry ${result.index}, ${result.time}`,
    `  receipt  ${receipt}`,
  ])
}
