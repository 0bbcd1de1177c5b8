import { append } from './arrays.ts'
import { toBase64, tryBase64, tryHash } from './base64.ts'
import { compareBytes, fromUtf8, latin1, parseDecimal, utf8 } from './bytes.ts'
import type { Checkpoint } from './checkpoint-text.ts'
import { parseSignedCheckpoint, type SignedCheckpoint } from './checkpoint.ts'
import { EvidenceError } from './errors.ts'
import { canonicalJwk, type Jwk, parseCanonicalJwk } from './jwk.ts'
import { explained } from './transit.ts'

/*
 * A proof of misbehaviour (docs/spec/17-misbehaviour.md), one line a field:
 *
 *     evidence-ledger/misbehaviour/v1
 *     split-view
 *     checkpoint <base64>
 *     checkpoint <base64>
 */

const version = 'evidence-ledger/misbehaviour/v1'
/** Largest proof, in bytes. */
export const maxMisbehaviourBytes: number = 1024 * 1024
const maxHashes = 127

/** An entry that the ledger sequenced, with the path to its checkpoint's root. */
export interface SequencedEntry {
  readonly index: number
  readonly bytes: Uint8Array
  readonly proof: readonly Uint8Array[]
  readonly signer?: Jwk
}

/** Notes are as received. */
export type Misbehaviour =
  | { readonly kind: 'split-view'; readonly notes: readonly [Uint8Array, Uint8Array] }
  | {
      readonly kind: 'inconsistent'
      readonly notes: readonly [Uint8Array, Uint8Array]
      readonly hashes: readonly Uint8Array[]
    }
  | { readonly kind: 'entry'; readonly notes: readonly [Uint8Array]; readonly entries: readonly SequencedEntry[] }

const begins = 'evidence-ledger/misbehaviour/'

/** True for what begins as a proof of misbehaviour does, of whatever version, and whatever a mail program made of its line ends. */
export function isMisbehaviour(bytes: Uint8Array): boolean {
  return latin1(bytes.subarray(0, begins.length)) === begins
}

/** Writes a proof; two checkpoints, and two entries, in the order that the format asks for. */
export function encodeMisbehaviour(proof: Misbehaviour): Uint8Array {
  const lines = [version, proof.kind]
  const notes = proof.notes.length === 2 ? inOrder(proof.notes) : proof.notes
  for (const note of notes) lines.push(`checkpoint ${toBase64(note)}`)
  if (proof.kind === 'inconsistent') append(lines, proof.hashes.map(hashLine))
  if (proof.kind === 'entry') {
    for (const { index, bytes, proof: path, signer } of [...proof.entries].sort((a, b) => a.index - b.index)) {
      lines.push(`entry ${index} ${toBase64(bytes)}`)
      append(lines, path.map(hashLine))
      if (signer !== undefined) lines.push(`signer ${canonicalJwk(signer)}`)
    }
  }
  return utf8(`${lines.join('\n')}\n`)
}

function hashLine(hash: Uint8Array): string {
  return `hash ${toBase64(hash)}`
}

/** The smaller first; of one size, the lower root. */
function inOrder(notes: readonly [Uint8Array, Uint8Array]): readonly [Uint8Array, Uint8Array] {
  const [a, b] = notes.map((note) => parseSignedCheckpoint(note).checkpoint) as [Checkpoint, Checkpoint]
  const isAscending = a.size < b.size || (a.size === b.size && compareBytes(a.root, b.root) <= 0)
  return isAscending ? notes : [notes[1], notes[0]]
}

/** What was read, with its checkpoints taken apart. */
export interface ParsedMisbehaviour {
  readonly proof: Misbehaviour
  readonly checkpoints: readonly SignedCheckpoint[]
}

function bad(why: string): EvidenceError {
  return new EvidenceError('misbehaviour-malformed', `the proof of misbehaviour ${why}`)
}

/** Reads a proof, strictly: what is accepted is written again as it was. Throws `misbehaviour-malformed`, and the codes of notes. */
export function parseMisbehaviour(bytes: Uint8Array): ParsedMisbehaviour {
  return explained(bytes, 'proof of misbehaviour', () => readMisbehaviour(bytes))
}

function readMisbehaviour(bytes: Uint8Array): ParsedMisbehaviour {
  if (bytes.length > maxMisbehaviourBytes) throw bad(`is longer than ${maxMisbehaviourBytes} bytes`)
  const text = fromUtf8(bytes, 'proof of misbehaviour')
  if (!text.endsWith('\n')) throw bad('does not end in a line feed')
  const lines = new Lines(text.slice(0, -1).split('\n'))
  if (lines.next() !== version) throw bad(`does not begin with ${version}`)
  const proof = readKind(lines)
  if (!lines.isAtEnd) throw bad('has lines after its end')
  const checkpoints = proof.notes.map((note) => parseSignedCheckpoint(note))
  if (proof.kind === 'entry' && proof.entries[0]?.index === proof.entries[1]?.index) throw bad('has an entry twice')
  if (compareBytes(encodeMisbehaviour(proof), bytes) !== 0) throw bad('is not in the order that its format asks for')
  return { proof, checkpoints }
}

function readKind(lines: Lines): Misbehaviour {
  const kind = lines.next()
  const note = (): Uint8Array => lines.base64('checkpoint')
  if (kind === 'split-view') return { kind, notes: [note(), note()] }
  if (kind === 'inconsistent') {
    const [notes, hashes] = [[note(), note()] as const, lines.hashes(maxHashes)]
    if (hashes.length === 0) throw bad('has no hash where one must be')
    return { kind, notes, hashes }
  }
  if (kind !== 'entry') throw bad('is of no kind that this version knows')
  const notes = [note()] as const
  const entries = [readEntry(lines)]
  if (!lines.isAtEnd) entries.push(readEntry(lines))
  return { kind, notes, entries }
}

function readEntry(lines: Lines): SequencedEntry {
  const [word, index, base64, more] = (lines.next() ?? '').split(' ')
  const at = parseDecimal(index ?? '')
  const bytes = tryBase64(base64 ?? '')
  if (word !== 'entry' || at === undefined || bytes === undefined || bytes.length === 0 || more !== undefined)
    throw bad('has no entry where one must be')
  const proof = lines.hashes(63)
  const signer = lines.after('signer ')
  return { index: at, bytes, proof, ...(signer === undefined ? {} : { signer: parseCanonicalJwk(signer) }) }
}

class Lines {
  private at = 0
  private readonly lines: readonly string[]
  constructor(lines: readonly string[]) {
    this.lines = lines
  }
  get isAtEnd(): boolean {
    return this.at === this.lines.length
  }
  next(): string | undefined {
    return this.lines[this.at++]
  }
  /** The rest of the next line, where it begins so; else it stays. */
  after(word: string): string | undefined {
    const line = this.lines[this.at]
    if (line?.startsWith(word) !== true) return undefined
    this.at++
    return line.slice(word.length)
  }
  base64(word: string): Uint8Array {
    const bytes = tryBase64(this.after(`${word} `) ?? '')
    if (bytes === undefined || bytes.length === 0) throw bad(`has no ${word} where one must be`)
    return bytes
  }
  hashes(most: number): Uint8Array[] {
    const out: Uint8Array[] = []
    for (let text = this.after('hash '); text !== undefined; text = this.after('hash ')) {
      const hash = tryHash(text)
      if (hash === undefined || out.length === most) throw bad('has a hash that is none, or too many')
      out.push(hash)
    }
    return out
  }
}
