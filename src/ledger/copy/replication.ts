import { parseBundle } from '../../core/bundle.ts'
import { equalBytes } from '../../core/bytes.ts'
import { type NoteSigner, parseSignedCheckpoint, signCheckpointBy } from '../../core/checkpoint.ts'
import { EvidenceError } from '../../core/errors.ts'
import { tileWidth, tileWidthAt } from '../../core/merkle/layout.ts'
import type { VerifierKey } from '../../core/note.ts'
import type { Subjects } from '../access/subjects.ts'
import { type Confirmation, unconfirmed } from '../confirmation.ts'
import type { CopiedConfig } from '../data-folder.ts'
import { readErasures } from '../erasures.ts'
import type { LedgerReads } from '../reads.ts'
import type { LedgerStorage } from '../storage.ts'
import { type CopiedEntry, maxPieceBytes, maxPieceEntries, maxPieceErasures, type Piece } from './piece.ts'

export interface ReplicationParts {
  readonly storage: LedgerStorage
  /** Reads of what is published: all that any copy is given, but the follower's that the ledger waits for. */
  readonly published: LedgerReads
  /** Reads of all that is durable here, confirmed or not: for that follower alone. */
  readonly durable: LedgerReads
  /** Where a follower is waited for: before it has confirmed once, nothing is known to be published. */
  readonly confirmation: Confirmation | undefined
  readonly key: VerifierKey
  readonly sign: NoteSigner['sign']
  readonly config: CopiedConfig
  /** The file of erasures. */
  readonly erased: string
}

/** Requests that may wait for a new entry at once. */
const maxWaiting = 64

/**
 * Who copies. `required`: the follower that the ledger waits for, which must be given what nobody else may see yet, to confirm it.
 * `other`: any other follower, backup or auditor; a copy of theirs is a checkpoint in their hands, so it holds what is published.
 */
export type CopyReader = 'required' | 'other'

interface Waiter {
  readonly reader: CopyReader
  readonly from: number
  readonly done: () => void
}

/** What an open ledger gives to those who copy it, in pieces, each with a checkpoint signed at its own end. */
export class Replication {
  private readonly parts: ReplicationParts
  private readonly waiting = new Set<Waiter>()
  private stopped = false

  constructor(parts: ReplicationParts) {
    this.parts = parts
  }

  /** Entries that are durable here: for the operator's figures, and for nobody's copy. */
  get durableSize(): number {
    return this.parts.durable.size
  }

  /** Entries durable here that no follower has confirmed since the start; 0 where none is waited for. */
  get unconfirmed(): number {
    const { confirmation, durable } = this.parts
    return confirmation === undefined ? 0 : durable.size - Math.max(0, Math.min(confirmation.size, durable.size))
  }

  /** Throws `follower-unconfirmed` for all but the required follower until that has confirmed once. */
  private readsOf(reader: CopyReader): LedgerReads {
    const { published, durable, confirmation } = this.parts
    if (reader === 'required') return durable
    if (confirmation?.isOpen === false) throw unconfirmed()
    return published
  }

  /**
   * The piece that begins at `from`, and erasures after the first `erasures`. Throws `ledger-behind-follower` for a copy that
   * has more than this reader may have, `follower-unconfirmed`.
   */
  async piece(from: number, erasures: number, reader: CopyReader): Promise<Piece> {
    const { key, sign, config, erased } = this.parts
    const reads = this.readsOf(reader)
    const before = readErasures(erased)
    if (from > reads.size) throw behind(`the copy has ${from} entries, and this ledger ${reads.size}`)
    if (erasures > before.length)
      throw behind(`the copy knows of ${erasures} erasures, and this ledger of ${before.length}`)
    const { size } = reads
    // Taken before anything is awaited: while the entries are read the ledger goes on, and so does its checkpoint.
    const note = reads.checkpoint
    // Entries come with every erasure, or a copy would miss claims and not know why; one that begins needs its first entries.
    const tellsAll = before.length - erasures <= maxPieceErasures || from === 0
    const entries = tellsAll ? await this.entries(reads, from, size) : []
    // Read again: what was erased meanwhile stands in the list before its claims go.
    const list = readErasures(erased)
    const end = from + entries.length
    const isCurrent = parseSignedCheckpoint(Buffer.from(note)).checkpoint.size === end
    const root = isCurrent ? undefined : await reads.rootAt(end)
    const checkpoint =
      root === undefined ? note : await signCheckpointBy({ origin: key.name, size: end, root }, [{ key, sign }])
    const { reading, openDisclosures } = config
    return {
      from,
      entries,
      size,
      checkpoint,
      erased: list.slice(erasures, erasures + maxPieceErasures),
      erasures: list.length,
      config: { reading, openDisclosures },
    }
  }

  /** What an entry is about, among those that a copy is given. */
  subjects(entry: Parameters<LedgerReads['subjects']>[0], reader: CopyReader): Promise<Subjects> {
    return this.readsOf(reader).subjects(entry)
  }

  private async entries(reads: LedgerReads, from: number, size: number): Promise<CopiedEntry[]> {
    const { storage } = this.parts
    const out: CopiedEntry[] = []
    let bytesSeen = 0
    for (let n = Math.floor(from / tileWidth); n * tileWidth < size; n++) {
      const width = tileWidthAt(0, n, size)
      const begin = Math.max(from, n * tileWidth)
      const end = n * tileWidth + width
      // Re-hashed against the tree: a damaged disk is not copied.
      const bundle = await reads.tile({ level: 'entries', n, width })
      const disclosed = await storage.disclosuresIn(begin, end)
      const entries = parseBundle(bundle ?? new Uint8Array(), width)
      for (let index = begin; index < end; index++) {
        const bytes = entries[index - n * tileWidth] as Uint8Array
        const disclosures = disclosed.get(index) ?? []
        bytesSeen += bytes.length + disclosures.reduce((sum, text) => sum + text.length, 0)
        out.push({ bytes, disclosures })
        if (out.length === maxPieceEntries || bytesSeen >= maxPieceBytes) return out
      }
    }
    return out
  }

  /** That a copy of `size` entries with this root is one of this ledger. Throws `ledger-behind-follower`. */
  async requireHeld(size: number, root: Uint8Array, reader: CopyReader): Promise<void> {
    const reads = this.readsOf(reader)
    if (size > reads.size) throw behind(`the copy has ${size} entries, and this ledger ${reads.size}`)
    if (!equalBytes(await reads.rootAt(size), root)) throw behind(`the copy has another history of ${size} entries`)
  }

  /** Whether there is something for a copy that has so many entries and erasures. */
  private hasMore(from: number, erasures: number, reader: CopyReader): boolean {
    return from < this.readsOf(reader).size || erasures < readErasures(this.parts.erased).length
  }

  /** Resolves when there is more, or it is time. Throws `queue-full`, but not for the required follower. */
  async waitBeyond(from: number, erasures: number, waitMs: number, reader: CopyReader): Promise<void> {
    if (this.stopped || this.hasMore(from, erasures, reader)) return
    if (this.waiting.size >= maxWaiting && reader === 'other') {
      throw new EvidenceError('queue-full', 'too many copies wait for a new entry', { retryAfterSeconds: 5 })
    }
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.waiting.delete(waiter)
        resolve()
      }
      const waiter: Waiter = { reader, from, done }
      const timer = setTimeout(done, waitMs)
      this.waiting.add(waiter)
    })
  }

  /** Called after each group that is durable, and after each that is published: answers those for whom there is more. */
  wake(): void {
    for (const { reader, from, done } of this.waiting) {
      if (this.stopped || from < this.readsOf(reader).size) done()
    }
  }

  /** Nobody waits any more. */
  stop(): void {
    this.stopped = true
    this.wake()
  }
}

function behind(what: string): EvidenceError {
  return new EvidenceError('ledger-behind-follower', `${what}: the ledger was put back, or it is another one`)
}
