import type { Command } from 'commander'
import { installNativePrimitives } from '../../src/node/native.ts'
import { errorTable } from '../../src/core/errors.ts'
import { statusLimits } from '../../src/verify/check-status.ts'
import { otherDeposits } from '../history/others.ts'
import { Owners } from '../../src/check/steps/owners.ts'
import { namedDeposits } from '../history/targets.ts'
import { type DepositHistory, historyOf } from '../history/timeline.ts'
import { clientFlags, clientOf, outputOf, withIdentityIfAny } from '../options/client.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { depositorFlag, namedDepositOf, requireDepositor } from '../options/named-deposit.ts'
import { fileArgument } from '../options/file-argument.ts'
import { policyOf } from '../options/policy.ts'
import { historyLines, isFollowing, timelineOf } from '../render/history.ts'

const help = `
The argument is looked for in this order: index, receipt or file here, exhibit number, case number. Each entry is verified under your policy; what
does not verify is not told, and a step of custody that does not follow from the entries shown moves nothing: exit code 3. That nothing is left out is the ledger's word: "evidence verify" reads all of it.

Example:
  evidence history EX-12
  evidence history phone.jpg
  evidence history "(2026)沪0104刑初123号" --json`

const flags = [...clientFlags(), depositorFlag] as const

/** `evidence history TARGET|FILE|CASE` */
export function historyCommand(program: Command): void {
  declare(
    program.command('history <exhibit>'),
    'one verified timeline of an exhibit, a file or a case: deposit, custody, records, what happened later',
    flags,
    help,
  ).action(async (argument: string, options: OptionsOf<typeof flags>) => {
    installNativePrimitives()
    const output = outputOf(options)
    const policy = policyOf(options)
    const client = await withIdentityIfAny(options, clientOf(options, output))
    const owners = new Owners(client, policy)
    const named = await namedDeposits(fileArgument(argument), client, policy, options.depositor)
    const histories: DepositHistory[] = []
    for (const index of named.indices) {
      const history = await historyOf(client, policy, index, owners)
      named.requireBorneOut(history.receipt)
      requireDepositor(index, namedDepositOf(history.receipt), options.depositor)
      histories.push(history)
    }
    const warnings = await otherDeposits(client, histories)
    const deposits = histories.map((history) => ({
      index: history.index,
      ...namedDepositOf(history.receipt),
      size: history.size,
      flagged: history.flagged,
      items: history.custody.units.map(({ holder, state }, item) => ({ item, holder, state })),
      ...(history.notAllTold.length === 0 ? {} : { notAllTold: history.notAllTold }),
      notFollowing: [...history.custody.troubles].map(([entry, trouble]) => ({ entry, ...trouble })),
    }))
    const document = {
      deposits,
      timeline: timelineOf(histories),
      notShown: histories.flatMap(({ told }) => told),
      warnings,
      verified: isFollowing(histories),
      limits: [statusLimits],
    }
    output.result(document, historyLines(named.by, histories, warnings))
    // As of any answer of a server that does not hold: it says nothing of the evidence.
    if (!isFollowing(histories)) process.exitCode = errorTable['server-answer'].exit
    if (histories.some(({ notAllTold }) => notAllTold.length > 0))
      process.exitCode = errorTable['server-not-all-asked'].exit
  })
}
