import { z } from 'zod'
import { append } from '../../core/arrays.ts'
import { fromUtf8, latin1 } from '../../core/bytes.ts'
import { maxDisclosureLength, maxDisclosures } from '../../core/disclosure.ts'
import { maxEntryBytes } from '../../core/entry.ts'
import { EvidenceError } from '../../core/errors.ts'
import { type CopiedConfig, copiedConfigSchema } from '../data-folder.ts'
import { type Erasure, erasureSchema } from '../erasures.ts'

/** An entry as copies take it. Nothing of it is trusted. */
export interface CopiedEntry {
  readonly bytes: Uint8Array
  readonly disclosures: readonly string[]
}

/** A run of entries that a copy takes in one step. */
export interface Piece {
  /** Index of the first entry. */
  readonly from: number
  readonly entries: readonly CopiedEntry[]
  /** Entries that the source has. */
  readonly size: number
  /** Signed checkpoint: of the piece's end, or, from a stopped folder, of all of it. */
  readonly checkpoint: string
  /** Erasures after those that the asker knows, and how many there are in all. */
  readonly erased: readonly Erasure[]
  readonly erasures: number
  readonly config: CopiedConfig
}

/** What a piece is asked for: its first index, and how many erasures the asker knows of. */
export interface PieceAsked {
  readonly from: number
  readonly erasures: number
}

/**
 * Shows that a piece is the one that was asked for, and goes on: a source that says that it has more gives some of it, or it would be
 * asked for ever. Takes the piece, what was asked, and the source's name for the message. Throws `server-answer`.
 */
export function requireGives(piece: Piece, asked: PieceAsked, name: string): void {
  const { entries, size, erased, erasures } = piece
  if (piece.from !== asked.from) throw new EvidenceError('server-answer', `${name} gives other entries than asked`)
  const end = asked.from + entries.length
  const known = asked.erasures + erased.length
  const isBeyond = (entries.length > 0 && end > size) || (erased.length > 0 && known > erasures)
  if (isBeyond) throw new EvidenceError('server-answer', `${name} gives more than it says that it has`)
  if (entries.length > 0 || erased.length > 0) return
  if (end < size || known < erasures)
    throw new EvidenceError(
      'server-answer',
      `${name} says that it has ${size} entries and ${erasures} erasures, and gives none after ${end} and ${known}`,
    )
}

/** Most digests of erased claims that one run takes from a source: what a server tells of is held in memory until the run is over. */
export const maxErasedDigests = 4_000_000

/** Erasures that pieces tell of, gathered until a copy has all of them. */
export class GatheredErasures {
  readonly list: Erasure[] = []
  private digests = 0

  /** Adds what a piece tells of. Throws `server-answer` where there are more than {@link maxErasedDigests}. */
  add(erased: readonly Erasure[], name: string): void {
    // One that names no digest takes its place in memory too.
    for (const erasure of erased) this.digests += Math.max(1, erasure.digests.length)
    if (this.digests > maxErasedDigests)
      throw new EvidenceError('server-answer', `${name} tells of more than ${maxErasedDigests} erased claims`)
    append(this.list, erased)
  }
}

/** Where a copy is made from. */
export interface PieceSource {
  readonly name: string
  /** The piece that begins at `from`; empty where there is nothing yet. `erasures`: how many the asker has. */
  piece(from: number, erasures: number): Promise<Piece>
}

/** Most entries of a piece, and bytes of entries and disclosures after which it ends. */
export const maxPieceEntries = 1024
export const maxPieceBytes: number = 8 * 1024 * 1024
/** Most erasures that one piece tells of. */
export const maxPieceErasures = 1000

const headerSchema = z.strictObject({
  from: z.int().min(0),
  count: z.int().min(0).max(maxPieceEntries),
  size: z.int().min(0),
  checkpoint: z.string().max(4096),
  erased: z.array(erasureSchema).max(maxPieceErasures),
  erasures: z.int().min(0),
  config: copiedConfigSchema,
})
const entrySchema = z
  .tuple([z.string().min(1).max(maxEntryBytes)])
  .rest(z.string().max(maxDisclosureLength))
  .refine((line) => line.length <= 1 + maxDisclosures)

/** A piece as it travels: NDJSON, a header and a line for each entry: its text, then its disclosures. */
export function encodePiece({ entries, ...head }: Piece): string {
  const header = JSON.stringify({ ...head, count: entries.length })
  const lines = entries.map(({ bytes, disclosures }) => JSON.stringify([latin1(bytes), ...disclosures]))
  return `${[header, ...lines].join('\n')}\n`
}

/** Reads a piece, strictly. Throws `server-answer`. */
export function decodePiece(bytes: Uint8Array): Piece {
  const lines = textOf(bytes).trimEnd().split('\n')
  const { count, ...head } = parsed(headerSchema, lines[0])
  if (lines.length !== count + 1)
    throw new EvidenceError('server-answer', 'the piece has another number of entries than it says')
  const entries = lines.slice(1).map((line) => {
    const [text, ...disclosures] = parsed(entrySchema, line)
    return { bytes: Buffer.from(text, 'latin1'), disclosures }
  })
  return { ...head, entries }
}

function textOf(bytes: Uint8Array): string {
  try {
    return fromUtf8(bytes, 'piece')
  } catch (cause) {
    throw new EvidenceError('server-answer', 'the answer is no piece of a ledger', {}, { cause })
  }
}

function parsed<T>(schema: z.ZodType<T>, line: string | undefined): T {
  try {
    return schema.parse(JSON.parse(line ?? ''))
  } catch (cause) {
    throw new EvidenceError('server-answer', 'the answer is no piece of a ledger', {}, { cause })
  }
}
