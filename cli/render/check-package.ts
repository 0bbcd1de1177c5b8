import type {
  PackagedDeposit,
  PackagedReceipt,
  PackagedRelated,
  PackageReport,
  Retraction,
} from '../../src/package/package-report.ts'
import { isJudged } from '../../src/package/package-standing.ts'
import { partText, passedText } from '../../src/statements/later-events.ts'
import type { CheckedPackageReport } from '../../src/check/steps/report.ts'
import type { PackagedEvent, Standing } from '../../src/package/package-events.ts'
import { checkerLine, thisChecker } from './checker.ts'
import { faultLines, provenance } from './provenance.ts'
import { count } from '../../src/core/text.ts'
import { when } from './when.ts'
import { policyDocument, type PolicyFile, policyLine } from '../options/policy.ts'
import { isSound, verdictLine } from './verdict.ts'
import { bytesText, type Line } from './output.ts'
import { type Toned, toned } from './tone.ts'

/** Names of missing files that are listed for people; a document has them all. */
const maxNames = 100

/** What was taken back, and what a compromised key may have signed, before anything else, in the order of docs/spec/18-package.md: each said, whatever else is. */
function headlines({ retractions, deposits, related, ...open }: PackageReport): Toned[] {
  const isPart = ({ item }: Retraction): boolean => item !== undefined
  const taken = ({ folder, of, by, time, reason, ...part }: Retraction): string =>
    `entry ${of} (${folder})${partText(part)} was retracted by its depositor, by entry ${by} at ${when(time)}: ${reason}`
  const signed = [...deposits.map((one) => ({ ...one, path: one.folder })), ...related]
  return [
    ...retractions.filter((one) => !isPart(one)).map((one) => `RETRACTED: ${taken(one)}`),
    ...signed.flatMap(({ path, checked, flagged }) =>
      flagged.length === 0
        ? []
        : [
            `KEY COMPROMISED: entry ${checked.receipt.entry.index} (${path}) was signed by a key that is said to have been compromised at that time; see below`,
          ],
    ),
    ...retractions.filter(isPart).map((one) => `PART RETRACTED: ${taken(one)}`),
    ...open.retractionsNotJudged.map((one) => `NOT JUDGED: that ${taken(one)}`),
    ...open.flaggedNotJudged.map((message) => `NOT JUDGED: that ${message}`),
  ].map((text) => toned('notice', text))
}

/** What was deposited and is not in the package: how many, and which. */
export function notHereLines(deposits: readonly PackagedDeposit[]): string[] {
  const all = deposits.reduce((sum, { deposited }) => sum + deposited, 0)
  const names = deposits.flatMap(({ missing }) => missing.map(({ name }) => name))
  const unnamed = deposits.reduce((sum, one) => sum + one.unnamed, 0)
  const missing = names.length + unnamed
  if (missing === 0) return []
  const head = `${count(missing)} of ${count(all)} file${all === 1 ? '' : 's'} deposited ${missing === 1 ? 'is' : 'are'} NOT HERE`
  const [only] = names
  if (missing === 1 && only !== undefined) return [`${head}: ${only}`]
  return [
    `${head}:`,
    ...names.slice(0, maxNames).map((name) => `  ${name}`),
    ...(names.length > maxNames ? [`  … and ${count(names.length - maxNames)} more: --json names them all`] : []),
    ...(unnamed === 0 ? [] : [`  ${count(unnamed)} whose names are in a manifest that is not here either`]),
  ]
}

function policyLines(file: PolicyFile | undefined, { differs }: CheckedPackageReport['policy']): string[] {
  if (file === undefined) return ['policy: the package’s own word; compare its key with what the ledger publishes']
  return [policyLine(file), ...(differs ? ['the package brings another policy, which was not used'] : [])]
}

function admissionLines({ admission }: PackagedReceipt): string[] {
  if (admission.state === 'fault') return admission.faults.map(({ message }) => `admission: ${message}`)
  if (admission.state === 'not-shown') return ['admission of the key: NOT SHOWN in this package']
  const { owner, name, by, index, roles, path } = admission.key
  const vouched = by === undefined ? 'in the genesis' : `by entry ${by.index} of ${by.participant}`
  const rotated = by !== undefined && by.index !== index ? `, with this key by entry ${index}` : ''
  const doubt = admission.state === 'not-judged' ? 'NOT JUDGED: that the key was ' : ''
  return [
    `${doubt}admitted as ${owner}${name === undefined ? '' : `, named ${JSON.stringify(name)}`}, ${vouched}${rotated}`,
    `${doubt === '' ? 'key ' : doubt}admitted by entry ${index} as ${roles.join(', ')}; back to the genesis by entries ${path.join(', ')}`,
  ]
}

function receiptLines(receipt: PackagedReceipt, later?: readonly string[]): string[] {
  const { checked, size, times } = receipt
  const newer = size === checked.receipt.proof.checkpoint.size ? [] : [`the same entry as of size ${size}`]
  return [
    ...provenance(checked, [], later),
    ...newer,
    ...times.flatMap(({ lines }) => lines),
    ...admissionLines(receipt),
  ].map((line) => `  ${line}`)
}

/** Whether the ledger was asked what followed. */
function askedLine({ askedAt, size }: PackagedDeposit): string {
  return askedAt === undefined
    ? `as of size ${size}; later events: the ledger was NOT ASKED when this was packed`
    : `later events: the packer says to have asked the ledger as of size ${askedAt}, and packed all that it was shown`
}

function depositLines(deposit: PackagedDeposit): string[] {
  return [
    deposit.folder,
    ...receiptLines(deposit, [askedLine(deposit)]),
    ...deposit.files.map((file) => {
      const { path, listedAs } = file
      const name = path.slice(deposit.folder.length + 1)
      const listed = listedAs === undefined || name === `files/${listedAs}` ? '' : ` (listed as ${listedAs})`
      return `  ${stateOf(file, deposit).padEnd(10)} ${name}${listed}`
    }),
  ]
}

/** What is said of a file: that it is unchanged only where the receipt that names it is sound too; no part of that is unjudged. */
function stateOf({ ok, notJudged }: PackagedDeposit['files'][number], deposit: PackagedDeposit): string {
  if (notJudged === true) return 'not judged'
  if (!ok) return 'DIFFERS'
  const { checked, admission } = deposit
  const isSound = checked.faults.length === 0 && admission.state !== 'fault'
  return isSound ? 'unchanged' : 'as listed'
}

/** What a related entry says of a deposit, by name of the event. */
const eventWords: Readonly<Partial<Record<PackagedEvent['what'], (about: string, code: string) => string>>> = {
  retracted: (about, code) => `retracts ${about}: ${code}`,
  'part-retracted': (about, code) => `retracts ${about}: ${code}`,
  attested: (about, code) => `attests ${about} as ${code}`,
  related: (about, code) => `is a deposit that calls itself ${code} of ${about}`,
  recorded: (about, code) => `records an event of ${about}: ${code}`,
  challenged: (about) => `challenges ${about}`,
  found: (about, code) => `decides of ${about}: ${code}`,
  'handed-over': (about, code) => `is a hand-over of ${about}: ${code}`,
  'custody-ended': (about, code) => `ends custody of ${about}: ${code}`,
  'custody-resumed': (about, code) => `resumes custody of ${about}: ${code}`,
  'erasure-ordered': (about) => `orders sealed claims of ${about} to be erased`,
}

function eventLine(event: PackagedEvent): string {
  const { what, code, of, folder } = event
  const about = `entry ${of} (${folder})${partText(event)}`
  return `${eventWords[what]?.(about, code ?? '') ?? `${what}: ${about}`}${passedText(event)}`
}

function relatedLines(receipt: PackagedRelated): string[] {
  const doubt = isJudged(receipt) ? '' : 'not judged: '
  const about = receipt.events.map((event) => `  ${doubt}${eventLine(event)}`)
  return [`${receipt.path}: ${receipt.checked.body?.kind ?? ''}`, ...about, ...receiptLines(receipt)]
}

/** The result of a check of a package, for people; `file` is the policy's, where the package's own was not taken. */
export function packageLines(checked: CheckedPackageReport, file: PolicyFile | undefined): Line[] {
  const { path, report, policy } = checked
  if (report === undefined)
    return [
      path,
      ...(file === undefined ? [] : [policyLine(file)]),
      ...faultLines(checked.faults),
      'nothing else was read',
      verdictLine(checked),
    ]
  const { words, deposits, related, faults, faultCount, unjudged, flagged, notShown, notChecked } = report
  const head = words.case === undefined ? '' : ` of the case ${words.case} (the packer’s word)`
  const packed = words.packed === undefined ? '' : `, packed on ${words.packed} (the packer’s word)`
  const hidden = words.eventsNotShown
  return [
    ...headlines(report),
    ...notHereLines(deposits),
    `${path}: evidence package${head}${packed}, ${count(report.files)} files, ${bytesText(report.bytes)}`,
    ...policyLines(file, policy),
    ...deposits.flatMap(depositLines),
    ...related.flatMap(relatedLines),
    ...faultLines(faults),
    ...(faultCount > faults.length ? [`… and ${count(faultCount - faults.length)} more faults`] : []),
    ...unjudged.map(({ message }) => `not judged: ${message}`),
    ...flagged.map((message) => `FLAGGED ${message}`),
    ...(hidden === 0
      ? []
      : [
          `${count(hidden)} later event${hidden === 1 ? '' : 's'} not shown: the packer was told of them, and may not read them`,
        ]),
    ...notChecked.map((file) => `not checked: ${file}: the packer’s words`),
    'not shown by this package:',
    ...notShown.map((line) => `  ${line}`),
    checkerLine(thisChecker()),
    verdictLine({ faults, unjudged }, { faults: faultCount, unjudged: unjudged.length }),
  ]
}

function receiptDocument(receipt: PackagedReceipt): object {
  const { checked, path, size, admission, times } = receipt
  const { proof, entry } = checked.receipt
  const { statement, disclosures, withheld, witnesses } = checked
  return {
    path,
    origin: proof.checkpoint.origin,
    index: entry.index,
    time: entry.time,
    size,
    ...(statement === undefined
      ? {}
      : { iss: statement.common.iss, kid: statement.header.kid, kind: statement.common.kind }),
    claims: Object.fromEntries(disclosures.map(({ claim, value }) => [claim, value])),
    withheldClaims: withheld,
    witnesses,
    times: times.map(({ document }) => document),
    admission: 'key' in admission ? { state: admission.state, ...admission.key } : { state: admission.state },
  }
}

/** The result of a check of a package, for programs; `file` is the policy's, where the package's own was not taken. */
export function packageDocument(checked: CheckedPackageReport, file: PolicyFile | undefined): object {
  const { path, report } = checked
  const { from, differs } = checked.policy
  const given = file === undefined ? {} : policyDocument(file)
  if (report === undefined) {
    const { faults, unjudged } = checked
    return { path, package: true, ok: false, policy: { from, ...given }, faults, faultCount: faults.length, unjudged }
  }
  const { deposits, related, faults, unjudged, standing, words, ...rest } = report
  const { asked, eventsNotShown, ...said } = words
  const known: Standing | null = standing ?? null
  return {
    path,
    package: true,
    ok: isSound(report),
    standing: known,
    checker: thisChecker(),
    policy: { from, packageDiffers: differs, ...given },
    ...said,
    laterEvents: { asked: asked ?? null, notShown: eventsNotShown },
    ...rest,
    deposits: deposits.map((deposit) => ({
      folder: deposit.folder,
      standing: deposit.standing ?? null,
      ...receiptDocument(deposit),
      files: deposit.files,
      deposited: deposit.deposited,
      notHere: deposit.missing,
      notHereUnnamed: deposit.unnamed,
      askedAt: deposit.askedAt ?? null,
    })),
    related: related.map((receipt) => ({ ...receiptDocument(receipt), events: receipt.events })),
    faults,
    unjudged,
  }
}
