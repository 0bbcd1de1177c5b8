import { existsSync } from 'node:fs'
import type { Command } from 'commander'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import { UrlSource } from '../../src/client/url-source.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { count } from '../../src/core/text.ts'
import { readOwnKey, readPolicyFile } from '../../src/ledger/data-folder.ts'
import { Ledger } from '../../src/ledger/ledger.ts'
import { type OrderedTarget, successorCheckpoint } from '../../src/ledger/orders-of-successor.ts'
import type { LogSource } from '../../src/log/log.ts'
import { installNativePrimitives } from '../../src/node/native.ts'
import { walk, type WalkReport } from '../../src/verify/walk.ts'
import { commonFlags, outputOf } from '../options/client.ts'
import { declare, type OptionsOf, required } from '../options/declare.ts'
import { hardwareKey, ledgerKeyFlags, openFolderKey } from '../options/ledger-key.ts'
import { passphraseFile } from '../options/passphrase.ts'
import { dataDir } from '../options/policy.ts'
import { StaticSource } from '../sources/static-source.ts'

const help = `
For the operator of a closed ledger, whose server is stopped: the ledger that goes on from it is re-walked from its first entry on, and
each order to erase in it that names this ledger, and in which nothing is found, is executed here. The "ledger close" of this ledger must
name that one, by its first checkpoint. What an order names is compared with this ledger's entries; what is under a hold stays.

Example:
  evidence ledger successor-orders --from https://ledger-2027.court.example --policy ledger-2027.policy --data /srv/ledger-2026
  evidence ledger successor-orders --from /backup/ledger-2027 --policy ledger-2027.policy --data /srv/ledger-2026`

const flags = [
  ...commonFlags,
  [
    '--from <source>',
    'the ledger that goes on: its URL, or a folder of "evidence export" or "evidence backup"',
    required,
  ],
  ['--policy <file>', 'the policy of that ledger', required],
  ...ledgerKeyFlags,
] as const
type Options = OptionsOf<typeof flags>

/** `evidence ledger successor-orders` */
export function successorOrdersCommand(program: Command): void {
  declare(
    program.command('successor-orders'),
    'execute orders to erase that the ledger which goes on from this one has (operator, server stopped)',
    flags,
    help,
  ).action(async (options: Options) => {
    installNativePrimitives()
    const inHardware = await hardwareKey(options)
    const key = inHardware?.key ?? openFolderKey(dataDir(options), passphraseFile(options))
    const ledger = await Ledger.open(dataDir(options), key, { acceptGap: true })
    try {
      await executeOrders(ledger, options)
    } finally {
      await ledger.close()
      await inHardware?.close()
    }
  })
}

async function executeOrders(ledger: Ledger, options: Options): Promise<void> {
  const policy = readPolicyFile(options.policy)
  const first = successorCheckpoint(ledger.registry, readOwnKey({ policy: options.policy }).name)
  const report = await walk({
    source: sourceNamed(options.from),
    policy,
    // The successor that was named, and no other history of its name.
    earlier: [parseSignedCheckpoint(utf8(first))],
  })
  requireSound(report)
  const orders = report.orderedBefore.filter(({ origin }) => origin === ledger.origin)
  const targets = await ledger.executeSuccessorOrders(orders)
  const output = outputOf(options)
  output.result({ successor: report.origin, size: report.size, orders: orders.length, targets }, [
    `${report.origin} as of size ${count(report.size)}: ${count(orders.length)} orders for ${ledger.origin}`,
    ...targets.map(toldOf),
  ])
}

function toldOf({ by, index, outcome, claims, code, message }: OrderedTarget): readonly string[] {
  const what = { erased: `erased ${claims} claims of`, 'gone-before': 'nothing is left of', refused: 'refused for' }[
    outcome
  ]
  return [`order ${by}`, `${what} entry ${index}`, ...(code === undefined ? [] : [`${code}: ${message}`])]
}

function sourceNamed(from: string): LogSource {
  if (/^https?:\/\//.test(from)) return new UrlSource(new LedgerClient(from))
  if (!existsSync(from)) throw new EvidenceError('file-unreadable', `there is no folder ${from}`, { where: from })
  return new StaticSource(from)
}

/** A successor in which anything is wrong orders nothing. Throws the code of the first fault. */
function requireSound({ faults: [fault], origin }: WalkReport): void {
  if (fault === undefined) return
  const message = `nothing was erased: ${origin ?? 'the successor'} does not verify: ${fault.message}`
  throw new EvidenceError(fault.code, message, { where: '--from' })
}
