import { EvidenceError } from './errors.ts'

/** True for 1 to 255 printable ASCII characters without space or `+`: the name of a ledger. */
export function isOrigin(text: string): boolean {
  return /^[!-*,-~]{1,255}$/.test(text)
}

/** Throws `origin-malformed`. */
export function requireOrigin(text: string): string {
  if (!isOrigin(text)) {
    throw new EvidenceError(
      'origin-malformed',
      'the origin is not 1 to 255 printable ASCII characters without space or +',
    )
  }
  return text
}
