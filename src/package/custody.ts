import type { Disclosure } from '../core/index.ts'
import type { CheckedReceipt } from '../verify/index.ts'
import type { AdmissionVerdict } from './admissions.ts'

/** A file as custody.txt names it. */
export interface CustodyFile {
  /** Path in the package, or the one it would have. */
  readonly path: string
  readonly sha256: string | undefined
  readonly size: number | undefined
  readonly isWithheld: boolean
  /** What the deposit calls it, where that is known. */
  readonly name: string | undefined
}

export interface CustodyDeposit {
  readonly number: number
  readonly checked: CheckedReceipt
  readonly admission: AdmissionVerdict
  readonly files: readonly CustodyFile[]
}

const preamble = `CHAIN OF CUSTODY

Written for people by whoever packed this package; a checker takes nothing from it. What it says of digests, entries, times and
signers stands, signed, in the receipts below data/. All times are by the ledger's clock. VERIFY.md says how to check it all.
`

/** Text from outside on one line of its own. */
function line(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, ' ')
}

function claimText({ claim, value }: Disclosure): string {
  return line(`${claim}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
}

/** The text of custody.txt: exhibits with their digests, entries, times, signers, and what is known of them later. */
export function custodyText(
  caseNumber: string | undefined,
  deposits: readonly CustodyDeposit[],
  related: readonly { readonly checked: CheckedReceipt; readonly admission: AdmissionVerdict }[],
): string {
  const parts = [preamble]
  if (caseNumber !== undefined) parts.push(`Case: ${line(caseNumber)}\n`)
  for (const deposit of deposits) parts.push(depositText(deposit, related))
  return parts.join('\n')
}

function signerText({ statement }: CheckedReceipt, admission: AdmissionVerdict): string[] {
  if (statement === undefined) return []
  const { common, header } = statement
  const lines = [`signed by:   ${common.iss}, key ${header.kid}`]
  if (admission.state === 'shown') {
    const { index, roles, path } = admission.key
    lines.push(
      `admitted:    by entry ${index}, as ${roles.join(', ')}; back to the genesis by entries ${path.join(', ')}`,
    )
  } else lines.push('admitted:    not shown in this package')
  return lines
}

function depositText(deposit: CustodyDeposit, related: Parameters<typeof custodyText>[2]): string {
  const { number, checked, admission, files } = deposit
  const { entry, proof } = checked.receipt
  const claims = checked.disclosures.filter(({ claim }) => claim !== 'names')
  const events = related.filter(({ checked: { body } }) => {
    const of = body?.kind === 'evidence.attest' || body?.kind === 'evidence.retract' ? body.members.of : undefined
    return of?.index === entry.index
  })
  return [
    `Deposit ${String(number).padStart(3, '0')}`,
    `  ledger:      ${proof.checkpoint.origin}`,
    `  entry:       ${entry.index}, at ${entry.time}`,
    ...signerText(checked, admission).map((text) => `  ${text}`),
    ...claims.map((disclosure) => `  sealed       ${claimText(disclosure)}`),
    ...(checked.withheld > 0 ? [`  withheld:    ${checked.withheld} sealed claims`] : []),
    ...files.flatMap((file, i) => exhibitText(file, `${number}.${i + 1}`)),
    ...events.flatMap((event) => eventText(event.checked, event.admission)),
    '',
  ].join('\n')
}

function exhibitText({ path, sha256, size, isWithheld, name }: CustodyFile, number: string): string[] {
  return [
    `  Exhibit ${number}${isWithheld ? ' (withheld: only its digest is here)' : ''}`,
    `    file:      ${path}`,
    ...(name === undefined || path.endsWith(`/files/${name}`) ? [] : [`    named:     ${line(name)}`]),
    `    sha256:    ${sha256 ?? 'none was deposited; see the receipt'}`,
    ...(size === undefined ? [] : [`    size:      ${size} bytes`]),
  ]
}

function eventText(checked: CheckedReceipt, admission: AdmissionVerdict): string[] {
  const { body, receipt } = checked
  const what =
    body?.kind === 'evidence.attest'
      ? `attested as ${body.members.as}`
      : body?.kind === 'evidence.retract'
        ? `retracted (${body.members.reason})`
        : ''
  return [
    `  ${what}`,
    `    entry:     ${receipt.entry.index}, at ${receipt.entry.time}`,
    ...signerText(checked, admission).map((text) => `    ${text.replace(/: {2}/, ':')}`),
  ]
}
