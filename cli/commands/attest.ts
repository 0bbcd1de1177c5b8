import type { Command } from 'commander'
import { attestCapacities, retractReasons } from '../../src/statements/vocabulary.ts'
import { requireReceiptPlace, writeReceipt } from '../outputs.ts'
import {
  type ClientOptions,
  clientKey,
  clientOf,
  codeArgument,
  depositPolicy,
  identify,
  indexArgument,
  outputOf,
  withClient,
} from '../options.ts'
import { type Target, targetOf } from '../reference.ts'
import { signAndDeposit } from '../statements.ts'

interface ReferenceOptions extends ClientOptions {
  readonly as: string
  readonly reason: string
  readonly item?: string
  readonly receipt?: string
}

const attestHelp = `
Where the ledger is read by participants and the entry is another's, give its receipt: the server is shown that you have it.

Example:
  evidence attest 17 --as witness --key witness.pem
  evidence attest photo.jpg.tlog-proof --as notary`

/** `evidence attest INDEX|RECEIPT --as CAPACITY` */
export function attestCommand(program: Command): void {
  withClient(
    program.command('attest <entry>').description('sign somebody’s deposit, by its index or receipt, a second time'),
  )
    .requiredOption('--as <capacity>', `one of ${attestCapacities.join(', ')}`)
    .option('--item <n>', 'one item of the deposit, from 0')
    .option('--receipt <file>', 'where to write the receipt (default: entry-INDEX.tlog-proof)')
    .addHelpText('after', attestHelp)
    .action(async (entry: string, options: ReferenceOptions) => {
      const capacity = codeArgument(options.as, attestCapacities, 'capacity')
      const item = options.item === undefined ? {} : { item: indexArgument(options.item) }
      await refer(entry, options, 'evidence.attest', (of) => ({ of: { ...of, ...item }, as: capacity }))
    })
}

/** `evidence retract INDEX|RECEIPT --reason CODE` */
export function retractCommand(program: Command): void {
  withClient(
    program
      .command('retract <entry>')
      .description('say that a deposit of your own, by its index or receipt, no longer stands; nothing is removed'),
  )
    .requiredOption('--reason <code>', `one of ${retractReasons.join(', ')}`)
    .option('--receipt <file>', 'where to write the receipt (default: entry-INDEX.tlog-proof)')
    .addHelpText('after', '\nExample:\n  evidence retract 17 --reason mistake')
    .action(async (entry: string, options: ReferenceOptions) => {
      const reason = codeArgument(options.reason, retractReasons, 'reason')
      await refer(entry, options, 'evidence.retract', (of) => ({ of, reason }))
    })
}

type Reference = Pick<Target, 'index' | 'leafHash'>

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
  const { shown, ...of } = await targetOf(argument, client, policy)
  const result = await signAndDeposit(client, policy, identity, kind, members(of), {}, shown)
  const receipt = writeReceipt(result.index, result.receipt, options.receipt)
  output.result({ ...result, receipt }, [
    `${kind} of entry ${of.index} is entry ${result.index}, ${result.time}`,
    `  receipt  ${receipt}`,
  ])
}
