import { utf8 } from './bytes.ts'
import { type Checkpoint, checkpointText, parseCheckpointText } from './checkpoint-text.ts'
import { encodeNote, parseNote, type SignedNote, type VerifierKey } from './note.ts'
import { explained } from './transit.ts'

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
  return explained(bytes, 'checkpoint', () => readSigned(bytes))
}

function readSigned(bytes: Uint8Array): SignedCheckpoint {
  const note = parseNote(bytes)
  return { checkpoint: parseCheckpointText(note.text), note }
}

/** A key that signs notes: `sign` gives the signature, or a promise of it where the key is in hardware. */
export interface NoteSigner {
  readonly key: VerifierKey
  /** Ed25519 signature, 64 bytes. */
  readonly sign: (message: Uint8Array) => Uint8Array | Promise<Uint8Array>
}

/** Signs a checkpoint with several keys, in their order. */
export async function signCheckpointBy(checkpoint: Checkpoint, signers: readonly NoteSigner[]): Promise<string> {
  const text = checkpointText(checkpoint)
  const message = utf8(text)
  const signatures = signers.map(async ({ key, sign }) => ({ ...key, signature: await sign(message) }))
  return encodeNote({ text, signatures: await Promise.all(signatures) })
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
