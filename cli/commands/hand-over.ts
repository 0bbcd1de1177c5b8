import type { Command } from 'commander'
import type { Identity } from '../../src/client/ledger-client.ts'
import { EvidenceError } from '../../src/core/errors.ts'
import { releaseEnding, releaseFileText } from '../../src/statements/release-file.ts'
import { exhibitText } from '../custody/exhibit-text.ts'
import { receiptsOf, requireHeld } from '../custody/giving.ts'
import { recordOffers, unrecorded } from '../custody/offers.ts'
import { released, type SignedRelease, type WantedRelease } from '../custody/release.ts'
import { outputKinds, requireOutput, writeOutput } from '../files/outputs.ts'
import { clientFlags, outputOf, signedClient } from '../options/client.ts'
import { offerFlags, offerOf } from '../options/custody.ts'
import { declare, type OptionsOf, required } from '../options/declare.ts'
import { depositDocuments, depositLines, depositorFlag } from '../options/named-deposit.ts'
import { askingFor, type Target, unitsOf, withItem } from '../options/reference.ts'
import { openCodeArgument } from '../options/values.ts'
import { whenSeconds } from '../render/when.ts'
import { type SigningLedger, signingLedger } from '../statements/signing-ledger.ts'

const help = `
Nothing moves by a release: it moves when its receiver takes it over, and until then you can withdraw it (evidence withdraw). Give the file to the
receiver with the object. It ends by itself. An item is named behind its deposit: 17:0, EX-12:1. A command that broke off is given again: it finishes what it began. An authority may release what somebody else holds (--in-lieu); that is told for ever.

Example:
  evidence hand-over EX-12 --to lab-4 --purpose "examination" --seal S-0815 --seal S-0816
  evidence hand-over 17:0 17:2 EX-14 --to lab-4 --exp 3 --out phone.evidence-release
  evidence hand-over phone.jpg.tlog-proof --to archive --in-lieu holder-gone --key court.pem`

const flags = [
  ...clientFlags(),
  ['--to <participant>', 'id of who is to take it over', required],
  ['--item <n>', 'one item of the deposit, from 0 (default: all of it)'],
  depositorFlag,
  ['--exp <days>', 'days until the release ends by itself, 1 to 90', '7'],
  ['--in-lieu <reason>', `in lieu of the holder, by an authority: court-order, holder-gone, key-lost, or another code`],
  ...offerFlags,
  ['--note <text>', 'a note on the event that records the offer; sealed'],
  ['--no-event', 'do not record in the ledger that it was offered'],
  ['--out <file>', `the release (default: entry-INDEX-to-PARTICIPANT${releaseEnding})`],
] as const
type HandOverOptions = OptionsOf<typeof flags>

/** `evidence hand-over TARGET… --to ID` */
export function handOverCommand(program: Command): void {
  declare(
    program.command('hand-over <deposit...>'),
    'sign a release of deposits that you hold, for another participant to take over',
    flags,
    help,
  ).action(async (names: string[], options: HandOverOptions) => {
    const output = outputOf(options)
    const { client, identity } = await signedClient(options, output)
    const days = daysArgument(options.exp)
    const inLieu =
      options.inLieu === undefined ? undefined : openCodeArgument(options.inLieu, inLieuReasons, 'reason', output)
    if (options.to === identity.id)
      throw new EvidenceError('usage', `--to ${options.to} is yourself`, { where: '--to' })
    const ledger = await signingLedger(options, client, output)
    const targets = withItem(await unitsOf(names, askingFor(ledger, identity, options, output)), options.item)
    const out = options.out ?? `entry-${targets[0]?.index}-to-${options.to}${releaseEnding}`
    const wanted = { to: options.to, targets, days, inLieu, offer: offerOf(options) }
    const records = options.event !== false
    const before = records ? unrecorded(out, ledger, identity, wanted) : undefined
    if (before !== undefined)
      output.note(`${out} was signed before; that it was offered is not recorded in full, and is now`)
    const release = before ?? (await write(out, ledger, identity, wanted))
    if (before === undefined)
      output.note(`wrote ${out}: who has it reads what you say in it; it is of use to ${options.to} alone`)
    const note = (line: string): void => output.note(line)
    const events = records ? await recordOffers(out, ledger, identity, { ...wanted, release, note }, options.note) : []
    const of = [...new Set(targets.map(({ index }) => index))]
    const said = { release: out, of, to: options.to, exp: release.exp, since: release.since, events }
    output.result({ ...said, deposits: depositDocuments(targets) }, [
      `${releasedText(targets)} released to ${options.to}, until ${whenSeconds(release.exp)}`,
      ...depositLines(targets),
      ...events.map((index) => `  recorded  entry ${index}`),
      `  release   ${out}`,
      `  ${options.to} takes it over with: evidence take-over ${out}`,
    ])
  })
}

function releasedText(targets: readonly Target[]): string {
  const isWhole = targets.every(({ item }) => item === undefined)
  if (!isWhole || targets.length === 1) return targets.map(exhibitText).join(', ')
  return `entries ${targets.map(({ index }) => index).join(', ')}`
}

/** Signs and writes a release, once the ledger was asked whether its giver holds what it names. Throws the codes of {@link requireHeld}, `file-exists`. */
async function write(
  out: string,
  ledger: SigningLedger,
  identity: Identity,
  wanted: WantedRelease,
): Promise<SignedRelease> {
  const { targets, inLieu } = wanted
  const own = ledger.client.as(identity)
  if (inLieu === undefined) for (const { index, item } of targets) await requireHeld(own, identity.id, index, item)
  requireOutput(outputKinds.release, out)
  const release = released(ledger, identity, wanted)
  const receipts = await receiptsOf(targets, own, ledger.policy)
  writeOutput(outputKinds.release, out, releaseFileText({ ...release, receipts }))
  return release
}

const inLieuReasons = ['court-order', 'holder-gone', 'key-lost']

/** 1 to 90 days. Throws `usage`. */
function daysArgument(text: string): number {
  const days = /^[1-9][0-9]?$/.test(text) ? Number(text) : Number.NaN
  if (days <= 90) return days
  throw new EvidenceError('usage', `${JSON.stringify(text)} is not 1 to 90 days`, { where: '--exp' })
}
