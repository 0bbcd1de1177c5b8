import type { JsonValue } from '../../src/core/json.ts'
import type { CheckedReceipt } from '../../src/verify/check-receipt.ts'

/** The value of a sealed claim that a receipt shows. */
export function claimOf({ disclosures }: CheckedReceipt, name: string): JsonValue | undefined {
  return disclosures.find(({ claim }) => claim === name)?.value
}

/** All sealed claims that a receipt shows, by name. */
export function claimsOf({ disclosures }: CheckedReceipt): Readonly<Record<string, JsonValue>> {
  return Object.fromEntries(disclosures.map(({ claim, value }) => [claim, value]))
}
