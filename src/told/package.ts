import type { CheckedPackageReport } from '../check/steps/report.ts'
import { count, visible } from '../core/text.ts'
import type { PackagedDeposit, PackagedReceipt, PackagedRelated } from '../package/package-report.ts'
import { partText, placeOf } from '../statements/later-events.ts'
import type { Words } from '../words/index.ts'
import { passedTold } from './later.ts'
import { moreThan } from './more.ts'
import { type Fact, nothing, type ToldPart } from './told.ts'
import { whenTold } from './when.ts'

/** Most files that are listed one by one. */
const mostFiles = 500

/** What a package shows of its deposits: who, when, on whose word, each file, what is not here, what was taken back. */
export function packageParts({ report }: CheckedPackageReport, words: Words): ToldPart {
  if (report === undefined) return nothing
  const { check } = words
  const { deposits, related, retractions, words: packer } = report
  const missing = deposits.reduce((sum, one) => sum + one.missing.length + one.unnamed, 0)
  const files = deposits.flatMap((deposit) => filesOf(deposit, words))
  const asked = deposits.every(({ askedAt }) => askedAt !== undefined)
  return {
    who: deposits.flatMap((deposit) => whoOf(deposit, words)),
    when: deposits.map(({ folder, checked }) => ({
      label: place(folder),
      value: whenTold(checked.receipt.entry.time),
    })),
    word: ledgersOf(deposits, words),
    files: [...files].sort((a, b) => Number(a.isFine) - Number(b.isFine)).slice(0, mostFiles),
    summary: [
      `${check.package.deposits}: ${count(deposits.length)}`,
      ...(missing === 0 ? [] : [check.package.notHere(count(missing))]),
      ...(packer.case === undefined ? [] : [`${check.package.packer}: ${visible(packer.case)}`]),
      ...moreThan(mostFiles, files.length, words),
    ],
    later: [
      ...retractions.map((one) => {
        const { of, by, time, reason } = one
        const { later } = check
        const what = one.item === undefined ? later.retracted : later['part-retracted']
        return `${later.entry} ${count(of)}${partText(one)}: ${what}, ${later.reason}: ${visible(reason)}, ${later.entry} ${count(by)}, ${whenTold(time)}`
      }),
      ...firstLines(
        related.flatMap((one) => relatedLines(one, words)),
        words,
      ),
      ...(asked ? [] : [check.later.notAsked]),
    ],
  }
}

/** In which place a line goes where not all have room, by {@link placeOf}, and its text. */
type RelatedLine = readonly [place: number, line: string]

/** What a related entry says of deposits, but for what was taken back, which is told by itself. */
function relatedLines({ checked, events }: PackagedRelated, { check }: Words): RelatedLine[] {
  const { later, step } = check
  const { index, time } = checked.receipt.entry
  const doubt = checked.unjudged.length > 0 ? `${step.open}: ` : ''
  return events
    .filter(({ what }) => what !== 'retracted' && what !== 'part-retracted')
    .map((event): RelatedLine => {
      const { of, what, code } = event
      const reason = code === undefined ? '' : `, ${later.reason}: ${visible(code)}`
      const said = `${later[what] ?? later.other}${reason}${passedTold(event, later)}`
      const when = `${later.entry} ${count(index)}, ${whenTold(time)}`
      return [placeOf(event), `${doubt}${later.entry} ${count(of)}${partText(event)}: ${said}, ${when}`]
    })
}

/** All lines in their order, where they have room; else what is flagged, then what decides, then the rest, the newest first of each, and how many are left. */
function firstLines(lines: readonly RelatedLine[], words: Words): string[] {
  const all = lines.length
  const order = all > mostFiles ? [...lines].reverse().sort(([a], [b]) => a - b) : lines
  return [...order.slice(0, mostFiles).map(([, line]) => line), ...moreThan(mostFiles, all, words)]
}

/** The folder of a deposit within the package, without what all of them have in common. */
function place(folder: string): string {
  return visible(folder.replace(/^data\/deposits\//, ''))
}

function whoOf(deposit: PackagedDeposit, { check }: Words): Fact[] {
  const { statement } = deposit.checked
  if (statement === undefined) return []
  const name = nameOf(deposit)
  return [
    { label: `${place(deposit.folder)}: ${check.facts.signer}`, value: visible(statement.header.kid), isHash: true },
    { label: check.facts.issuer, value: visible(statement.common.iss) },
    ...(name === undefined ? [] : [{ label: check.facts.admitted, value: visible(name) }]),
  ]
}

/** The name under which the key was admitted, where the package shows and nothing leaves open that it was. */
function nameOf({ admission }: PackagedReceipt): string | undefined {
  return admission.state === 'shown' ? (admission.key.name ?? admission.key.owner) : undefined
}

function ledgersOf(deposits: readonly PackagedDeposit[], { check }: Words): Fact[] {
  const sizes = new Map<string, number>()
  for (const { checked, size } of deposits) {
    const { origin } = checked.receipt.proof.checkpoint
    sizes.set(origin, Math.max(size, sizes.get(origin) ?? 0))
  }
  return [...sizes].flatMap(([origin, size]) => [
    { label: check.facts.ledger, value: visible(origin) },
    { label: check.facts.treeSize, value: count(size) },
  ])
}

function filesOf(deposit: PackagedDeposit, { check }: Words): ToldPart['files'] {
  const { checked, admission } = deposit
  const isSound = checked.faults.length === 0 && admission.state !== 'fault'
  const here = deposit.files.map(({ path, ok, notJudged }) => ({
    name: visible(path.slice('data/deposits/'.length)),
    state: notJudged === true ? check.step.open : ok && isSound ? check.state.unchanged : check.state.DIFFERS,
    isFine: ok && isSound,
  }))
  const missing = deposit.missing.map(({ name }) => ({ name: visible(name), state: check.state.missing, isFine: true }))
  return [...here, ...missing]
}
