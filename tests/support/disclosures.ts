import { toBase64 } from '../../src/core/base64.ts'
import { utf8 } from '../../src/core/bytes.ts'
import { encodeReceiptExtra, parseReceipt } from '../../src/core/receipt.ts'

/** Whether a text begins as every disclosure does: base64url of `["` and of the first character of a salt, whose first two bits are 00 or 01. */
export function isDisclosureText(text: string): boolean {
  return /^Wy[IJ]/.test(text)
}

/** A receipt with other disclosures, as anybody can make it: all but them is signed. */
export function withDisclosures(receipt: string, change: (texts: readonly string[]) => readonly string[]): string {
  const { entryBytes, signer, disclosures } = parseReceipt(utf8(receipt))
  const shown = change(disclosures.map(({ text }) => text))
  const extra = encodeReceiptExtra({ entryBytes, signer, disclosures: shown })
  return receipt.replace(/^extra .*$/m, `extra ${toBase64(extra)}`)
}
