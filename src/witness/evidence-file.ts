import { createHash } from 'node:crypto'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { toBase64 } from '../core/base64.ts'
import { utf8 } from '../core/bytes.ts'
import { encodeMisbehaviour } from '../core/misbehaviour.ts'
import { encodeNote } from '../core/note.ts'
import { timeText } from '../core/time.ts'
import type { AddCheckpointRequest } from '../core/witness-request.ts'
import { writeDurably } from '../node/durable-file.ts'
import { originHash } from './folder.ts'
import type { Cosigned } from './state.ts'

/**
 * What a log's checkpoint did that does not go with the last one:
 * - `two-roots`: both have one size, other roots, and the log's signature. They prove a second history, to anybody, and are kept
 *   as a proof of misbehaviour (docs/spec/17-misbehaviour.md) that `evidence check` reads.
 * - `no-proof`: the consistency proof that came with it does not lead from the one to the other. Both are signed by the log; that
 *   no other proof would, they do not show alone.
 */
export type MisbehaviourKind = 'two-roots' | 'no-proof'

/**
 * Most files of one kind that are kept of one log: the first ones tell all that there is to tell. Anybody can cause `no-proof`, with a checkpoint
 * that the log published and a proof that leads nowhere; the log alone can cause `two-roots`. So the one never takes the room of the other.
 */
const maxFiles = 100

/**
 * Keeps the evidence, durably; gives the path, or undefined where this pair is kept already or there are enough of its kind. The
 * request's note has the log's verified signatures alone.
 */
export function keepEvidence(
  folder: string,
  kind: MisbehaviourKind,
  cosigned: Cosigned,
  request: AddCheckpointRequest,
  nowMs: number,
): string | undefined {
  const { origin } = request.head
  const place = join(folder, originHash(origin))
  // By what is said, not by who signed how often: one pair, one file.
  const pair = createHash('sha256').update(`${kind}\n${cosigned.note.text}\n${request.note.text}`).digest('hex')
  const ending = kind === 'two-roots' ? 'misbehaviour' : 'json'
  const path = join(place, `${kind}-${pair.slice(0, 16)}.${ending}`)
  if (existsSync(path)) return undefined
  if (existsSync(place) && keptOf(place, kind) >= maxFiles) return undefined
  writeDurably(path, kind === 'two-roots' ? splitView(cosigned, request) : offeredFile(cosigned, request, nowMs))
  return path
}

function keptOf(place: string, kind: MisbehaviourKind): number {
  return readdirSync(place).filter((name) => name.startsWith(`${kind}-`)).length
}

function splitView(cosigned: Cosigned, request: AddCheckpointRequest): Uint8Array {
  return encodeMisbehaviour({ kind: 'split-view', notes: [utf8(cosigned.text), utf8(encodeNote(request.note))] })
}

/** What is kept of `no-proof`: JSON with both notes as they were signed. */
function offeredFile(cosigned: Cosigned, { head, note, oldSize, proof }: AddCheckpointRequest, nowMs: number): string {
  const file = {
    format: 'evidence-ledger/witness-evidence/v1',
    kind: 'no-proof',
    origin: head.origin,
    // When the second one came, by this witness's clock.
    seen: timeText(nowMs),
    // With the log's signatures and ours.
    cosigned: cosigned.text,
    // With the log's verified signatures.
    offered: encodeNote(note),
    oldSize,
    proof: proof.map(toBase64),
  }
  return `${JSON.stringify(file, null, 2)}\n`
}
