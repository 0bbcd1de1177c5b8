import { toBase64, tryHash } from './base64.ts'
import { parseDecimal } from './bytes.ts'
import { EvidenceError } from './errors.ts'

/** The HTTP header that goes with statements and is not sequenced (docs/spec/11-access.md). */
export const shownHeader = 'Evidence-Shown'
/** Most entries that one header names: as many as a statement refers to. */
export const maxShown = 64

/** By index of an entry, the status hash that shows that somebody has its bytes. */
export type ShownEntries = ReadonlyMap<number, Uint8Array>

/** The value of the header: `<index>:<base64 of the status hash>`, separated by commas; undefined where there is none. */
export function encodeShown(shown: ShownEntries): string | undefined {
  if (shown.size === 0) return undefined
  return [...shown].map(([index, hash]) => `${index}:${toBase64(hash)}`).join(', ')
}

/** Reads the value of the header, strictly. Throws `request-malformed`. */
export function parseShown(value: string): ShownEntries {
  const malformed = (why: string): EvidenceError =>
    new EvidenceError('request-malformed', `the header ${shownHeader} ${why}`, { where: shownHeader })
  const parts = value.split(',', maxShown + 1)
  if (parts.length > maxShown) throw malformed(`names more than ${maxShown} entries`)
  const shown = new Map<number, Uint8Array>()
  for (const part of parts) {
    const [index, hash] = part.trim().split(':', 2) as [string, string?]
    const number = parseDecimal(index)
    const bytes = tryHash(hash ?? '')
    if (number === undefined || bytes === undefined || part.trim() !== `${index}:${hash}`)
      throw malformed('is not <index>:<status hash, base64>, separated by commas')
    if (shown.has(number)) throw malformed(`names entry ${number} twice`)
    shown.set(number, bytes)
  }
  return shown
}
