import type { CheckedReceipt } from '../../src/verify/check-receipt.ts'
import type { Finding } from '../../src/verify/report.ts'
import { counted } from '../../src/core/text.ts'
import type { Line } from './output.ts'
import { toned } from './tone.ts'
import { when, whenSeconds } from './when.ts'

/**
 * Who signed what, when, where; then what leads upward from there, where the policy does not name the receipt's ledger, and what is
 * known of later events.
 */
export function provenance(
  checked: CheckedReceipt | undefined,
  upward?: readonly string[],
  later?: readonly string[],
): string[] {
  if (checked?.statement === undefined) return []
  const { receipt, statement, disclosures, withheld, witnesses, isSigned } = checked
  const { origin, size } = receipt.proof.checkpoint
  const lines = [
    `entry ${receipt.entry.index} of ${origin}, at ${when(receipt.entry.time)} by the ledger’s clock${upward === undefined ? '' : ', which is its own word'}`,
    `${isSigned ? 'signed by key' : 'not shown to be signed by the key that it names:'} ${statement.header.kid}, which calls itself ${statement.common.iss}`,
  ]
  for (const { claim, value } of disclosures) {
    lines.push(`sealed claim ${claim}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  }
  if (withheld > 0) lines.push(`${counted(withheld, 'sealed claim')} withheld from this receipt`)
  for (const { name, timestamp } of witnesses)
    lines.push(
      `cosigned by witness ${name}${timestamp === undefined || timestamp === 0 ? ', at no time that it states' : ` at ${whenSeconds(timestamp)}`}`,
    )
  const notAsked = `as of size ${size}; later events not checked: the ledger was not asked (--online asks it)`
  return [...lines, ...(upward ?? []), ...(later ?? [notAsked])]
}

/** Faults, one by one, with the file that each is about, what was expected and what was found. */
export function faultLines(faults: readonly Finding[]): Line[] {
  return faults.flatMap(({ code, message, file, where = '', expected, found }) => {
    const line = toned('fault', `FAULT ${code}: ${file === undefined ? '' : `${file}: `}${message}`)
    if (expected === undefined) return [line]
    return [line, `       ${where} expected ${expected}`, `       ${' '.repeat(where.length)} found    ${found ?? '-'}`]
  })
}
