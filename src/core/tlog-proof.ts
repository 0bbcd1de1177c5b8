import { toBase64, tryBase64, tryHash } from './base64.ts'
import { fromUtf8, parseDecimal, utf8 } from './bytes.ts'
import { parseSignedCheckpoint, type SignedCheckpoint } from './checkpoint.ts'
import { EvidenceError } from './errors.ts'
import { explained } from './transit.ts'

const version = 'c2sp.org/tlog-proof@v1'
/** Largest proof, in bytes: an entry, five disclosures and a note of many signatures fit. */
export const maxProofBytes = 1024 * 1024

/**
 * C2SP tlog-proof:
 *
 *     c2sp.org/tlog-proof@v1
 *     extra <base64>
 *     index 73894
 *     <proof hashes, base64, a line each, leaf to root>
 *
 *     <checkpoint, verbatim>
 */
export interface TlogProof extends SignedCheckpoint {
  readonly extra: Uint8Array | undefined
  readonly index: number
  /** 32 bytes each, at most 63. */
  readonly hashes: readonly Uint8Array[]
  /** The checkpoint's note, as received. */
  readonly noteText: string
}

/** Reads a tlog-proof. Throws `receipt-malformed` and the codes of the checkpoint. */
export function parseTlogProof(bytes: Uint8Array): TlogProof {
  return explained(bytes, 'receipt', () => readTlogProof(bytes))
}

function readTlogProof(bytes: Uint8Array): TlogProof {
  const bad = (why: string): EvidenceError => new EvidenceError('receipt-malformed', `the receipt ${why}`)
  if (bytes.length > maxProofBytes) throw bad(`is longer than ${maxProofBytes} bytes`)
  const text = fromUtf8(bytes, 'receipt')
  const split = text.indexOf('\n\n')
  if (split < 0) throw bad('has no empty line before the checkpoint')
  const lines = text.slice(0, split).split('\n')
  if (lines.shift() !== version) throw bad(`does not begin with ${version}`)
  let extra: Uint8Array | undefined
  if (lines[0]?.startsWith('extra ')) {
    extra = tryBase64((lines.shift() as string).slice(6))
    if (extra === undefined || extra.length === 0) throw bad('has extra data that is not canonical base64')
  }
  const indexLine = lines.shift() ?? ''
  const index = indexLine.startsWith('index ') ? parseDecimal(indexLine.slice(6)) : undefined
  if (index === undefined) throw bad('has no canonical index line')
  if (lines.length > 63) throw bad('has more than 63 proof hashes')
  const hashes = lines.map((line) => {
    const hash = tryHash(line)
    if (hash === undefined) throw bad('has a proof line that is not a base64 hash')
    return hash
  })
  const noteText = text.slice(split + 2)
  return { extra, index, hashes, noteText, ...parseSignedCheckpoint(utf8(noteText)) }
}

/**
 * A tlog-proof as far as its checkpoint, which a group's receipts share, in parts to be joined. The proof's lines are base64
 * already. ASCII throughout; `lineEnd` ends every line, those of the proof too, so that a writer of JSON can have it escaped.
 */
export function tlogProofHead(index: number, proofLines: string, extra?: Uint8Array, lineEnd = '\n'): string[] {
  const extraLine = extra === undefined ? [] : ['extra ', toBase64(extra), lineEnd]
  return [version + lineEnd, ...extraLine, `index ${index}${lineEnd}`, proofLines, lineEnd]
}

/** Writes a tlog-proof; the hashes are base64 already. */
export function encodeTlogProof(
  index: number,
  hashes: readonly string[],
  noteText: string,
  extra?: Uint8Array,
): string {
  return tlogProofHead(index, hashes.map((hash) => `${hash}\n`).join(''), extra).join('') + noteText
}
