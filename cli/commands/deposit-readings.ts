import type { Command } from 'commander'
import { append } from '../../src/core/arrays.ts'
import { defined } from '../../src/core/objects.ts'
import { inMadeFolder } from '../../src/node/private-folder.ts'
import { type DepositJob, planDeposit } from '../deposit/plan.ts'
import { runDeposit } from '../deposit/run.ts'
import { clientFlags, outputOf, signedClient } from '../options/client.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { exitCodeOf, report } from '../render/deposits.ts'
import { signingLedger } from '../statements/signing-ledger.ts'

const flags = [...clientFlags(), ['--receipts <dir>', 'where the receipts are kept (default: this folder)']] as const
type Options = OptionsOf<typeof flags>

/** `evidence access deposit-readings` */
export function depositReadingsCommand(group: Command): void {
  declare(
    group.command('deposit-readings'),
    'deposit the digest of each day of readings that has ended (an operator signs)',
    flags,
    `
For the log of readings under a seal: once a day, after midnight UTC. A day whose receipt is there already is not deposited again, so it
may run as often as you like. The key's participant needs the roles operator and depositor.

Example:
  evidence access deposit-readings --receipts /srv/readings --key operator.pem
  10 0 * * * evidence access deposit-readings --receipts /srv/readings --key /etc/evidence/operator.pem`,
  ).action(async (options: Options) => {
    const run = (): Promise<number> => depositDays(options)
    process.exitCode = await (options.receipts === undefined ? run() : inMadeFolder(options.receipts, run))
  })
}

async function depositDays(options: Options): Promise<number> {
  const output = outputOf(options)
  const { client, identity } = await signedClient(options, output)
  const ledger = await signingLedger(options, client, output)
  const asked = client.as(identity)
  const { days = [] } = await asked.readings({})
  const jobs: DepositJob[] = []
  for (const { day } of days) {
    const { size = 0, sha256 = '', ended } = await asked.readings({ day })
    if (ended !== true) continue
    const known = { name: `readings-${day}.ndjson`, size, digest: { sha256 } }
    append(jobs, planDeposit([], { known, ...defined({ receipts: options.receipts }) }).jobs)
  }
  if (jobs.length === 0) {
    output.result({ deposits: [] }, ['no day with readings has ended'])
    return 0
  }
  const settings = {
    ledger,
    identity,
    algorithms: ['sha256'] as const,
    category: undefined,
    relates: [],
    shown: new Map(),
    sealed: {},
    withNames: true,
    again: false,
    note: (line: string) => output.note(line),
  }
  const outcomes = await runDeposit(jobs, settings, output)
  report(outcomes, output)
  return exitCodeOf(outcomes)
}
