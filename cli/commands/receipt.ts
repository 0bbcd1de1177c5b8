import type { Command } from 'commander'
import { EvidenceError } from '../../src/core/errors.ts'
import type { Policy } from '../../src/core/policy.ts'
import { UrlSource } from '../../src/client/url-source.ts'
import { checkReceipt } from '../../src/verify/check-receipt.ts'
import type { LogSource } from '../../src/log/log.ts'
import { LogView } from '../../src/log/view.ts'
import { outputKinds, requireOutput, writeOutput } from '../files/outputs.ts'
import { clientFlags, clientOf, outputOf, signedClient } from '../options/client.ts'
import { StaticSource } from '../sources/static-source.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { indexArgument } from '../options/values.ts'
import { policyOf } from '../options/policy.ts'

const help = `
Makes a receipt out of tiles alone: from a ledger, a mirror or an export, whether the ledger is still there or not. It bears the ledger's
own signature, and is checked with the ledger's own policy before it is written. It discloses no sealed claim: tiles hold none.

Example:
  evidence receipt 41 --dir /srv/mirror --policy court.policy --out photo.jpg.tlog-proof`

const flags = [
  ...clientFlags(),
  ['--dir <dir>', 'mirror, export or backup to read (default: the server)'],
  ['--out <file>', 'where to write it (default: INDEX.tlog-proof)'],
] as const
type ReceiptOptions = OptionsOf<typeof flags>

/** `evidence receipt INDEX` */
export function receiptCommand(program: Command): void {
  declare(
    program.command('receipt <index>'),
    'make the receipt of an entry out of a mirror, an export or a ledger',
    flags,
    help,
  ).action(async (index: string, options: ReceiptOptions) => {
    await receipt(indexArgument(index), options)
  })
}

async function receipt(index: number, options: ReceiptOptions): Promise<void> {
  if (options.dir !== undefined && options.url !== undefined)
    throw new EvidenceError('usage', 'give one of --dir and --url')
  const output = outputOf(options)
  const policy = policyOf(options)
  const path = options.out ?? `${index}.tlog-proof`
  requireOutput(outputKinds.receipt, path)
  const bytes = await soundReceipt(await sourceOf(options), index, policy)
  writeOutput(outputKinds.receipt, path, bytes)
  output.result({ index, receipt: path }, [`wrote ${path}: the receipt of entry ${index}`])
}

/** Throws the first fault of what was made: a source is believed only as far as it proves. */
async function soundReceipt(source: LogSource, index: number, policy: Policy): Promise<Uint8Array> {
  const bytes = await (await LogView.open(source)).receiptOf(index)
  const { faults } = checkReceipt(bytes, policy)
  const [fault] = faults
  if (fault !== undefined) throw new EvidenceError(fault.code, `${source.name}: ${fault.message}`, { index })
  return bytes
}

async function sourceOf(options: ReceiptOptions): Promise<LogSource> {
  if (options.dir !== undefined) return new StaticSource(options.dir)
  if (options.key === undefined) return new UrlSource(clientOf(options, outputOf(options)))
  const { client, identity } = await signedClient(options, outputOf(options))
  return new UrlSource(client.as(identity))
}
