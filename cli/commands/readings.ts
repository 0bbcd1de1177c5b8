import type { Command } from 'commander'
import { append } from '../../src/core/arrays.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { clientFlags, clientOf, outputOf, withIdentityIfAny } from '../options/client.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { indexArgument } from '../options/values.ts'
import { askServed, servedLines, shownAs } from '../render/served.ts'
import { when } from '../render/when.ts'
import type { Line } from '../render/output.ts'

const flags = [
  ...clientFlags(),
  ['--day <day>', 'the day, YYYY-MM-DD in UTC; without it the days that have readings are listed'],
  ['--order <entry>', 'index of an order to erase that you gave: who was shown what it erases, and what nobody knows'],
] as const

/** `evidence access readings` */
export function readingsCommand(group: Command): void {
  declare(
    group.command('readings'),
    'show who read what is sealed: to who set the seal; to operators, the digest of each day',
    flags,
    `
Who ordered claims to be erased is told by --order to whom the ledger showed them, whose seal that was or not. An operator deposits the
digest of each day that has ended ("evidence access deposit-readings"); the file stays with the ledger.

Example:
  evidence access readings --key court.pem
  evidence access readings --day 2026-11-27 --key court.pem
  evidence access readings --order 41 --key court.pem`,
  ).action(async (options: OptionsOf<typeof flags>) => {
    const output = outputOf(options)
    const client = await withIdentityIfAny(options, clientOf(options, output))
    if (options.order !== undefined) {
      const order = indexArgument(options.order)
      const told = await askServed(client, order)
      output.result({ order, ...told }, servedLines(told))
      return
    }
    if (options.day === undefined) {
      const { days = [] } = await client.readings({})
      output.result(
        { days },
        days.length === 0
          ? ['nothing that is sealed was read']
          : days.map(({ day, size }) => (size === undefined ? day : [day, `${size} bytes`])),
      )
      return
    }
    if (!/^\d{4}-\d{2}-\d{2}$/.test(options.day))
      throw new EvidenceError('usage', `${JSON.stringify(options.day)} is no day (YYYY-MM-DD)`, { where: '--day' })
    const found = await dayOf(client, options.day)
    output.result(found.document, found.lines)
  })
}

/** All pages of a day. */
async function dayOf(client: LedgerClient, day: string): Promise<{ document: object; lines: Line[] }> {
  const readings: NonNullable<Awaited<ReturnType<LedgerClient['readings']>>['lines']> = []
  for (let after: string | undefined; ; ) {
    const { lines = [], next, size, sha256, ended } = await client.readings({ day, after })
    append(readings, lines)
    if (next !== null) {
      after = next
      continue
    }
    const about = [
      ended === true ? `${day} ended` : `${day} not ended: it has no digest yet`,
      ...(size === undefined ? [] : [`${size} bytes`]),
      ...(sha256 === undefined ? [] : [`sha256:${sha256}`]),
    ]
    return {
      document: { day, size, sha256, ended, lines: readings },
      lines: [
        about.join(', '),
        ...readings.map(({ time, reader, index, to, shown, times = 1 }) => [
          when(time),
          reader,
          to === undefined || to === index ? `entry ${index}` : `entries ${index} to ${to}`,
          shownAs[shown],
          ...(times === 1 ? [] : [`${times} times`]),
        ]),
      ],
    }
  }
}
