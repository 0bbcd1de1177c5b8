import type { Command } from 'commander'
import type { LedgerClient } from '../../src/client/index.ts'
import { attestCapacities, retractReasons } from '../../src/evidence/index.ts'
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
import { signAndDeposit } from '../statements.ts'

interface ReferenceOptions extends ClientOptions {
  readonly as: string
  readonly reason: string
  readonly item?: string
  readonly receipt?: string
}

/** `evidence attest INDEX --as CAPACITY` */
export function attestCommand(program: Command): void {
  withClient(program.command('attest <index>').description('sign somebody’s deposit a second time'))
    .requiredOption('--as <capacity>', `one of ${attestCapacities.join(', ')}`)
    .option('--item <n>', 'one item of the deposit, from 0')
    .option('--receipt <file>', 'where to write the receipt (default: entry-INDEX.tlog-proof)')
    .addHelpText('after', '\nExample:\n  evidence attest 17 --as witness --key witness.pem')
    .action(async (index: string, options: ReferenceOptions) => {
      const capacity = codeArgument(options.as, attestCapacities, 'capacity')
      const item = options.item === undefined ? {} : { item: indexArgument(options.item) }
      await refer(indexArgument(index), options, 'evidence.attest', (of) => ({ of: { ...of, ...item }, as: capacity }))
    })
}

/** `evidence retract INDEX --reason CODE` */
export function retractCommand(program: Command): void {
  withClient(
    program
      .command('retract <index>')
      .description('say that a deposit of your own no longer stands; nothing is removed'),
  )
    .requiredOption('--reason <code>', `one of ${retractReasons.join(', ')}`)
    .option('--receipt <file>', 'where to write the receipt (default: entry-INDEX.tlog-proof)')
    .addHelpText('after', '\nExample:\n  evidence retract 17 --reason mistake')
    .action(async (index: string, options: ReferenceOptions) => {
      const reason = codeArgument(options.reason, retractReasons, 'reason')
      await refer(indexArgument(index), options, 'evidence.retract', (of) => ({ of, reason }))
    })
}

/** The leaf hash of an entry, which is public in every reading mode. */
async function referenceTo(client: LedgerClient, index: number): Promise<{ index: number; leafHash: string }> {
  const { leafHash } = await client.inclusion(index)
  return { index, leafHash }
}

async function refer(
  index: number,
  options: ReferenceOptions,
  kind: 'evidence.attest' | 'evidence.retract',
  members: (of: { index: number; leafHash: string }) => object,
): Promise<void> {
  const output = outputOf(options)
  const { key, path } = clientKey(options)
  const client = clientOf(options, output)
  const identity = await identify(options, client, key, path)
  requireReceiptPlace(options.receipt)
  const result = await signAndDeposit(
    client,
    depositPolicy(options, await client.ledger(), output),
    identity,
    kind,
    members(await referenceTo(client, index)),
  )
  const receipt = writeReceipt(result.index, result.receipt, options.receipt)
  output.result({ ...result, receipt }, [
    `${kind} of entry ${index} is entry ${result.index}, ${result.time}`,
    `  receipt  ${receipt}`,
  ])
}
