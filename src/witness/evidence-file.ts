import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type AddCheckpointRequest, encodeNote, toBase64 } from '../core/index.ts'
import { writeDurably } from '../node/index.ts'
import { originHash } from './folder.ts'
import type { Cosigned } from './state.ts'

/**
 * What a log's checkpoint did that does not go with the last one:
 * - `two-roots`: both have one size, other roots, and the log's signature. They prove a second history, to anybody.
 * - `no-proof`: the consistency proof that came with it does not lead from the one to the other. Both are signed by the log; that
 *   no other proof would, they do not show alone.
 */
export type MisbehaviourKind = 'two-roots' | 'no-proof'

/** The file: JSON with both notes as they were signed. */
interface MisbehaviourFile {
  readonly format: 'evidence-ledger/witness-evidence/v1'
  readonly kind: MisbehaviourKind
  readonly origin: string
  /** When the second one came, ISO 8601, by this witness's clock. */
  readonly seen: string
  /** The checkpoint that was cosigned, with the log's signatures and ours. */
  readonly cosigned: string
  /** The checkpoint that was offered, with the log's verified signatures. */
  readonly offered: string
  readonly oldSize: number
  /** Base64, a hash each. */
  readonly proof: readonly string[]
}

/** Most files kept of one log: the first ones tell all that there is to tell. */
const maxFiles = 100

/**
 * Keeps the evidence, durably; gives the path, or undefined where this pair is kept already or there are enough. `offered` has the
 * log's verified signatures alone.
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
  const path = join(place, `${kind}-${pair.slice(0, 16)}.json`)
  if (existsSync(path)) return undefined
  if (existsSync(place) && readdirSync(place).length >= maxFiles) return undefined
  mkdirSync(place, { recursive: true })
  const file: MisbehaviourFile = {
    format: 'evidence-ledger/witness-evidence/v1',
    kind,
    origin,
    seen: new Date(nowMs).toISOString(),
    cosigned: cosigned.text,
    offered: encodeNote(request.note),
    oldSize: request.oldSize,
    proof: request.proof.map(toBase64),
  }
  writeDurably(path, `${JSON.stringify(file, null, 2)}\n`)
  return path
}
