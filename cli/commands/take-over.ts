import type { Command } from 'commander'
import type { DepositResult } from '../../src/client/ledger-client.ts'
import { joinPresentation, makeDisclosure } from '../../src/core/disclosure.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import type { JsonValue } from '../../src/core/json.ts'
import { defined } from '../../src/core/objects.ts'
import { randomSalt } from '../../src/node/key-file.ts'
import { requireNewFile } from '../../src/node/output-file.ts'
import { signJws } from '../../src/statements/compose.ts'
import type { Kind } from '../../src/statements/kinds.ts'
import type { UnitReference } from '../../src/statements/members.ts'
import { statementTyp } from '../../src/statements/vocabulary.ts'
import { type Checked, type ComparedExhibit, compareExhibits } from '../custody/compare.ts'
import { judgeOffered, type Offered, readOffered } from '../custody/offered.ts'
import { outputKinds, writeOutput } from '../files/outputs.ts'
import { askTerminal } from '../options/ask-terminal.ts'
import { clientFlags, type ClientOptions, outputOf, signedClient } from '../options/client.ts'
import { acceptanceFlags, acceptanceOf, claimLines } from '../options/custody.ts'
import { declare, type OptionsOf } from '../options/declare.ts'
import { fileArgument } from '../options/file-argument.ts'
import { openCodeArgument } from '../options/values.ts'
import type { Output } from '../render/output.ts'
import { when, whenSeconds } from '../render/when.ts'
import { depositSigned, statementContext } from '../statements/sign.ts'
import { type SigningLedger, signingLedger } from '../statements/signing-ledger.ts'

/** The kind of statement that says what became of a release. */
const kind: Kind = 'custody.transfer'

const help = `
Custody passes with your signature, and with it the right to read the deposit; what you found stays beside it: match, differs, not-checked. Look at
the object first. To refuse uses the release up too: its giver must sign another.

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
    const compared = await compareExhibits(offered.opened.exhibits, offered.deposits, options.files)
    const outcome = reason === undefined ? 'accepted' : 'rejected'
    for (const line of [...offerLines(acting), ...compared.flatMap(comparedLines)]) output.note(line)
    confirm(outcome, options, output)
    const checked = compared.map((one) => one.checked)
    const members = { release: offered.release, outcome, ...defined({ reason }), checked }
    const result = await transfer(acting, members, defined({ acceptance: acceptanceOf(options), note: options.note }))
    const said = outcome === 'accepted' ? `you hold ${exhibitsText(acting)}` : `refused (${reason}): nothing moved`
    finish(output, acting, result, { outcome, checked }, said)
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
    const acting = await act(release, 'giver', options)
    const members = { release: acting.offered.release, outcome: 'withdrawn' }
    const result = await transfer(acting, members, defined({ note: options.note }))
    finish(
      outputOf(options),
      acting,
      result,
      { outcome: 'withdrawn' },
      `withdrawn: you hold ${exhibitsText(acting)} still`,
    )
  })
}

/** Somebody who is about to say what becomes of a release. */
interface Acting {
  readonly path: string
  readonly receipt: string
  readonly ledger: SigningLedger
  readonly identity: Awaited<ReturnType<typeof signedClient>>['identity']
  readonly offered: Offered
  /** The giver's name, as the ledger's server says. */
  readonly giver: string | undefined
}

async function act(
  argument: string,
  as: 'receiver' | 'giver',
  options: ClientOptions & { readonly receipt?: string },
): Promise<Acting> {
  const path = fileArgument(argument)
  const output = outputOf(options)
  const { client, identity } = await signedClient(options, output)
  const ledger = await signingLedger(options, client, output)
  const offered = readOffered(path, ledger)
  const giver = await judgeOffered(offered, identity.id, as, client.as(identity))
  const receipt = options.receipt ?? `${path}.tlog-proof`
  requireNewFile(receipt)
  return { path, receipt, ledger, identity, offered, giver: giver?.name }
}

function exhibitText({ index, item }: UnitReference): string {
  return item === undefined ? `entry ${index}` : `item ${item} of entry ${index}`
}

function exhibitsText({ offered }: Acting): string {
  return offered.opened.exhibits.map(exhibitText).join(', ')
}

/** Who offers what. */
function offerLines({ offered, giver }: Acting): string[] {
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

/** Signs and deposits what became of a release, with the giver's offer beside it where it is at hand. */
function transfer(
  { ledger, identity, offered }: Acting,
  members: object,
  sealed: Readonly<Record<string, JsonValue>>,
): Promise<DepositResult> {
  const own = Object.entries(sealed).map(([claim, value]) => makeDisclosure(randomSalt(16), claim, value))
  const fromGiver = offered.opened._sd ?? []
  const digests = [...own.map(({ digest }) => digest), ...fromGiver].sort()
  const seal = digests.length === 0 ? {} : { _sd: digests, _sd_alg: 'sha-256' }
  const jws = signJws(
    statementTyp,
    { ...statementContext(ledger.origin, identity.id, kind), ...members, ...seal },
    identity.signer,
  )
  const disclosures = [...own, ...(offered.offered === undefined ? [] : [offered.offered])].map(({ text }) => text)
  return depositSigned(ledger, joinPresentation(jws, disclosures), offered.shown)
}

function finish(output: Output, acting: Acting, result: DepositResult, document: object, said: string): void {
  writeOutput(outputKinds.receipt, acting.receipt, result.receipt)
  output.result({ ...result, ...document, release: acting.path, receipt: acting.receipt }, [
    said,
    `  entry ${result.index}, ${when(result.time)}`,
    `  receipt  ${acting.receipt}`,
  ])
}
