import { flagLines } from '../statements/event-flags.ts'
import { partText } from '../statements/later-events.ts'
import type { Disclosure } from '../core/disclosure.ts'
import { counted, visible } from '../core/text.ts'
import { type CheckedReceipt, subjectOf } from '../verify/check-receipt.ts'
import type { AdmissionVerdict } from './shown-ledger.ts'
import { eventsOf, type PackagedEvent } from './package-events.ts'

/** A file as custody.txt names it. */
export interface CustodyFile {
  /** Path in the package, or the one it would have. */
  readonly path: string
  /** Number of the item that it is, or whose manifest lists it. */
  readonly item: number
  readonly sha256: string | undefined
  readonly size: number | undefined
  readonly isWithheld: boolean
  /** What the deposit calls it, where that is known. */
  readonly name: string | undefined
}

export interface CustodyDeposit {
  readonly folder: string
  readonly checked: CheckedReceipt
  readonly admission: AdmissionVerdict
  readonly files: readonly CustodyFile[]
}

/** A later entry as custody.txt tells it. */
export interface CustodyEntry {
  readonly checked: CheckedReceipt
  readonly admission: AdmissionVerdict
}

interface CustodyEvents extends CustodyEntry {
  readonly events: readonly PackagedEvent[]
}

const preamble = `CHAIN OF CUSTODY

Written for people by the program that made this package. NO PROGRAM CHECKS THIS TEXT: "evidence check" and VERIFY.md read the receipts below
data/, where digests, entries, times and signers stand, signed. All times are by the ledger's clock. Exhibit numbers are those of the authority
that collected the evidence, where the deposit seals one; nothing is numbered here.
`

/** Text from outside on one line of its own. */
function line(text: string): string {
  return visible(text)
}

function claimText({ claim, value }: Disclosure): string {
  return line(`${claim}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
}

/** The text of custody.txt: files with their digests, entries, times, signers, and what is known of them later. */
export function custodyText(
  caseNumber: string | undefined,
  deposits: readonly CustodyDeposit[],
  related: readonly CustodyEntry[],
): string {
  const parts = [preamble]
  if (caseNumber !== undefined) parts.push(`Case: ${line(caseNumber)}\n`)
  const said = eventsOf(
    related.map(({ checked }) => checked),
    deposits,
  )
  const events = related.map((one, i) => ({ ...one, events: said[i] ?? [] }))
  for (const deposit of deposits) parts.push(depositText(deposit, events))
  return parts.join('\n')
}

function signerText({ statement }: CheckedReceipt, admission: AdmissionVerdict): string[] {
  if (statement === undefined) return []
  const { common, header } = statement
  const lines = [`signed by:   ${common.iss}, key ${header.kid}`]
  if (admission.state !== 'shown') return [...lines, 'admitted:    not shown in this package']
  const { index, roles, path, name, by } = admission.key
  return [
    ...lines,
    ...(name === undefined ? [] : [`named:       ${line(name)}, as the administrators vouch`]),
    `admitted:    by ${by === undefined ? 'the genesis' : `entry ${by.index} of ${by.participant}`}, as ${roles.join(', ')}`,
    `key:         by entry ${index}; back to the genesis by entries ${path.join(', ')}`,
  ]
}

/** The authority's own number and what its deposit says the object is. */
function exhibitText(disclosures: readonly Disclosure[]): string[] {
  const value = disclosures.find(({ claim }) => claim === 'collection')?.value
  if (value === null || typeof value !== 'object') return []
  const { exhibit, description } = value as { readonly exhibit?: unknown; readonly description?: unknown }
  return [
    ...(typeof exhibit === 'string' ? [`exhibit:     ${line(exhibit)} (the authority’s own number)`] : []),
    ...(typeof description === 'string' ? [`described:   ${line(description)}`] : []),
  ]
}

function depositText(deposit: CustodyDeposit, related: readonly CustodyEvents[]): string {
  const { folder, checked, admission, files } = deposit
  const { entry, proof } = checked.receipt
  const claims = checked.disclosures.filter(({ claim }) => claim !== 'names')
  return [
    `Entry ${entry.index} of ${proof.checkpoint.origin}`,
    `  in:          ${folder}`,
    `  time:        ${entry.time}`,
    `  leaf hash:   ${subjectOf(checked).leafHash}`,
    ...exhibitText(checked.disclosures).map((text) => `  ${text}`),
    ...signerText(checked, admission).map((text) => `  ${text}`),
    ...claims.map((disclosure) => `  sealed       ${claimText(disclosure)}`),
    ...(checked.withheld > 0 ? [`  withheld:    ${checked.withheld} sealed claims`] : []),
    ...files.flatMap(fileText),
    ...related.flatMap((event) => eventText(event, deposit)),
    '',
  ].join('\n')
}

function fileText({ path, item, sha256, size, isWithheld, name }: CustodyFile): string[] {
  return [
    `  Item ${item}${name === undefined ? '' : `: ${line(name)}`}${isWithheld ? ' (NOT HERE: only its digest is)' : ''}`,
    `    file:      ${path}`,
    `    sha256:    ${sha256 ?? 'none was deposited; see the receipt'}`,
    ...(size === undefined ? [] : [`    size:      ${size} bytes`]),
  ]
}

const retractedWords: Readonly<Partial<Record<string, string>>> = {
  retracted: 'RETRACTED',
  'part-retracted': 'PART RETRACTED',
}

function eventText({ checked, admission, events }: CustodyEvents, { folder }: CustodyDeposit): string[] {
  const { receipt, disclosures, withheld } = checked
  const { index, time } = receipt.entry
  return events
    .filter((event) => event.folder === folder)
    .flatMap((event) => {
      const { what, code, giver, receiver } = event
      return [
        `  ${retractedWords[what] ?? what}${code === undefined ? '' : ` (${line(code)})`}${partText(event)}`,
        ...flagLines(event).map((text) => `    FLAGGED:   ${text}`),
        `    entry:     ${index}, at ${time}`,
        ...(giver === undefined ? [] : [`    passed:    from ${giver} to ${receiver}`]),
        ...signerText(checked, admission).map((text) => `    ${text.replace(/: {2}/, ':')}`),
        ...disclosures.map((disclosure) => `    sealed     ${claimText(disclosure)}`),
        ...(withheld > 0 ? [`    withheld:  ${counted(withheld, 'sealed claim')}`] : []),
      ]
    })
}
