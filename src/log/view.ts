import { equalBytes, fromUtf8, utf8 } from '../core/bytes.ts'
import type { Checkpoint } from '../core/checkpoint-text.ts'
import { parseSignedCheckpoint } from '../core/checkpoint.ts'
import { leafHash } from '../core/entry.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { type Jwk, thumbprint } from '../core/jwk.ts'
import { encodeKeyTransition } from '../core/key-transition.ts'
import { type LeafRange, tileWidth, tileWidthAt } from '../core/merkle/layout.ts'
import { consistencyRanges, inclusionRanges } from '../core/merkle/prove.ts'
import { Tile } from '../core/merkle/tile.ts'
import { consistencyProof, inclusionProof, rootFromTiles, tilesNeeded } from '../core/merkle/tiles.ts'
import { verifyInclusion } from '../core/merkle/verify.ts'
import { applyPolicy, type Policy } from '../core/policy.ts'
import { encodeReceipt } from '../core/receipt.ts'
import { readBody } from '../statements/body.ts'
import type { StatementBody } from '../statements/kinds.ts'
import { bodyOfEntry, openEntry } from '../statements/open.ts'
import { keysBroughtBy } from '../statements/said.ts'
import type { Statement } from '../statements/statement.ts'
import { AuthenticTiles } from './authentic-tiles.ts'
import type { LogSource } from './log.ts'

/** An entry of a log, read. */
export interface LogEntry {
  readonly index: number
  readonly bytes: Uint8Array
  readonly statement: Statement
  /** Undefined for a kind of a later version. */
  readonly body: StatementBody | undefined
}

/**
 * Reads one entry with the claims that its reader may see, where no bundle may be read. Throws `not-permitted`,
 * `not-authenticated`, and what asking throws.
 */
export type EntryReader = (
  index: number,
) => Promise<{ readonly bytes: Uint8Array; readonly disclosures: readonly string[] }>

/**
 * A log as one checkpoint has it: entries, proofs and receipts out of its tiles, whether a server, a mirror, an export or a folder
 * keeps them. Nothing of the log is trusted: a proof of inclusion is verified before it is given out, and {@link verified} holds
 * tiles and checkpoint against a policy first.
 */
export class LogView {
  /** What is read, for messages. */
  readonly name: string
  readonly checkpoint: Checkpoint
  private readonly source: LogSource
  private readonly note: Uint8Array
  private readonly readOne: EntryReader | undefined
  private readonly tiles = new Map<string, Tile>()
  /** Tiles that are shown to belong to the checkpoint, which keeps none for {@link read}. */
  readonly authentic: AuthenticTiles
  private readonly bundles = new Map<number, Promise<(Uint8Array | undefined)[]>>()

  /** @param note a checkpoint of the log, verbatim. Throws the codes of parseSignedCheckpoint. */
  constructor(source: LogSource, note: Uint8Array, readOne?: EntryReader) {
    this.name = source.name
    this.source = source
    this.note = note
    this.readOne = readOne
    this.checkpoint = parseSignedCheckpoint(note).checkpoint
    this.authentic = new AuthenticTiles(this.name, this.checkpoint, (level, n) => this.tileBytes(level, n))
  }

  /** The log at its own checkpoint; nothing is verified yet. Throws what reading throws. */
  static async open(source: LogSource): Promise<LogView> {
    return new LogView(source, await source.checkpoint())
  }

  /**
   * The log at its own checkpoint, which the policy accepts, and whose root its tiles make. `readOne` serves where bundles may not
   * be read. Throws `root-mismatch`, `tile-missing`, the codes of applyPolicy, and what reading throws.
   */
  static async verified(source: LogSource, policy: Policy, readOne?: EntryReader): Promise<LogView> {
    const view = new LogView(source, await source.checkpoint(), readOne)
    applyPolicy(policy, parseSignedCheckpoint(view.note).note, view.origin)
    if (!equalBytes(await view.root(), view.checkpoint.root)) {
      throw new EvidenceError(
        'root-mismatch',
        `the tiles of ${source.name} do not make the root that its checkpoint signs`,
      )
    }
    return view
  }

  get size(): number {
    return this.checkpoint.size
  }

  get origin(): string {
    return this.checkpoint.origin
  }

  /** Reads a tile that was loaded. */
  readonly read = (level: number, n: number): Tile | undefined => this.tiles.get(`${level}/${n}`)

  /** Loads the tiles that some ranges of leaves need. Throws `tile-missing`, `tile-malformed`, and what reading throws. */
  async load(ranges: readonly LeafRange[]): Promise<void> {
    for (const { level, n } of tilesNeeded(ranges)) {
      if (this.read(level, n) === undefined) this.tiles.set(`${level}/${n}`, Tile.parse(await this.tileBytes(level, n)))
    }
  }

  /** The hashes of a tile as wide as the checkpoint makes it, 32 bytes each. Throws `tile-missing`, `tile-malformed`. */
  private async tileBytes(level: number, n: number): Promise<Uint8Array> {
    // Static files have the width that follows from the size, and no other; a wider one serves too.
    const width = tileWidthAt(level, n, this.size)
    const bytes = await this.source.tile(level, n, width)
    const where = `tile ${n} of level ${level}`
    if (bytes === undefined) throw new EvidenceError('tile-missing', `${this.name} lacks the ${where}`, { where })
    if (bytes.length < width * 32 || bytes.length % 32 !== 0) {
      throw new EvidenceError('tile-malformed', `${this.name} gives a ${where} of ${bytes.length} bytes`, { where })
    }
    return bytes.subarray(0, width * 32)
  }

  /** The root that the tiles make. Throws as {@link load}. */
  async root(): Promise<Uint8Array> {
    await this.load([{ begin: 0, end: this.size }])
    return rootFromTiles(this.size, this.read)
  }

  private bundle(n: number): Promise<(Uint8Array | undefined)[]> {
    const known = this.bundles.get(n)
    if (known !== undefined) return known
    // The last few are enough: entries are asked for one by one, or in order.
    if (this.bundles.size > 8) this.bundles.delete(this.bundles.keys().next().value as number)
    const read = this.source.entries(n, tileWidthAt(0, n, this.size))
    this.bundles.set(n, read)
    return read
  }

  /** Bytes of an entry. Throws `entry-not-found`, `entry-missing`, and what reading throws. */
  async bytes(index: number): Promise<Uint8Array> {
    if (index >= this.size)
      throw new EvidenceError('entry-not-found', `there is no entry ${index}; ${this.name} has ${this.size}`, { index })
    const bytes = await this.bytesIn(index)
    if (bytes !== undefined) return bytes
    throw new EvidenceError('entry-missing', `the entry ${index} cannot be had from ${this.name}`, { index })
  }

  private async bytesIn(index: number): Promise<Uint8Array | undefined> {
    try {
      return (await this.bundle(Math.floor(index / tileWidth)))[index % tileWidth]
    } catch (error) {
      if (this.readOne === undefined || !isClosed(error)) throw error
      return (await this.readOne(index)).bytes
    }
  }

  /** An entry, read. Throws `entry-not-found`, `entry-missing`, `not-judged`, and the codes of entry and statement. */
  async entry(index: number): Promise<LogEntry> {
    const bytes = await this.bytes(index)
    const { statement } = openEntry(bytes)
    return { index, bytes, statement, body: readBody(statement) }
  }

  /** Sealed claims of an entry, as disclosures: none where its reader may not see them, or there is nobody to ask. */
  async disclosures(index: number): Promise<readonly string[]> {
    if (this.readOne === undefined) return []
    try {
      return (await this.readOne(index)).disclosures
    } catch (error) {
      if (isClosed(error)) return []
      throw error
    }
  }

  /** The proof that the checkpoint's tree holds an entry at its index. Throws `inclusion-invalid`, and as {@link load}. */
  async inclusion(index: number, bytes: Uint8Array): Promise<Uint8Array[]> {
    const { size, root } = this.checkpoint
    await this.load(inclusionRanges(index, size))
    const proof = inclusionProof(index, size, this.read)
    if (verifyInclusion({ index, size, leafHash: leafHash(bytes), proof, root })) return proof
    throw new EvidenceError('inclusion-invalid', `${this.name} holds another entry ${index} than its tree`, { index })
  }

  /**
   * The consistency proof between two sizes, not verified: check what comes of it. Throws `query-invalid` where the log does not
   * reach that far, and as {@link load}.
   */
  async consistency(size1: number, size2: number = this.size): Promise<Uint8Array[]> {
    if (size1 < 1 || size1 > size2 || size2 > this.size) {
      const message = `${this.name} has ${this.size} entries: no proof from ${size1} to ${size2}`
      throw new EvidenceError('query-invalid', message)
    }
    await this.load(consistencyRanges(size1, size2))
    return consistencyProof(size1, size2, this.read)
  }

  /** The bytes of an entry's receipt, with disclosures beside it. Throws `inclusion-invalid`, and as {@link load}. */
  async receipt(
    { index, bytes }: Pick<LogEntry, 'index' | 'bytes'>,
    signer: Jwk,
    disclosures: readonly string[],
  ): Promise<Uint8Array> {
    const proof = await this.inclusion(index, bytes)
    return utf8(encodeReceipt({ entryBytes: bytes, signer, disclosures }, index, proof, fromUtf8(this.note)))
  }

  /**
   * The bytes of an entry's receipt, its signer's key sought among the entries up to it. Throws `entry-not-found`, `entry-missing`,
   * `not-judged`, `key-unknown` where no entry brings the key, and as {@link receipt}.
   */
  async receiptOf(index: number): Promise<Uint8Array> {
    const entry = await this.entry(index)
    return this.receipt(entry, await this.signerOf(entry), [])
  }

  /** The key of an entry's signer: an entry at or before the first that it signed brought it. Throws `key-unknown`. */
  private async signerOf({ index, statement }: LogEntry): Promise<Jwk> {
    const { kid } = statement.header
    for (let n = 0; n * tileWidth <= index; n++) {
      for (const bytes of await this.bundle(n)) {
        const found =
          bytes === undefined ? undefined : keysBroughtBy(bodyOfEntry(bytes)).find((jwk) => thumbprint(jwk) === kid)
        if (found !== undefined) return found
      }
    }
    throw new EvidenceError('key-unknown', `no entry up to ${index} brings the key ${kid}`, { where: this.name })
  }

  /**
   * The key transition of a receipt whose checkpoint has `size` entries (docs/spec/14-ledger-keys.md). Whether that checkpoint is of
   * this tree, the check of the transition finds out. Throws `query-invalid`, and as {@link load}.
   */
  async transitionFrom(size: number): Promise<string> {
    return encodeKeyTransition(size, await this.consistency(size), fromUtf8(this.note))
  }
}

/** True where a server says that its reader may not read. */
function isClosed(error: unknown): boolean {
  return isEvidenceError(error, 'not-permitted') || isEvidenceError(error, 'not-authenticated')
}
