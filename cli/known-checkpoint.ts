import { parseSignedCheckpoint, parseTlogProof } from '../src/core/index.ts'
import { LedgerClient } from '../src/client/index.ts'
import type { KnownCheckpoint } from '../src/ledger/index.ts'
import { readArtefact } from './evidence-files.ts'

/** A checkpoint that somebody kept: a note, a receipt, or what a URL answers. Throws `file-unreadable`, `server-unreachable`, and the note's codes. */
export async function knownCheckpoint(from: string): Promise<KnownCheckpoint> {
  if (/^https?:\/\//.test(from)) {
    const bytes = await new LedgerClient(from).fetchBytes('/checkpoint')
    return { ...parseSignedCheckpoint(bytes ?? new Uint8Array()), where: from }
  }
  const bytes = readArtefact(from)
  const isReceipt = Buffer.from(bytes).toString('latin1').startsWith('c2sp.org/tlog-proof')
  return { ...(isReceipt ? parseTlogProof(bytes) : parseSignedCheckpoint(bytes)), where: from }
}
