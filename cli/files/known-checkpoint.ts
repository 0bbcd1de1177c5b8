import { parseSignedCheckpoint, type SignedCheckpoint } from '../../src/core/checkpoint.ts'
import { parseTlogProof } from '../../src/core/tlog-proof.ts'
import { LedgerClient } from '../../src/client/ledger-client.ts'
import type { KnownCheckpoint } from '../../src/ledger/copy/known.ts'
import { parseArtefact, readArtefact } from '../../src/check/node/artefact.ts'

/** A checkpoint that somebody kept: a note, a receipt, or what a URL answers. Throws `file-unreadable`, `server-unreachable`, and the note's codes. */
export async function knownCheckpoint(from: string): Promise<KnownCheckpoint> {
  if (/^https?:\/\//.test(from)) {
    const bytes = await new LedgerClient(from).fetchBytes('/checkpoint')
    return { ...parseSignedCheckpoint(bytes ?? new Uint8Array()), where: from }
  }
  return { ...keptCheckpoint(from), where: from }
}

/** A checkpoint in a file as a statement names it: of the ledger that goes before or after. Throws `file-unreadable`, and the note's codes. */
export function checkpointNamed(path: string): { readonly origin: string; readonly checkpoint: string } {
  const bytes = readArtefact(path)
  return { origin: parseSignedCheckpoint(bytes).checkpoint.origin, checkpoint: Buffer.from(bytes).toString('utf8') }
}

/** A checkpoint as a note in a file, or the one in a receipt. Throws `file-unreadable`, `receipt-malformed`, and the note's codes. */
export function keptCheckpoint(path: string): SignedCheckpoint {
  return parseArtefact(path, (bytes) =>
    Buffer.from(bytes).toString('latin1').startsWith('c2sp.org/tlog-proof')
      ? parseTlogProof(bytes)
      : parseSignedCheckpoint(bytes),
  )
}
