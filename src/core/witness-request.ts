import { hashLines, tryHash } from './base64.ts'
import { fromUtf8, parseDecimal } from './bytes.ts'
import { parseTreeHead, type TreeHead } from './checkpoint-text.ts'
import { EvidenceError } from './errors.ts'
import {
  maxNoteBytes,
  maxNoteSignatures,
  type NoteSignature,
  parseNote,
  parseSignatureLine,
  type SignedNote,
} from './note.ts'

/*
 * Requests and answers of C2SP tlog-witness:
 *
 *     old 20852014
 *     PlRNCrwHpqhGrupue0L7gxbjbMiKA9temvuZZDDpkaw=
 *
 *     example.com/behind-the-sofa
 *     20852163
 *     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
 *
 *     — example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5…
 */

/** Most lines of a consistency proof. */
export const maxProofLines = 63
/** Largest request: two lines, a proof, an empty line, and a note. */
export const maxWitnessRequestBytes: number = maxNoteBytes + 45 * (maxProofLines + 1) + 128
/** Largest answer: as many signature lines as a note may have. */
export const maxWitnessAnswerBytes: number = maxNoteBytes

/** The media type of the answer 409. */
export const treeSizeMediaType = 'text/x.tlog.size'

/** A request's checkpoint: parsed, not verified; it may be any log's. */
export interface OfferedCheckpoint {
  readonly head: TreeHead
  readonly note: SignedNote
}

export interface AddCheckpointRequest extends OfferedCheckpoint {
  readonly oldSize: number
  readonly proof: readonly Uint8Array[]
}

export interface SignSubtreeRequest extends OfferedCheckpoint {
  readonly start: number
  readonly end: number
  /** 32 bytes. */
  readonly hash: Uint8Array
  readonly proof: readonly Uint8Array[]
}

function bad(why: string): EvidenceError {
  return new EvidenceError('witness-request-malformed', `the request ${why}`)
}

function hashOf(line: string): Uint8Array {
  const hash = tryHash(line)
  if (hash === undefined) throw bad('has a line before its checkpoint that is no hash in base64')
  return hash
}

/** The lines before the first empty one, at most `most`, and the checkpoint after it. */
function split(bytes: Uint8Array, most: number): { lines: string[]; checkpoint: OfferedCheckpoint } {
  if (bytes.length > maxWitnessRequestBytes) throw bad(`has more than ${maxWitnessRequestBytes} bytes`)
  const lines: string[] = []
  for (let at = 0; ; ) {
    const end = bytes.indexOf(0x0a, at)
    if (end < 0) throw bad('has no empty line before its checkpoint')
    if (end === at) {
      const note = parseNote(bytes.subarray(end + 1))
      return { lines, checkpoint: { note, head: parseTreeHead(note.text) } }
    }
    if (lines.length === most) throw bad(`has more than ${most} lines before its checkpoint`)
    lines.push(fromUtf8(bytes.subarray(at, end), 'request'))
    at = end + 1
  }
}

/** Reads a body of add-checkpoint. Throws `witness-request-malformed`, `note-malformed`, `checkpoint-malformed`, `utf8-malformed`. */
export function parseAddCheckpoint(bytes: Uint8Array): AddCheckpointRequest {
  const { lines, checkpoint } = split(bytes, 1 + maxProofLines)
  const [old, ...proof] = lines
  const oldSize = old?.startsWith('old ') === true ? parseDecimal(old.slice(4)) : undefined
  if (oldSize === undefined) throw bad('does not begin with "old" and a canonical size')
  return { oldSize, proof: proof.map(hashOf), ...checkpoint }
}

/** Writes a body of add-checkpoint. */
export function encodeAddCheckpoint(oldSize: number, proof: readonly Uint8Array[], checkpoint: string): string {
  return `old ${oldSize}\n${hashLines(proof)}\n${checkpoint}`
}

/** Reads a body of sign-subtree. Throws as {@link parseAddCheckpoint}. */
export function parseSignSubtree(bytes: Uint8Array): SignSubtreeRequest {
  const { lines, checkpoint } = split(bytes, 2 + maxProofLines)
  const [range, hash, ...proof] = lines
  const [word, from, to, extra] = (range ?? '').split(' ')
  const [start, end] = [from, to].map((text) => (text === undefined ? undefined : parseDecimal(text)))
  if (word !== 'subtree' || start === undefined || end === undefined || extra !== undefined)
    throw bad('does not begin with "subtree" and two canonical numbers')
  if (hash === undefined) throw bad('has no hash of the subtree')
  return { start, end, hash: hashOf(hash), proof: proof.map(hashOf), ...checkpoint }
}

/** Reads an answer of signature lines: one or more. Throws `note-malformed`, `utf8-malformed`. */
export function parseSignatureLines(bytes: Uint8Array): NoteSignature[] {
  const text = fromUtf8(bytes, 'answer')
  const lines = text.split('\n')
  if (
    bytes.length > maxWitnessAnswerBytes ||
    lines.length < 2 ||
    lines.length > maxNoteSignatures + 1 ||
    lines.pop() !== ''
  ) {
    throw new EvidenceError('note-malformed', 'the answer is not 1 to 64 signature lines, each ended by a line feed')
  }
  return lines.map(parseSignatureLine)
}
