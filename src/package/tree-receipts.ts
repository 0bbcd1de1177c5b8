import {
  applyPolicy,
  encodeKeyTransition,
  encodeReceipt,
  EvidenceError,
  equalBytes,
  inclusionProof,
  inclusionRanges,
  isEvidenceError,
  type Jwk,
  leafHash,
  parseSignedCheckpoint,
  type Policy,
  rootFromTiles,
  Tile,
  tilesNeeded,
  tileWidth,
  tileWidthAt,
  verifyInclusion,
} from '../core/index.ts'
import { openEntry, readBody, type Statement, type StatementBody } from '../evidence/index.ts'
import { consistencyFrom, type LogSource } from '../verify/index.ts'

/** An entry of the tree, read. */
export interface TreeEntry {
  readonly index: number
  readonly bytes: Uint8Array
  readonly statement: Statement
  readonly body: StatementBody | undefined
}

/**
 * Reads one entry with the claims that its reader may see, where no bundle may be read. Throws `not-permitted` and the like.
 */
export type EntryReader = (
  index: number,
) => Promise<{ readonly bytes: Uint8Array; readonly disclosures: readonly string[] }>

/**
 * Receipts of any entries of a ledger at one checkpoint, made from its tiles: a server, a mirror, an export or a folder will
 * do. Nothing of it is trusted; each proof is verified before it is given out.
 */
export class TreeReceipts {
  readonly size: number
  readonly origin: string
  private readonly source: LogSource
  private readonly noteText: string
  private readonly root: Uint8Array
  private readonly tiles = new Map<string, Tile>()
  private readonly bundles = new Map<number, Promise<(Uint8Array | undefined)[]>>()

  private readonly readOne: EntryReader | undefined

  private constructor(source: LogSource, note: Uint8Array, readOne: EntryReader | undefined) {
    const { checkpoint } = parseSignedCheckpoint(note)
    this.source = source
    this.readOne = readOne
    this.noteText = Buffer.from(note).toString()
    this.size = checkpoint.size
    this.origin = checkpoint.origin
    this.root = checkpoint.root
  }

  /** Takes the source's checkpoint; `readOne` serves where the source's bundles may not be read. Throws `root-mismatch`, `tile-missing`, the codes of the policy, and what reading throws. */
  static async open(source: LogSource, policy: Policy, readOne?: EntryReader): Promise<TreeReceipts> {
    const note = await source.checkpoint()
    const tree = new TreeReceipts(source, note, readOne)
    applyPolicy(policy, parseSignedCheckpoint(note).note, tree.origin)
    await tree.load([{ begin: 0, end: tree.size }])
    if (!equalBytes(rootFromTiles(tree.size, tree.read), tree.root)) {
      throw new EvidenceError(
        'root-mismatch',
        `the tiles of ${source.name} do not make the root that its checkpoint signs`,
      )
    }
    return tree
  }

  private readonly read = (level: number, n: number): Tile | undefined => this.tiles.get(`${level}/${n}`)

  private async load(ranges: readonly { readonly begin: number; readonly end: number }[]): Promise<void> {
    for (const { level, n } of tilesNeeded(ranges)) {
      if (this.read(level, n) !== undefined) continue
      const width = tileWidthAt(level, n, this.size)
      const bytes = await this.source.tile(level, n, width)
      if (bytes === undefined) {
        throw new EvidenceError('tile-missing', `${this.source.name} lacks the tile ${n} of level ${level}`)
      }
      this.tiles.set(`${level}/${n}`, Tile.parse(bytes.subarray(0, width * 32)))
    }
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

  private async bytes(index: number): Promise<Uint8Array | undefined> {
    try {
      return (await this.bundle(Math.floor(index / tileWidth)))[index % tileWidth]
    } catch (error) {
      if (this.readOne === undefined || !isClosed(error)) throw error
      return (await this.readOne(index)).bytes
    }
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

  /** Throws `entry-not-found`, `entry-missing`. */
  async entry(index: number): Promise<TreeEntry> {
    if (index >= this.size)
      throw new EvidenceError('entry-not-found', `there is no entry ${index} in ${this.source.name}`, { index })
    const bytes = await this.bytes(index)
    if (bytes === undefined)
      throw new EvidenceError('entry-missing', `the entry ${index} cannot be had from ${this.source.name}`, { index })
    const { statement } = openEntry(bytes)
    return { index, bytes, statement, body: readBody(statement) }
  }

  /** The receipt of an entry. Throws `inclusion-invalid`, `tile-missing`. */
  async receipt(
    { index, bytes }: Pick<TreeEntry, 'index' | 'bytes'>,
    signer: Jwk,
    disclosures: readonly string[],
  ): Promise<Uint8Array> {
    await this.load(inclusionRanges(index, this.size))
    const proof = inclusionProof(index, this.size, this.read)
    if (!verifyInclusion({ index, size: this.size, leafHash: leafHash(bytes), proof, root: this.root })) {
      throw new EvidenceError('inclusion-invalid', `${this.source.name} holds another entry ${index} than its tree`, {
        index,
      })
    }
    return Buffer.from(encodeReceipt({ entryBytes: bytes, signer, disclosures }, index, proof, this.noteText))
  }

  /**
   * The key transition of a receipt whose checkpoint has `size` entries (docs/spec/14-ledger-keys.md). Whether that checkpoint is of
   * this tree, whoever checks the transition finds out. Throws `query-invalid`, `tile-missing`.
   */
  async transitionFrom(size: number): Promise<string> {
    return encodeKeyTransition(size, await consistencyFrom(this.source, size, this.size), this.noteText)
  }
}

/** True where a server says that who asks may not read. */
function isClosed(error: unknown): boolean {
  return isEvidenceError(error, 'not-permitted') || isEvidenceError(error, 'not-authenticated')
}
