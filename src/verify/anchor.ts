import { valueOr } from '../core/attempt.ts'
import { toBase64, tryBase64, tryHash } from '../core/base64.ts'
import { fromUtf8, parseDecimal, utf8 } from '../core/bytes.ts'
import { parseSignedCheckpoint, type SignedCheckpoint } from '../core/checkpoint.ts'
import { EvidenceError } from '../core/errors.ts'
import { defined } from '../core/objects.ts'
import { parseReceipt, type Receipt } from '../core/receipt.ts'
import { explained } from '../core/transit.ts'

/*
 * An anchor (docs/spec/16-anchors.md): a lower ledger's checkpoint, and the upper ledger's receipt of it.
 *
 *     evidence-ledger/anchor/v1
 *     lower <base64 of the note>
 *     from 41
 *     hash <base64>
 *
 *     <receipt, verbatim>
 */

const version = 'evidence-ledger/anchor/v1'
/** Largest anchor, in bytes. */
export const maxAnchorBytes: number = 2 * 1024 * 1024

/** A consistency proof to an anchor's checkpoint. */
export interface AnchorLink {
  /** Size that the proof begins at. */
  readonly from: number
  readonly hashes: readonly Uint8Array[]
}

/** What an anchor file is made of. */
export interface AnchorParts {
  /** The lower ledger's note, as received. */
  readonly lower: Uint8Array
  readonly link?: AnchorLink
  /** The upper ledger's receipt, as received. */
  readonly upper: Uint8Array
}

/** An anchor that was read; nothing of it is verified. */
export interface Anchor extends AnchorParts {
  readonly checkpoint: SignedCheckpoint['checkpoint']
  readonly receipt: Receipt
}

/** Writes an anchor. */
export function encodeAnchor({ lower, link, upper }: AnchorParts): Uint8Array {
  const lines = [version, `lower ${toBase64(lower)}`]
  if (link !== undefined) {
    lines.push(`from ${link.from}`)
    for (const hash of link.hashes) lines.push(`hash ${toBase64(hash)}`)
  }
  return utf8(`${lines.join('\n')}\n\n${fromUtf8(upper, 'receipt')}`)
}

function bad(why: string): EvidenceError {
  return new EvidenceError('anchor-malformed', `the anchor ${why}`)
}

/** Reads an anchor. Throws `anchor-malformed`, and the codes of notes and receipts. */
export function parseAnchor(bytes: Uint8Array): Anchor {
  return explained(bytes, 'anchor', () => readAnchor(bytes))
}

function readAnchor(bytes: Uint8Array): Anchor {
  if (bytes.length > maxAnchorBytes) throw bad(`is longer than ${maxAnchorBytes} bytes`)
  const text = valueOr(() => fromUtf8(bytes, 'anchor'), undefined)
  if (text === undefined) throw bad('is not UTF-8')
  const split = text.indexOf('\n\n')
  if (split < 0) throw bad('has no empty line before the receipt')
  const [first, lowerLine, fromLine, ...hashLines] = text.slice(0, split).split('\n')
  if (first !== version) throw bad(`does not begin with ${version}`)
  const lower = lowerLine?.startsWith('lower ') === true ? tryBase64(lowerLine.slice(6)) : undefined
  if (lower === undefined || lower.length === 0) throw bad('holds no lower checkpoint in canonical base64')
  const upper = utf8(text.slice(split + 2))
  const { checkpoint } = parseSignedCheckpoint(lower)
  const link = fromLine === undefined ? undefined : readLink(fromLine, hashLines)
  if (link !== undefined && link.from > checkpoint.size) throw bad('has a proof from a size larger than its checkpoint')
  return { lower, upper, checkpoint, receipt: parseReceipt(upper), ...defined({ link }) }
}

function readLink(fromLine: string, hashLines: readonly string[]): AnchorLink {
  const from = fromLine.startsWith('from ') ? parseDecimal(fromLine.slice(5)) : undefined
  if (from === undefined || from < 1) throw bad('has a third line that is no "from" and a size')
  if (hashLines.length > 63) throw bad('has more than 63 hashes')
  const hashes = hashLines.map((line) => {
    const hash = line.startsWith('hash ') ? tryHash(line.slice(5)) : undefined
    if (hash === undefined) throw bad('has a line that is no hash')
    return hash
  })
  return { from, hashes }
}
