import { hashLines, tryHash } from './base64.ts'
import { fromUtf8, parseDecimal, utf8 } from './bytes.ts'
import { parseSignedCheckpoint, type SignedCheckpoint } from './checkpoint.ts'
import { EvidenceError } from './errors.ts'
import { maxNoteBytes } from './note.ts'
import { explained } from './transit.ts'

export const maxTransitionBytes: number = maxNoteBytes + 8192
const version = 'evidence-ledger/key-transition/v1'
const maxHashes = 126

/**
 * Shows that an older tree is a beginning of one that the ledger's present key signs (`.key-transition`,
 * docs/spec/14-ledger-keys.md): for receipts whose checkpoint a retired key signed.
 *
 *     evidence-ledger/key-transition/v1
 *     from 73894
 *     <consistency proof, base64, a line each>
 *
 *     <checkpoint, verbatim>
 */
export interface KeyTransition extends SignedCheckpoint {
  /** Size of the older tree. */
  readonly from: number
  /** 32 bytes each, at most 126. */
  readonly hashes: readonly Uint8Array[]
}

/** Reads a key transition. Throws `transition-malformed` and the codes of the checkpoint. */
export function parseKeyTransition(bytes: Uint8Array): KeyTransition {
  return explained(bytes, 'key transition', () => readKeyTransition(bytes))
}

function readKeyTransition(bytes: Uint8Array): KeyTransition {
  const bad = (why: string): EvidenceError => new EvidenceError('transition-malformed', `the key transition ${why}`)
  if (bytes.length > maxTransitionBytes) throw bad('is too long')
  const text = fromUtf8(bytes, 'key transition')
  const split = text.indexOf('\n\n')
  if (split < 0) throw bad('has no empty line before its checkpoint')
  const [first, fromLine = '', ...lines] = text.slice(0, split).split('\n')
  if (first !== version) throw bad(`does not begin with ${version}`)
  const from = fromLine.startsWith('from ') ? parseDecimal(fromLine.slice(5)) : undefined
  if (from === undefined) throw bad('has no canonical size in its second line')
  if (lines.length > maxHashes) throw bad(`has more than ${maxHashes} hashes`)
  const hashes = lines.map((line) => {
    const hash = tryHash(line)
    if (hash === undefined) throw bad('has a line that is not a base64 hash')
    return hash
  })
  return { from, hashes, ...parseSignedCheckpoint(utf8(text.slice(split + 2))) }
}

/** Writes a key transition. */
export function encodeKeyTransition(from: number, hashes: readonly Uint8Array[], note: string): string {
  return `${version}\nfrom ${from}\n${hashLines(hashes)}\n${note}`
}
