import {
  equalBytes,
  EvidenceError,
  parseBundle,
  parseSignedCheckpoint,
  type NoteSigner,
  signCheckpointBy,
  tileWidth,
  tileWidthAt,
  type VerifierKey,
} from '../../core/index.ts'
import { readErasures } from '../erasures.ts'
import type { LedgerReads } from '../reads.ts'
import type { LedgerStorage } from '../storage.ts'
import {
  type CopiedConfig,
  type CopiedEntry,
  maxPieceBytes,
  maxPieceEntries,
  maxPieceErasures,
  type Piece,
} from './piece.ts'

export interface ReplicationParts {
  readonly storage: LedgerStorage
  /** Reads of all that is durable here, confirmed or not. */
  readonly reads: LedgerReads
  readonly key: VerifierKey
  readonly sign: NoteSigner['sign']
  readonly config: CopiedConfig
  /** The file of erasures. */
  readonly erased: string
}

/** Requests that may wait for a new entry at once. */
const maxWaiting = 64

/** What an open ledger gives to those who copy it: pieces of what is durable, each signed at its own end. */
export class Replication {
  private readonly parts: ReplicationParts
  private readonly waiting = new Set<() => void>()
  private stopped = false

  constructor(parts: ReplicationParts) {
    this.parts = parts
  }

  /** Entries that are durable here. */
  get size(): number {
    return this.parts.reads.size
  }

  /**
   * The piece that begins at `from`, and erasures after the first `erasures`. Throws `ledger-behind-follower` for a copy that
   * has more than this ledger.
   */
  async piece(from: number, erasures: number): Promise<Piece> {
    const { reads, key, sign, config, erased } = this.parts
    const list = readErasures(erased)
    if (from > reads.size) throw behind(`the copy has ${from} entries, and this ledger ${reads.size}`)
    if (erasures > list.length)
      throw behind(`the copy knows of ${erasures} erasures, and this ledger of ${list.length}`)
    const { size } = reads
    const entries = await this.entries(from, size)
    const end = from + entries.length
    const note = reads.checkpoint
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

  private async entries(from: number, size: number): Promise<CopiedEntry[]> {
    const { reads, storage } = this.parts
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
  async requireHeld(size: number, root: Uint8Array): Promise<void> {
    const { reads } = this.parts
    if (size > reads.size) throw behind(`the copy has ${size} entries, and this ledger ${reads.size}`)
    if (!equalBytes(await reads.rootAt(size), root)) throw behind(`the copy has another history of ${size} entries`)
  }

  /** Whether there is something for a copy that has so many entries and erasures. */
  hasMore(from: number, erasures: number): boolean {
    return from < this.size || erasures < readErasures(this.parts.erased).length
  }

  /** Resolves when there is more, or it is time. Throws `queue-full`, but for the follower that the ledger itself waits for. */
  async waitBeyond(from: number, erasures: number, waitMs: number, isRequired = false): Promise<void> {
    if (this.stopped || this.hasMore(from, erasures)) return
    if (this.waiting.size >= maxWaiting && !isRequired) {
      throw new EvidenceError('queue-full', 'too many copies wait for a new entry', { retryAfterSeconds: 5 })
    }
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer)
        this.waiting.delete(done)
        resolve()
      }
      const timer = setTimeout(done, waitMs)
      this.waiting.add(done)
    })
  }

  /** Told after each group that is durable. */
  wake(): void {
    for (const done of this.waiting) done()
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
