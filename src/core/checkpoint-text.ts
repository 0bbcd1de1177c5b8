import { toBase64, tryHash } from './base64.ts'
import { parseDecimal } from './bytes.ts'
import { EvidenceError } from './errors.ts'
import { isOrigin } from './origin.ts'

/** A tree head: what a checkpoint's text says (docs/spec/05-checkpoint.md). */
export interface Checkpoint {
  readonly origin: string
  readonly size: number
  /** 32 bytes. */
  readonly root: Uint8Array
}

/** A tree head of any log of tlog-checkpoint, which may have extension lines. */
export interface TreeHead extends Checkpoint {
  readonly extensions: readonly string[]
}

/** The text that is signed. */
export function checkpointText({ origin, size, root }: Checkpoint): string {
  return `${origin}\n${size}\n${toBase64(root)}\n`
}

function bad(why: string): EvidenceError {
  return new EvidenceError('checkpoint-malformed', `the checkpoint ${why}`)
}

/**
 * Reads a checkpoint's text as tlog-checkpoint has it: any origin that is not empty, and extension lines. For logs of others;
 * this ledger's own have neither. Throws `checkpoint-malformed`.
 */
export function parseTreeHead(text: string): TreeHead {
  const lines = text.split('\n')
  if (lines.length < 4 || lines.at(-1) !== '') throw bad('has fewer than three lines')
  const [origin, sizeText, rootText, ...extensions] = lines.slice(0, -1) as [string, string, string, ...string[]]
  if (origin === '') throw bad('has an empty origin')
  const size = parseDecimal(sizeText)
  if (size === undefined) throw bad('has no canonical size')
  const root = tryHash(rootText)
  if (root === undefined) throw bad('has no canonical root hash')
  if (extensions.includes('')) throw bad('has an empty extension line')
  return { origin, size, root, extensions }
}

/** Reads the text of a checkpoint of an evidence ledger. Throws `checkpoint-malformed`. */
export function parseCheckpointText(text: string): Checkpoint {
  const { extensions, ...checkpoint } = parseTreeHead(text)
  if (extensions.length > 0) throw bad('has more than three lines')
  if (!isOrigin(checkpoint.origin)) throw bad('names no origin')
  return checkpoint
}
