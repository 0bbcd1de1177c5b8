import { toBase64 } from './base64.ts'
import { concat, equalBytes, fromUtf8, latin1, utf8 } from './bytes.ts'
import { type Disclosure, maxDisclosures, parseDisclosure } from './disclosure.ts'
import { entryVersion, type ParsedEntry, parseEntry } from './entry.ts'
import { EvidenceError } from './errors.ts'
import { canonicalJwk, type Jwk, parseCanonicalJwk } from './jwk.ts'
import { encodeTlogProof, parseTlogProof, type TlogProof } from './tlog-proof.ts'

/**
 * A receipt (`.tlog-proof`, docs/spec/06-receipt.md): a tlog-proof whose extra data is the entry's five lines, the signer's
 * JWK in RFC 7638 form, and a line for each disclosure that the holder may see.
 */
export interface Receipt {
  readonly proof: TlogProof
  readonly entryBytes: Uint8Array
  /** The entry, read. Where its `known` is false it is of a later version: what it says is not judged, all else is. */
  readonly entry: ParsedEntry
  readonly signer: Jwk
  readonly disclosures: readonly Disclosure[]
}

const keyLineStart = utf8('{"crv":')

/** Where the entry ends: after five lines, or, in a version that may have more, before the line of the signer's key. */
function endOfEntry(extra: Uint8Array): number | undefined {
  const isKnown = latin1(extra.subarray(0, entryVersion.length + 1)) === `${entryVersion}\n`
  for (let line = 1, end = 0; ; line++) {
    end = extra.indexOf(0x0a, end) + 1
    if (end === 0) return undefined
    if (line < 5) continue
    if (isKnown || equalBytes(extra.subarray(end, end + keyLineStart.length), keyLineStart)) return end
  }
}

/**
 * Reads a receipt: the spelling of every part, the key rules included. Signatures, inclusion and policy are for
 * `src/verify`. Throws `receipt-malformed` and the codes of its parts.
 */
export function parseReceipt(bytes: Uint8Array): Receipt {
  const proof = parseTlogProof(bytes)
  const { extra } = proof
  const bad = (why: string): EvidenceError => new EvidenceError('receipt-malformed', `the receipt’s extra data ${why}`)
  if (extra === undefined) throw bad('is missing')
  if (!fromUtf8(extra, 'receipt').endsWith('\n')) throw bad('does not end in a line feed')
  const entryEnd = endOfEntry(extra)
  if (entryEnd === undefined) throw bad('has fewer than the five lines of an entry')
  const [jwk, ...disclosures] = fromUtf8(extra.subarray(entryEnd), 'receipt').split('\n').slice(0, -1)
  if (jwk === undefined) throw bad('has no line of the signer’s key after the entry')
  if (disclosures.length > maxDisclosures) throw bad(`has more than ${maxDisclosures} disclosures`)
  const entryBytes = extra.slice(0, entryEnd)
  const entry = parseEntry(entryBytes)
  return { proof, entryBytes, entry, signer: parseCanonicalJwk(jwk), disclosures: disclosures.map(parseDisclosure) }
}

/** What a receipt's extra data consists of. */
export interface ReceiptParts {
  readonly entryBytes: Uint8Array
  readonly signer: Jwk
  /** The text of each disclosure. */
  readonly disclosures: readonly string[]
}

/** A receipt's extra data: the entry, the signer's key, and the disclosures that the holder may see. */
export function encodeReceiptExtra({ entryBytes, signer, disclosures }: ReceiptParts): Uint8Array {
  let tail = `${canonicalJwk(signer)}\n`
  for (const disclosure of disclosures) tail += `${disclosure}\n`
  return concat(entryBytes, utf8(tail))
}

/** Writes a receipt. */
export function encodeReceipt(
  parts: ReceiptParts,
  index: number,
  hashes: readonly Uint8Array[],
  noteText: string,
): string {
  return encodeTlogProof(index, hashes.map(toBase64), noteText, encodeReceiptExtra(parts))
}
