import type { Command } from 'commander'
import type { CustodyAnswer } from '../../src/api/answers.ts'
import { pagesOf } from '../../src/client/pages.ts'
import type { LedgerClient } from '../../src/client/ledger-client.ts'
import { append } from '../../src/core/arrays.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { defined } from '../../src/core/objects.ts'
import type { ShownEntries } from '../../src/core/shown.ts'
import type { Kind } from '../../src/statements/kinds.ts'
import { partText } from '../../src/statements/later-events.ts'
import { exhibitText } from '../custody/exhibit-text.ts'
import { requireReceiptPlace } from '../files/outputs.ts'
import { clientFlags, clientOf, outputOf, signedClient, withIdentityIfAny } from '../options/client.ts'
import { acceptanceFlags, acceptanceOf } from '../options/custody.ts'
import { declare, type OptionsOf, required } from '../options/declare.ts'
import { policyOf } from '../options/policy.ts'
import { depositDocuments, depositLines, depositorFlag } from '../options/named-deposit.ts'
import { askingFor, depositsOf, readingOf, referenceTo, targetOf, unitsOf, withItem } from '../options/reference.ts'
import { codeArgument, openCodeArgument } from '../options/values.ts'
import type { Line } from '../render/output.ts'
import { when } from '../render/when.ts'
import { depositKept, placeOf } from '../statements/kept.ts'
import { signingLedger } from '../statements/signing-ledger.ts'

/** The kinds of statement by which custody ends, and goes on. */
const kinds = { end: 'custody.end', resume: 'custody.resume' } as const satisfies Record<string, Kind>

/** `evidence custody show|end|resume` */
export function custodyCommand(program: Command): void {
  const group = program
    .command('custody')
    .description('who holds a deposit: show it, end it, resume it')
    .addHelpText(
      'after',
      `
Custody of a deposit begins with who deposited it. It passes by a release and its acceptance: evidence hand-over, evidence take-over.

Example:
  evidence custody show EX-12
  evidence custody end EX-12 --how returned --person "A. Owner"
  evidence custody end 17 --how disposed --order 41
  evidence custody resume 17 --reason found`,
    )
  showCommand(group)
  endCommand(group)
  resumeCommand(group)
}

const showFlags = [...clientFlags(), depositorFlag] as const

function showCommand(group: Command): void {
  declare(
    group.command('show <deposit>'),
    'show who holds each item of a deposit that you may read, and how it came to them',
    showFlags,
    `
This is the ledger's word. "evidence history" verifies each step; "evidence verify" judges all of them.

Example:
  evidence custody show EX-12
  evidence custody show phone.jpg.tlog-proof --json`,
  ).action(async (name: string, options: OptionsOf<typeof showFlags>) => {
    const output = outputOf(options)
    const client = await withIdentityIfAny(options, clientOf(options, output))
    const targets = await depositsOf([name], readingOf(client, policyOf(options), options, output))
    const answer = await custodyAt(client, targets[0]?.index ?? 0)
    const deposits = depositDocuments(targets)
    output.result({ ...answer, deposits, verified: false }, [...linesOf(answer), ...depositLines(targets)])
  })
}

type Shown = Pick<CustodyAnswer, 'index' | 'units' | 'steps'>

/** Who holds a deposit, with all steps. Throws what asking throws. */
async function custodyAt(client: LedgerClient, index: number): Promise<Shown> {
  const steps: CustodyAnswer['steps'] = []
  let units: CustodyAnswer['units'] = []
  const ask = async (after: number | undefined): Promise<{ page: CustodyAnswer; next: number | null }> => {
    const page = await client.custody(index, after)
    return { page, next: page.next }
  }
  for await (const page of pagesOf(ask, { what: `the custody of entry ${index}` })) {
    append(steps, page.steps)
    units = page.units
  }
  return { index, units, steps }
}

function linesOf({ index, units, steps }: Shown): Line[] {
  if (units.length === 0) return [`entry ${index} deposits nothing: nobody holds it`]
  const held = units.map(({ item, holder, since, state, movedByOrder }) => [
    `item ${item}`,
    state === 'held' ? `held by ${holder}` : state === 'ended' ? `custody ended, last held by ${holder}` : 'not judged',
    `through entry ${since}`,
    ...(movedByOrder === undefined ? [] : [`moved by order by entry ${movedByOrder}, without the holder’s signature`]),
  ])
  const told = steps.map(({ index: at, time, what, code, by, from, ...part }) => [
    `entry ${at}`,
    when(time),
    `${what}${code === undefined ? '' : `: ${code}`}${partText(part as { item?: number })}`,
    from === undefined || from === by ? `by ${by}` : `from ${from}, by ${by}`,
  ])
  return [...held, ...told, 'not verified: this is the server’s word; "evidence history" verifies each step']
}

const ownFlags = [
  ...clientFlags(),
  depositorFlag,
  ['--item <n>', 'one item of the deposit, from 0 (default: all of it)'],
  ['--note <text>', 'a note; sealed'],
  ['--receipt <file>', 'where to write the receipt (default: entry-INDEX.tlog-proof)'],
] as const
const hows = ['returned', 'disposed', 'lost'] as const
const endFlags = [
  ...ownFlags,
  ['--how <how>', `${hows.join(', ')}: to somebody outside the ledger, by order, or it is gone`, required],
  ['--order <entry>', 'the entry of an authority that orders it, by index or receipt; needed with disposed'],
  ...acceptanceFlags,
] as const

function endCommand(group: Command): void {
  declare(
    group.command('end <deposit...>'),
    'say that you hold deposits no more: returned to somebody outside, disposed of by order, or lost',
    endFlags,
    `
An item is named behind its deposit: 17:1, EX-12:0. What was deposited stays in the ledger. To another participant, hand it over: evidence hand-over.

Example:
  evidence custody end EX-12 --how returned --person "A. Owner"
  evidence custody end 17 --how disposed --order 41`,
  ).action(async (names: string[], options: OptionsOf<typeof endFlags>) => {
    const how = codeArgument(options.how, hows, 'end of custody')
    if (how === 'disposed' && options.order === undefined)
      throw new EvidenceError('usage', 'what is disposed of needs the entry that orders it: --order INDEX', {
        where: '--order',
      })
    const sealed = defined({ acceptance: acceptanceOf(options), note: options.note })
    await say(names, options, kinds.end, { how }, sealed, options.order)
  })
}

const resumeReasons = ['found', 'came-back', 'other']
const resumeFlags = [
  ...ownFlags,
  ['--reason <code>', `one of ${resumeReasons.join(', ')}, or another code`, required],
] as const

function resumeCommand(group: Command): void {
  declare(
    group.command('resume <deposit...>'),
    'say that you hold again what was lost or given away: its last holder signs',
    resumeFlags,
    `
Who holds nothing of a deposit any more may not read it, and finds it by no number: name it by its receipt.

Example:
  evidence custody resume EX-12 --reason found
  evidence custody resume entry-17.tlog-proof --reason came-back`,
  ).action(async (names: string[], options: OptionsOf<typeof resumeFlags>) => {
    const reason = openCodeArgument(options.reason, resumeReasons, 'reason', outputOf(options))
    await say(names, options, kinds.resume, { reason }, defined({ note: options.note }))
  })
}

/** Signs and deposits what a custodian says of deposits. */
async function say(
  names: readonly string[],
  options: OptionsOf<typeof ownFlags>,
  kind: Kind,
  members: object,
  sealed: Readonly<Record<string, JsonValue>>,
  orderArgument?: string,
): Promise<void> {
  const output = outputOf(options)
  const { client, identity } = await signedClient(options, output)
  requireReceiptPlace(options.receipt)
  const ledger = await signingLedger(options, client, output)
  const asking = askingFor(ledger, identity, options, output)
  const targets = await unitsOf(names, asking)
  const order = orderArgument === undefined ? undefined : await targetOf(orderArgument, asking)
  const of = withItem(targets, options.item).map(referenceTo)
  const named = { of, ...members, ...defined({ order: order && { index: order.index, leafHash: order.leafHash } }) }
  const shown: ShownEntries = new Map([...targets, ...(order ? [order] : [])].flatMap((target) => [...target.shown]))
  const saying = { kind, members: named, sealed, shown }
  const { result, receipt } = await depositKept(ledger, identity, saying, placeOf(options, output))
  const about = of.map((one) => exhibitText(one)).join(', ')
  output.result({ ...result, ...named, deposits: depositDocuments(targets), receipt }, [
    `${kind} of ${about} is entry ${result.index}, ${when(result.time)}`,
    ...depositLines(targets),
    `  receipt  ${receipt}`,
  ])
}
