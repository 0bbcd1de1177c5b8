import { equalBytes } from '../../core/bytes.ts'
import { parseSignedCheckpoint } from '../../core/checkpoint.ts'
import { encodeNote, type NoteSignature, type SignedNote, type VerifierKey, verifyNote } from '../../core/note.ts'

/** A cosignature that was verified. */
export interface Cosignature {
  readonly key: VerifierKey
  readonly line: NoteSignature
  /** Seconds since 1970. */
  readonly timestamp: number
}

/** A durable checkpoint on its way to being published: the ledger's signature, and the cosignatures as they come. */
export class Candidate {
  readonly size: number
  readonly root: Uint8Array
  /** What is signed. */
  readonly text: string
  private readonly own: readonly NoteSignature[]
  private readonly cosignatures = new Map<string, Cosignature>()

  /** @param note The checkpoint as the ledger signed it. */
  constructor(note: string) {
    const signed = parseSignedCheckpoint(new TextEncoder().encode(note))
    this.size = signed.checkpoint.size
    this.root = signed.checkpoint.root
    this.text = signed.note.text
    this.own = signed.note.signatures
  }

  /** A later cosignature by the same key takes the place of the earlier one. */
  add(cosignature: Cosignature): void {
    this.cosignatures.set(cosignature.key.text, cosignature)
  }

  has(key: VerifierKey): boolean {
    return this.cosignatures.has(key.text)
  }

  /** True where a key other than the ledger's own has cosigned. */
  isWitnessed(ownKey: VerifierKey | undefined): boolean {
    return [...this.cosignatures.keys()].some((text) => text !== ownKey?.text)
  }

  timestampOf(key: VerifierKey): number | undefined {
    return this.cosignatures.get(key.text)?.timestamp
  }

  /** The note as it stands now: the ledger's signature first. */
  get note(): SignedNote {
    return { text: this.text, signatures: [...this.own, ...[...this.cosignatures.values()].map(({ line }) => line)] }
  }

  /** The text of {@link note}: the checkpoint with all signatures that it has. */
  encode(): string {
    return encodeNote(this.note)
  }

  /** The note as a witness is sent it: with the ledger's own signatures alone. */
  encodeFor(ownKey: VerifierKey | undefined): string {
    const second = ownKey === undefined ? undefined : this.cosignatures.get(ownKey.text)?.line
    return encodeNote({ text: this.text, signatures: second === undefined ? this.own : [...this.own, second] })
  }

  /**
   * A candidate as it was kept. Undefined where it is not signed by `key`; cosignatures of other keys than `known` are left out.
   * Throws `note-malformed`, `checkpoint-malformed`, `signature-invalid`.
   */
  static read(text: string, key: VerifierKey, known: readonly VerifierKey[]): Candidate | undefined {
    const { note, checkpoint } = parseSignedCheckpoint(new TextEncoder().encode(text))
    const verified = verifyNote(note, [key, ...known])
    if (checkpoint.origin !== key.name || verified[0]?.key !== key) return undefined
    const lineOf = (one: VerifierKey): NoteSignature =>
      note.signatures.find(({ name, id }) => name === one.name && equalBytes(id, one.id)) as NoteSignature
    const candidate = new Candidate(encodeNote({ text: note.text, signatures: [lineOf(key)] }))
    for (const { key: by, timestamp } of verified) {
      if (by !== key) candidate.add({ key: by, line: lineOf(by), timestamp: timestamp ?? 0 })
    }
    return candidate
  }
}
