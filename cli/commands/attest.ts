import type { Command } from 'commander'
import { partText } from '../../src/statements/later-events.ts'
import { attestCapacities, retractReasons } from '../../src/statements/vocabulary.ts'
import { requireReceiptPlace } from '../files/outputs.ts'
import { clientFlags, type ClientOptions, outputOf, signedClient } from '../options/client.ts'
import { type Part, partFlags, partOf, type PartOptions } from '../options/part.ts'
import { depositDocuments, depositLines } from '../options/named-deposit.ts'
import { type Target, targetOf } from '../options/reference.ts'
import { depositKept, placeOf } from '../statements/kept.ts'
import { signingLedger } from '../statements/signing-ledger.ts'
import { declare, type OptionsOf, required } from '../options/declare.ts'
import { openCodeArgument } from '../options/values.ts'

const referenceFlags = [...clientFlags(), ...partFlags] as const
const receiptFlag = ['--receipt <file>', 'where to write the receipt (default: entry-INDEX.tlog-proof)'] as const

const attestHelp = `
17:0 is the first item of entry 17, 17:0:5 one file of the folder that this item is (line 5 of its manifest, from 0); a receipt takes the same ending, and so do --item
and --line. Where the ledger is read by participants and the entry is another's, give its receipt: the server is shown that you have it.

Example:
  evidence attest 17 --as witness --key witness.pem
  evidence attest photo.jpg.tlog-proof --as notary
  evidence attest seized-phone.tlog-proof:0:5 --as witness`

const retractHelp = `
17:0 is the first item of entry 17, 17:0:5 one file of the folder that it is (line 5 of its manifest, from 0), as --item 0 --line 5. Without a part the whole deposit is taken back. With one only that file is: the deposit stands. A check
of the file that asks the ledger, or that finds the retraction in a package, says so.

Example:
  evidence retract 17 --reason mistake
  evidence retract 17 --file seized-phone/private.jpg --reason mistake`

const attestFlags = [
  ...referenceFlags,
  ['--as <capacity>', `one of ${attestCapacities.join(', ')}, or another code`, required],
  receiptFlag,
] as const

/** `evidence attest INDEX|RECEIPT --as CAPACITY` */
export function attestCommand(program: Command): void {
  declare(
    program.command('attest <entry>'),
    'sign somebody’s deposit, by its index or receipt, a second time',
    attestFlags,
    attestHelp,
  ).action(async (entry: string, options: OptionsOf<typeof attestFlags>) => {
    const capacity = openCodeArgument(options.as, attestCapacities, 'capacity', outputOf(options))
    await refer(entry, options, 'evidence.attest', (of) => ({ of, as: capacity }))
  })
}

const retractFlags = [
  ...referenceFlags,
  ['--reason <code>', `one of ${retractReasons.join(', ')}, or another code`, required],
  receiptFlag,
] as const

/** `evidence retract INDEX|RECEIPT --reason CODE` */
export function retractCommand(program: Command): void {
  declare(
    program.command('retract <entry>'),
    'say that a deposit of your own, by its index or receipt, no longer stands; nothing is removed',
    retractFlags,
    retractHelp,
  ).action(async (entry: string, options: OptionsOf<typeof retractFlags>) => {
    const reason = openCodeArgument(options.reason, retractReasons, 'reason', outputOf(options))
    await refer(entry, options, 'evidence.retract', (of) => ({ of, reason }))
  })
}

type Reference = Pick<Target, 'index' | 'leafHash'> & Part

async function refer(
  argument: string,
  options: ClientOptions & PartOptions & { readonly receipt?: string },
  kind: 'evidence.attest' | 'evidence.retract',
  members: (of: Reference) => object,
): Promise<void> {
  const output = outputOf(options)
  const { client, identity } = await signedClient(options, output)
  requireReceiptPlace(options.receipt)
  const ledger = await signingLedger(options, client, output)
  const { policy } = ledger
  const target = await targetOf(argument, { client: client.as(identity), policy, origin: ledger.origin })
  const { shown, index, leafHash } = target
  const of = { index, leafHash, ...(await partOf(options, target, policy)) }
  const { result, receipt } = await depositKept(
    ledger,
    identity,
    { kind, members: members(of), shown },
    placeOf(options, output),
  )
  output.result({ ...result, deposits: depositDocuments([target]), receipt }, [
    `${kind} of entry ${of.index}${partText(of)} is entry ${result.index}, ${result.time}`,
    ...depositLines([target]),
    `  receipt  ${receipt}`,
  ])
}
