import { equalBytes, fromUtf8, utf8 } from '../core/bytes.ts'
import { parseSignedCheckpoint } from '../core/checkpoint.ts'
import type { Misbehaviour } from '../core/misbehaviour.ts'
import { fileBounds } from '../node/bounded-file.ts'
import { writeDurably } from '../node/durable-file.ts'
import { readKept } from './kept-file.ts'
import type { SignedNote } from './verified-copy.ts'

/** A signed checkpoint past the end of the copy, and where it was shown. */
export interface Unreached {
  readonly where: string
  readonly note: SignedNote
}

/** Most checkpoints that are kept, and bytes of them: a ledger may sign as many as it likes. */
const [mostNotes, mostBytes] = [256, 8 * 1024 * 1024]

/**
 * Checkpoints that a ledger signed and whose entries have not been had, the first one shown of each size (docs/design/monitoring-others.md). Two of one
 * size with different roots prove two histories without any tile; the others are compared once the copy reaches them. They are kept in a file, for a
 * ledger may show one today and another tomorrow.
 */
export class UnreachedNotes {
  private readonly file: string
  /** By size, in the order in which they came. */
  private readonly notes: Map<number, Unreached>
  private isWritten = true

  /** Throws `file-unreadable` where the file is not what was written. */
  constructor(file: string) {
    this.file = file
    const what = 'the checkpoints that were shown and not reached'
    const without = 'they are kept anew from then on'
    this.notes = readKept({ path: file, what, without, maxBytes: fileBounds.large, read: notesIn }) ?? new Map()
  }

  /** Takes a checkpoint that the ledger signed, of a size above 0. Gives the proof where one of the same size and another root was seen before. */
  see(where: string, note: SignedNote): Misbehaviour | undefined {
    const { size, root } = note.checkpoint
    const seen = this.notes.get(size)
    if (seen === undefined) {
      this.notes.set(size, { where, note })
      this.isWritten = false
      this.bound()
      return undefined
    }
    if (equalBytes(seen.note.checkpoint.root, root)) return undefined
    return { kind: 'split-view', notes: [note.bytes, seen.note.bytes] }
  }

  /** Takes out what lies within a copy of `size` entries, and gives it. */
  reached(size: number): Unreached[] {
    const within = [...this.notes.values()].filter(({ note }) => note.checkpoint.size <= size)
    for (const { note } of within) this.isWritten = !this.notes.delete(note.checkpoint.size)
    return within
  }

  /** Writes what is kept, where that has changed. Throws what writing throws. */
  save(): void {
    if (this.isWritten) return
    const lines = [...this.notes.values()].map(({ where, note }) => [where, fromUtf8(note.bytes)])
    writeDurably(this.file, `${JSON.stringify(lines)}\n`)
    this.isWritten = true
  }

  /** The first ones stay, and the last: a ledger that signs many more in between moves out neither what was seen before nor what is seen now. */
  private bound(): void {
    let bytes = 0
    for (const { note } of this.notes.values()) bytes += note.bytes.length
    while (this.notes.size > 1 && (this.notes.size > mostNotes || bytes > mostBytes)) {
      const [size, { note }] = [...this.notes][Math.floor((this.notes.size - 1) / 2)] as [number, Unreached]
      this.notes.delete(size)
      bytes -= note.bytes.length
    }
  }
}

function notesIn(text: string): Map<number, Unreached> | undefined {
  const kept = JSON.parse(text) as unknown
  const isPair = (one: unknown): one is [string, string] =>
    Array.isArray(one) && one.length === 2 && one.every((part) => typeof part === 'string')
  if (!Array.isArray(kept) || !kept.every(isPair)) return undefined
  const notes = kept.map(([where, note]): Unreached => {
    const bytes = utf8(note)
    return { where, note: { ...parseSignedCheckpoint(bytes), bytes, verified: [] } }
  })
  return new Map(notes.map((one) => [one.note.checkpoint.size, one]))
}
