import type { Command } from 'commander'
import { EvidenceError } from '../../src/core/errors.ts'
import { defined } from '../../src/core/objects.ts'
import { exhibitText } from '../custody/exhibit-text.ts'
import { type Checked, type ComparedExhibit, compareExhibits } from '../custody/compare.ts'
import { act, type Acting, exhibitsText, finish, isAnything, isSaid, judge, sayingOf } from '../custody/acting.ts'
import { askTerminal } from '../options/ask-terminal.ts'
import { clientFlags, outputOf } from '../options/client.ts'
import { acceptanceFlags, acceptanceOf, claimLines } from '../options/custody.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { openCodeArgument } from '../options/values.ts'
import type { Output } from '../render/output.ts'
import { whenSeconds } from '../render/when.ts'

const help = `
Custody passes with your signature, and with it the right to read the deposit; what you found stays beside it: match, differs, not-checked. Look at
the object first. To refuse uses the release up too: its giver must sign another. Where the answer is lost, the same command sends what you signed
again, and nothing is taken over twice.

Example:
  evidence take-over phone.evidence-release --files received --seal S-0815 --condition "unopened"
  evidence take-over phone.evidence-release --refuse seal-broken --note "seal S-0815 is torn"`

const receiptFlag = [
  '--receipt <file>',
  'where to write the receipt (default: beside the release, RELEASE.tlog-proof)',
] as const

const takeOverFlags = [
  ...clientFlags(),
  ['--files <dir>', 'what you received: files below it are compared with what was deposited'],
  ['--refuse <reason>', 'refuse it: differs, seal-broken, incomplete, not-expected, other, or another code'],
  ...acceptanceFlags,
  ['--note <text>', 'a note; sealed'],
  ['--yes', 'sign without asking'],
  receiptFlag,
] as const
type TakeOverOptions = OptionsOf<typeof takeOverFlags>

const refusals = ['differs', 'seal-broken', 'incomplete', 'not-expected', 'other']

/** `evidence take-over FILE.evidence-release` */
export function takeOverCommand(program: Command): void {
  declare(
    program.command('take-over <release>'),
    'take custody of what another participant released to you, or refuse it',
    takeOverFlags,
    help,
  ).action(async (release: string, options: TakeOverOptions) => {
    const output = outputOf(options)
    const { refuse } = options
    const reason = refuse === undefined ? undefined : openCodeArgument(refuse, refusals, 'reason', output)
    const acting = await act(release, 'receiver', options)
    const { offered } = acting
    const judged = isAnything(acting) ? undefined : await judge(acting)
    const compared = await compareExhibits(offered.opened.exhibits, offered.deposits, options.files)
    const outcome = reason === undefined ? 'accepted' : 'rejected'
    const checked = compared.map((one) => one.checked)
    const members = { release: offered.release, outcome, ...defined({ reason }), checked }
    const saying = sayingOf(acting, members, defined({ acceptance: acceptanceOf(options), note: options.note }))
    if (!isSaid(acting, saying)) {
      const giver = judged ?? (await judge(acting))
      for (const line of [...offerLines(acting, giver.name), ...compared.flatMap(comparedLines)]) output.note(line)
      confirm(outcome, options, output)
    }
    const said = outcome === 'accepted' ? `you hold ${exhibitsText(acting)}` : `refused (${reason}): nothing moved`
    await finish(output, acting, saying, { outcome, checked }, said)
  })
}

const withdrawFlags = [...clientFlags(), ['--note <text>', 'a note; sealed'], receiptFlag] as const

/** `evidence withdraw FILE.evidence-release` */
export function withdrawCommand(program: Command): void {
  declare(
    program.command('withdraw <release>'),
    'take back a release that you signed, before anybody took over by it',
    withdrawFlags,
    `
The release is used up; copies of its file are worth nothing. To take back a deposit: evidence retract.

Example:
  evidence withdraw entry-17-to-lab-4.evidence-release`,
  ).action(async (release: string, options: OptionsOf<typeof withdrawFlags>) => {
    const output = outputOf(options)
    const acting = await act(release, 'giver', options)
    const members = { release: acting.offered.release, outcome: 'withdrawn' }
    const saying = sayingOf(acting, members, defined({ note: options.note }))
    if (!isSaid(acting, saying)) await judge(acting)
    const said = `withdrawn: you hold ${exhibitsText(acting)} still`
    await finish(output, acting, saying, { outcome: 'withdrawn' }, said)
  })
}

/** Who offers what. */
function offerLines({ offered }: Acting, giver: string | undefined): string[] {
  const { iss, to, exp, iat, inLieu } = offered.opened
  const name = giver === undefined ? '' : ` (${JSON.stringify(giver)}, by the ledger’s word)`
  return [
    `${iss}${name} releases to ${to}, signed at ${whenSeconds(iat)} by its own word, until ${whenSeconds(exp)}`,
    ...(inLieu === undefined ? [] : [`  IN LIEU of the holder (${inLieu}): by order, without the holder’s signature`]),
    ...(offered.offered === undefined ? [] : claimLines('offer', offered.offered.value)),
  ]
}

const checkedWords: Readonly<Record<Checked, string>> = {
  match: 'match: a file here has the digests of each item',
  differs: 'DIFFERS: of an item no file here has the digests',
  'not-checked': 'not checked',
}

function comparedLines({ exhibit, checked, items }: ComparedExhibit): string[] {
  const missing = items
    .filter(({ file }) => file === undefined)
    .map(({ item }) => `  item ${item}: no file here has its digests`)
  const found = items.flatMap(({ item, file }) => (file === undefined ? [] : [`  item ${item}: ${file}`]))
  return [`${exhibitText(exhibit)}: ${checkedWords[checked]}`, ...found, ...missing]
}

/** Throws `usage` where nobody says yes. */
function confirm(outcome: 'accepted' | 'rejected', { yes, refuse }: TakeOverOptions, output: Output): void {
  if (yes === true) return
  const what = outcome === 'accepted' ? 'take it over' : `refuse it (${refuse})`
  const answer = output.isJson ? undefined : askTerminal(`sign that you ${what}? Type yes: `, 'shown')
  if (answer?.trim().toLowerCase() === 'yes') return
  const why = answer === undefined ? 'nobody said yes at a terminal' : `${JSON.stringify(answer)} is not yes`
  throw new EvidenceError('usage', `${why}; nothing was signed. Without a terminal: --yes`, { where: '--yes' })
}
