import { randomUUID } from 'node:crypto'
import type { Command } from 'commander'
import { withoutQuorum } from '../../src/client/deposit-answer.ts'
import type { Identity } from '../../src/client/ledger-client.ts'
import { toBase64url } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint } from '../../src/core/checkpoint.ts'
import { makeDisclosure } from '../../src/core/disclosure.ts'
import { EvidenceError, isEvidenceError } from '../../src/core/errors.ts'
import { sha256 } from '../../src/core/hash.ts'
import { defined } from '../../src/core/objects.ts'
import { applyPolicy } from '../../src/core/policy.ts'
import { randomSalt } from '../../src/node/key-file.ts'
import { signJws } from '../../src/statements/compose.ts'
import type { Kind } from '../../src/statements/kinds.ts'
import { releaseEnding, releaseFileText } from '../../src/statements/release-file.ts'
import { releaseTyp } from '../../src/statements/vocabulary.ts'
import { receiptsOf, requireHeld } from '../custody/giving.ts'
import { outputKinds, requireOutput, writeOutput } from '../files/outputs.ts'
import { clientFlags, outputOf, signedClient } from '../options/client.ts'
import { offerFlags, offerOf } from '../options/custody.ts'
import { declare, type OptionsOf, required } from '../options/declare.ts'
import { depositsOf, type Target } from '../options/reference.ts'
import { indexArgument, openCodeArgument } from '../options/values.ts'
import { whenSeconds } from '../render/when.ts'
import { signAndDeposit } from '../statements/sign.ts'
import { type SigningLedger, signingLedger } from '../statements/signing-ledger.ts'

/** The kind of statement that says that a release was offered. */
const kind: Kind = 'evidence.event'

const help = `
Nothing moves by a release: it moves when its receiver takes it over, and until then you can withdraw it (evidence withdraw). Give the file to the
receiver with the object. It ends by itself. An authority may release what somebody else holds (--in-lieu); that is told for ever.

Example:
  evidence hand-over EX-12 --to lab-4 --purpose "examination" --seal S-0815 --seal S-0816
  evidence hand-over 17 --item 0 --to lab-4 --exp 3 --out phone.evidence-release
  evidence hand-over phone.jpg.tlog-proof --to archive --in-lieu holder-gone --key court.pem`

const flags = [
  ...clientFlags(),
  ['--to <participant>', 'id of who is to take it over', required],
  ['--item <n>', 'one item of the deposit, from 0 (default: all of it)'],
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
    const own = client.as(identity)
    const targets = await depositsOf(names, own, ledger.policy)
    const item = itemOf(targets, options.item)
    if (inLieu === undefined) for (const { index } of targets) await requireHeld(own, identity.id, index, item)
    const out = options.out ?? `entry-${targets[0]?.index}-to-${options.to}${releaseEnding}`
    requireOutput(outputKinds.release, out)
    const release = released(ledger, identity, targets, options, { days, inLieu, item })
    const receipts = await receiptsOf(targets, names, own, ledger.policy)
    writeOutput(outputKinds.release, out, releaseFileText({ ...release, receipts }))
    output.note(`wrote ${out}: who has it reads what you say in it; it is of use to ${options.to} alone`)
    const events = options.event !== false ? await offer(ledger, identity, targets, release, options, out) : []
    const of = targets.map(({ index }) => index)
    output.result({ release: out, of, to: options.to, exp: release.exp, since: release.since, events }, [
      `${of.length === 1 ? `entry ${of[0]}` : `entries ${of.join(', ')}`} released to ${options.to}, until ${whenSeconds(release.exp)}`,
      ...events.map((index) => `  recorded  entry ${index}`),
      `  release   ${out}`,
      `  ${options.to} takes it over with: evidence take-over ${out}`,
    ])
  })
}

const inLieuReasons = ['court-order', 'holder-gone', 'key-lost']

/** 1 to 90 days. Throws `usage`. */
function daysArgument(text: string): number {
  const days = /^[1-9][0-9]?$/.test(text) ? Number(text) : Number.NaN
  if (days <= 90) return days
  throw new EvidenceError('usage', `${JSON.stringify(text)} is not 1 to 90 days`, { where: '--exp' })
}

interface Signed {
  readonly release: string
  readonly offer: string | undefined
  readonly exp: number
  readonly since: number
  readonly item: number | undefined
}

function released(
  ledger: SigningLedger,
  { id, signer }: Identity,
  targets: readonly Target[],
  options: HandOverOptions,
  {
    days,
    inLieu,
    item,
  }: { readonly days: number; readonly inLieu: string | undefined; readonly item: number | undefined },
): Signed {
  const iat = Math.floor(Date.now() / 1000)
  const exp = iat + days * 86_400
  const since = lastEntry(ledger)
  const claim = offerOf(options)
  const offer = claim === undefined ? undefined : makeDisclosure(randomSalt(16), 'offer', claim)
  const payload = {
    aud: ledger.origin,
    iss: id,
    jti: randomUUID(),
    iat,
    exp,
    since,
    to: options.to,
    exhibits: targets.map(({ index, leafHash }) => ({ index, leafHash, ...defined({ item }) })),
    ...defined({ inLieu }),
    ...(offer === undefined ? {} : { _sd: [offer.digest], _sd_alg: 'sha-256' }),
  }
  return { release: signJws(releaseTyp, payload, signer), offer: offer?.text, exp, since, item }
}

function itemOf(targets: readonly Target[], text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  if (targets.length === 1) return indexArgument(text)
  throw new EvidenceError('usage', '--item is an item of one deposit; hand over items of several one by one', {
    where: '--item',
  })
}

/** The last entry of the ledger, as its checkpoint has it. Throws the codes of a checkpoint. */
function lastEntry({ info, origin, policy }: SigningLedger): number {
  const { checkpoint, note } = parseSignedCheckpoint(utf8(info.checkpoint))
  applyPolicy(withoutQuorum(policy), note, origin)
  return checkpoint.size - 1
}

/** Records the offer on each deposit; gives the entries. */
async function offer(
  ledger: SigningLedger,
  identity: Identity,
  targets: readonly Target[],
  { release, exp, item }: Signed,
  { note }: HandOverOptions,
  out: string,
): Promise<number[]> {
  const digest = toBase64url(sha256(utf8(release)))
  const entries: number[] = []
  for (const { index, leafHash, shown } of targets) {
    const members = { of: { index, leafHash, ...defined({ item }) }, event: 'offered', release: { digest, exp } }
    try {
      entries.push((await signAndDeposit(ledger, identity, kind, members, defined({ note }), shown)).index)
    } catch (error) {
      if (!isEvidenceError(error)) throw error
      const message = `${out} is written and holds; that it was offered is not recorded on entry ${index}: ${error.message}`
      throw new EvidenceError(error.code, message, error.facts, { cause: error })
    }
  }
  return entries
}
