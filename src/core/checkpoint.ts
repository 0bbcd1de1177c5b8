import { utf8 } from './bytes.ts'
import { type Checkpoint, checkpointText, parseCheckpointText } from './checkpoint-text.ts'
import { encodeNote, parseNote, type SignedNote, type VerifierKey } from './note.ts'

/*
 * A signed tree head, C2SP tlog-checkpoint without extension lines (docs/spec/05-checkpoint.md):
 *
 *     court.example/ledger-7f3a
 *     20852163
 *     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
 *
 *     — court.example/ledger-7f3a Az3grlgtzPICa5OS…
 */

/** A checkpoint as a note: parsed, not verified. */
export interface SignedCheckpoint {
  readonly checkpoint: Checkpoint
  readonly note: SignedNote
}

/** Reads a signed checkpoint; its signatures are the caller's to judge. Throws `note-malformed`, `checkpoint-malformed`. */
export function parseSignedCheckpoint(bytes: Uint8Array): SignedCheckpoint {
  const note = parseNote(bytes)
  return { checkpoint: parseCheckpointText(note.text), note }
}

/** Signs a checkpoint with the ledger's key; `sign` gives the 64 bytes of an Ed25519 signature. */
export function signCheckpoint(
  checkpoint: Checkpoint,
  key: VerifierKey,
  sign: (message: Uint8Array) => Uint8Array,
): string {
  const text = checkpointText(checkpoint)
  return encodeNote({ text, signatures: [{ name: key.name, id: key.id, signature: sign(utf8(text)) }] })
}
