import type { CheckedReceipt, Finding } from '../src/verify/index.ts'
import { when, whenSeconds } from './when.ts'

/** Who signed what, when, where; then what leads upward from there, and what is known of later events. */
export function provenance(
  checked: CheckedReceipt | undefined,
  upward: readonly string[] = [],
  later?: readonly string[],
): string[] {
  if (checked?.statement === undefined) return []
  const { receipt, statement, disclosures, withheld, witnesses } = checked
  const { origin, size } = receipt.proof.checkpoint
  const lines = [
    `entry ${receipt.entry.index} of ${origin}, at ${when(receipt.entry.time)} by the ledger’s clock`,
    `signed by key ${statement.header.kid}, which calls itself ${statement.common.iss}`,
  ]
  for (const { claim, value } of disclosures) {
    lines.push(`sealed claim ${claim}: ${typeof value === 'string' ? value : JSON.stringify(value)}`)
  }
  if (withheld > 0) lines.push(`${withheld} sealed claim${withheld === 1 ? '' : 's'} withheld from this receipt`)
  for (const { name, timestamp } of witnesses)
    lines.push(
      `cosigned by witness ${name}${timestamp === undefined || timestamp === 0 ? ', at no time that it states' : ` at ${whenSeconds(timestamp)}`}`,
    )
  return [...lines, ...upward, ...(later ?? [`as of size ${size}; later events not checked`])]
}

/** Faults, one by one, with what was expected and found. */
export function faultLines(faults: readonly Finding[]): string[] {
  return faults.flatMap(({ code, message, where = '', expected, found }) => [
    `FAULT ${code}: ${message}`,
    ...(expected === undefined
      ? []
      : [`       ${where} expected ${expected}`, `       ${' '.repeat(where.length)} found    ${found ?? '-'}`]),
  ])
}
