import type { Command } from 'commander'
import { defined } from '../../src/core/objects.ts'
import { counted } from '../../src/core/text.ts'
import { timeText } from '../../src/core/time.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { AccessRule } from '../../src/statements/access-terms.ts'
import type { Kind } from '../../src/statements/kinds.ts'
import { requireReceiptPlace } from '../files/outputs.ts'
import { clientFlags, clientOf, outputOf, signedClient, withIdentityIfAny } from '../options/client.ts'
import { declare, type OptionsOf, required, requiredRepeated } from '../options/declare.ts'
import { depositDocuments, depositLines, depositorFlag } from '../options/named-deposit.ts'
import { askingFor, depositsOf, readingOf } from '../options/reference.ts'
import { policyOf } from '../options/policy.ts'
import { when } from '../render/when.ts'
import { depositKept, placeOf } from '../statements/kept.ts'
import { signingLedger } from '../statements/signing-ledger.ts'
import { depositReadingsCommand } from './deposit-readings.ts'
import { readingsCommand } from './readings.ts'

/** The kind of statement by which rules of access are set. */
const kind: Kind = 'access.rule'

/** `evidence access grant|end|seal|unseal|hold|unhold|list|readings|deposit-readings` */
export function accessCommand(program: Command): void {
  const group = program
    .command('access')
    .description('who may read a deposit: grants, seals and holds')
    .addHelpText(
      'after',
      `
A rule is an entry of the ledger; to whom and about what is sealed within it. A deposit is named by its index, its receipt, or the number
that its collector gave the exhibit.

Example:
  evidence access grant EX-12 --to lab-4 --until 2027-01-31 --basis "commission of 3 November 2026"
  evidence access seal 17 --basis "order (2026) 123" --key court.pem
  evidence access list 17`,
    )
  ruleCommand(group, 'grant', 'let participants read a deposit and its sealed claims', grantFlags)
  ruleCommand(group, 'end', 'end what you granted participants', endFlags)
  ruleCommand(group, 'seal', 'close the claims of a deposit, and every way to find it (an authority signs)', timedFlags)
  ruleCommand(group, 'unseal', 'lift your seal (an authority signs)', ruleFlags)
  ruleCommand(group, 'hold', 'forbid that claims of a deposit are erased (an authority signs)', timedFlags)
  ruleCommand(group, 'unhold', 'lift your hold (an authority signs)', ruleFlags)
  listCommand(group)
  readingsCommand(group)
  depositReadingsCommand(group)
}

const ruleFlags = [
  ...clientFlags(),
  depositorFlag,
  ['--basis <text>', 'what it rests on: an order, a commission; sealed', required],
  ['--receipt <file>', 'where to write the receipt (default: entry-INDEX.tlog-proof)'],
] as const
const untilFlag = ['--until <time>', 'when it ends by itself: YYYY-MM-DD, or a time with its zone'] as const
const timedFlags = [...ruleFlags, untilFlag] as const
const toFlag = ['--to <participant>', 'id of a participant that may read', requiredRepeated] as const
const grantFlags = [...timedFlags, toFlag, ['--grade <code>', 'your own code for what they may do with it']] as const
const endFlags = [...ruleFlags, toFlag] as const
type RuleOptions = OptionsOf<typeof ruleFlags> & {
  readonly until?: string
  readonly to?: readonly string[]
  readonly grade?: string
}

/** An example of a rule's command, for its help. */
function exampleOf(rule: AccessRule): string {
  const to = rule === 'grant' || rule === 'end' ? ' --to lab-4' : ' --key court.pem'
  return `\nExample:\n  evidence access ${rule} EX-12${to} --basis "order (2026) 123"`
}

function ruleCommand(group: Command, rule: AccessRule, text: string, flags: Parameters<typeof declare>[2]): void {
  declare(group.command(`${rule} <deposit...>`), text, flags, exampleOf(rule)).action(
    async (names: string[], options: RuleOptions) => {
      const output = outputOf(options)
      const { client, identity } = await signedClient(options, output)
      requireReceiptPlace(options.receipt)
      const until = options.until === undefined ? undefined : untilArgument(options.until)
      const ledger = await signingLedger(options, client, output)
      const targets = await depositsOf(names, askingFor(ledger, identity, options, output))
      const { to, basis, grade } = options
      const of = targets.map(({ index, leafHash }) => ({ index, leafHash }))
      const shown = new Map(targets.flatMap((target) => [...target.shown]))
      const terms = {
        rule,
        of,
        basis,
        ...defined({ to: to === undefined ? undefined : [...new Set(to)], until, grade }),
      }
      const { result, receipt } = await depositKept(
        ledger,
        identity,
        { kind, members: {}, sealed: { terms }, shown },
        placeOf(options, output),
      )
      const whom = to === undefined ? '' : ` for ${to.join(', ')}`
      const deposits = depositDocuments(targets)
      output.result({ ...result, rule, of: of.map(({ index }) => index), deposits, receipt }, [
        `${rule} of ${of.length === 1 ? `entry ${of[0]?.index}` : `${counted(of.length, 'deposit')}`}${whom} is entry ${result.index}, ${when(result.time)}`,
        ...depositLines(targets),
        `  receipt  ${receipt}`,
      ])
    },
  )
}

/** A day, which a rule lasts to the end of in UTC, or a time with its zone; in canonical form. Throws `usage`. */
function untilArgument(text: string): string {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(text)
  const hasZone = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(text)
  const ms = isDay ? Date.parse(`${text}T23:59:59.999Z`) : hasZone ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(ms)) return timeText(ms)
  throw new EvidenceError('usage', `${JSON.stringify(text)} is no day (YYYY-MM-DD) and no time with its zone`, {
    where: '--until',
  })
}

const listFlags = [...clientFlags(), depositorFlag] as const

function listCommand(group: Command): void {
  declare(
    group.command('list <deposit>'),
    'show what stands on a deposit that you made, hold, or set rules on',
    listFlags,
    '\nExample:\n  evidence access list EX-12 --json',
  ).action(async (name: string, options: OptionsOf<typeof listFlags>) => {
    const output = outputOf(options)
    const client = await withIdentityIfAny(options, clientOf(options, output))
    const targets = await depositsOf([name], readingOf(client, policyOf(options), options, output))
    const { index = 0 } = targets[0] ?? {}
    const { rules } = await client.access(index)
    const lines = rules.map(({ rule, entry, by, as, to, until }) => [
      rule,
      `entry ${entry}`,
      `by ${by}, ${as}`,
      ...(to.length === 0 ? [] : [`for ${to.join(', ')}`]),
      ...(until === undefined ? [] : [`until ${when(until)}`]),
    ])
    const text = lines.length === 0 ? ['nothing stands on it'] : lines
    output.result({ index, deposits: depositDocuments(targets), rules }, [...text, ...depositLines(targets)])
  })
}
