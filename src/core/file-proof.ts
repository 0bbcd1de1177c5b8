import { hashLines, tryHash } from './base64.ts'
import { concat, latin1, parseDecimal, utf8 } from './bytes.ts'
import { EvidenceError } from './errors.ts'
import { type ManifestLine, parseManifestLine } from './manifest.ts'
import { maxProofBytes } from './tlog-proof.ts'
import { explained } from './transit.ts'

/** The receipt, and a path of the manifest before it. */
export const maxFileProofBytes: number = maxProofBytes + 64 * 1024
const version = 'evidence-ledger/file-proof/v1'

/**
 * Proof of one file out of a manifest (`.file-proof`, docs/spec/09-file-proof.md); bytes, since paths are:
 *
 *     evidence-ledger/file-proof/v1
 *     0
 *     3
 *     5feceb66…  mail/notice.eml
 *     <path hashes, base64, a line each, leaf to root>
 *
 *     <the receipt, verbatim>
 */
export interface FileProof {
  /** Number of the manifest among the deposit's items, from 0. */
  readonly item: number
  /** Number of the line in the manifest, from 0. */
  readonly lineIndex: number
  /** The line's bytes, without line feed: the leaf. */
  readonly line: Uint8Array
  readonly file: ManifestLine
  readonly hashes: readonly Uint8Array[]
  readonly receipt: Uint8Array
}

/** Reads a file proof; the line's grammar is checked before anybody hashes it. Throws `file-proof-malformed`, `manifest-malformed`. */
export function parseFileProof(bytes: Uint8Array): FileProof {
  return explained(bytes, 'file proof', () => readFileProof(bytes))
}

function readFileProof(bytes: Uint8Array): FileProof {
  const bad = (why: string): EvidenceError => new EvidenceError('file-proof-malformed', `the file proof ${why}`)
  if (bytes.length > maxFileProofBytes) throw bad('is too long')
  let at = 0
  const next = (): Uint8Array => {
    const end = bytes.indexOf(0x0a, at)
    if (end < 0) throw bad('ends too early')
    const line = bytes.subarray(at, end)
    at = end + 1
    return line
  }
  if (latin1(next()) !== version) throw bad(`does not begin with ${version}`)
  const item = parseDecimal(latin1(next()))
  const lineIndex = parseDecimal(latin1(next()))
  if (item === undefined || lineIndex === undefined) throw bad('has no canonical item number and line index')
  const line = next().slice()
  const file = parseManifestLine(line)
  const hashes: Uint8Array[] = []
  for (let text = next(); text.length > 0; text = next()) {
    const hash = tryHash(latin1(text))
    if (hash === undefined || hashes.length === 63) throw bad('has a path line that is not a base64 hash')
    hashes.push(hash)
  }
  return { item, lineIndex, line, file, hashes, receipt: bytes.slice(at) }
}

/** Writes a file proof. */
export function encodeFileProof(proof: Omit<FileProof, 'file'>): Uint8Array {
  const head = utf8(`${version}\n${proof.item}\n${proof.lineIndex}\n`)
  const tail = utf8(`\n${hashLines(proof.hashes)}\n`)
  return concat(head, proof.line, tail, proof.receipt)
}

const begins = 'evidence-ledger/file-proof/'

/** True for what begins as a file proof does, of whatever version, and whatever a mail program made of its line ends. */
export function isFileProof(bytes: Uint8Array): boolean {
  return latin1(bytes.subarray(0, begins.length)) === begins
}
