import { equalBytes } from '../core/bytes.ts'
import { leafHash } from '../core/entry.ts'
import { EvidenceError } from '../core/errors.ts'
import { tileLevels, tilePath, tileWidth, tileWidthAt } from '../core/merkle/layout.ts'
import { fullTileRoots, Tile } from '../core/merkle/tile.ts'
import { writeDurably } from '../node/durable-file.ts'
import { type NamedTile, splitBundle } from '../log/bundle.ts'
import { TileFolder, type TileLevel } from '../log/node/tile-folder.ts'
import { TileWriter } from '../log/node/tile-writer.ts'

/**
 * A ledger's copy as files of C2SP tlog-tiles (docs/spec/12-tiles.md): what the next checkpoint needs is written before it.
 * Nothing here judges; see verified-copy.ts.
 */
export class CopyFolder extends TileFolder {
  /** Files written for a size that the checkpoint does not cover yet are read up to here. */
  private size = 0
  private readonly writer: TileWriter

  /** @param name the folder's path. */
  constructor(name: string) {
    super(name)
    this.writer = new TileWriter(name)
  }

  /** Reads as of a size: partial tiles have the widths that follow from it. */
  readAt(size: number): void {
    this.size = size
  }

  get hasCheckpoint(): boolean {
    return this.note() !== undefined
  }

  /** Written last: it says what is there. */
  writeCheckpoint(note: Uint8Array): void {
    this.writer.sync()
    writeDurably(this.path('checkpoint'), note)
  }

  writePolicy(policy: Uint8Array): void {
    writeDurably(this.path('policy'), policy)
  }

  /** A tile or bundle of the width that the size asks for, or the full one. */
  private held(level: TileLevel, n: number): NamedTile | undefined {
    return this.read(level, n, tileWidthAt(level === 'entries' ? 0 : level, n, this.size))
  }

  /** Reads a tile for proofs; what comes of it is compared with a signed root. */
  readonly tileAt = (level: number, n: number): Tile | undefined => {
    const bytes = this.held(level, n)?.bytes
    return bytes === undefined ? undefined : Tile.parse(bytes)
  }

  override tile(level: number, n: number, width: number): Promise<Uint8Array | undefined> {
    const bytes = this.held(level, n)?.bytes
    return Promise.resolve(bytes === undefined || bytes.length < width * 32 ? undefined : bytes.subarray(0, width * 32))
  }

  override entries(n: number, width: number): Promise<(Uint8Array | undefined)[]> {
    return Promise.resolve(splitBundle(this.held('entries', n), width))
  }

  /** Leaf hashes of all entries up to a size, 32 bytes each. Throws `tile-missing`. */
  leaves(size: number): Uint8Array {
    const out = new Uint8Array(size * 32)
    for (let n = 0; n * tileWidth < size; n++) {
      const width = Math.min(tileWidth, size - n * tileWidth)
      const bytes = this.held(0, n)?.bytes
      if (bytes === undefined || bytes.length < width * 32) {
        throw new EvidenceError('tile-missing', `the copy lacks the tile ${n} of level 0`, { where: this.name })
      }
      out.set(bytes.subarray(0, width * 32), n * tileWidth * 32)
    }
    return out
  }

  /** Whether a bundle that an earlier run left behind holds exactly these leaves. */
  async holdsBundle(n: number, leaves: Uint8Array): Promise<boolean> {
    const width = leaves.length / 32
    const held = this.read('entries', n, width)
    if (held?.width !== width || !areLeaves(splitBundle(held, width), leaves)) return false
    this.writer.keep(tilePath('entries', n, width))
    return true
  }

  writeBundle(n: number, entries: readonly Uint8Array[]): void {
    this.writer.bundle(n, entries)
  }

  /** Removes the partial tiles and bundles that a growth from `from` to `size` entries has replaced. */
  removePartials(from: number, size: number): void {
    this.writer.removePartials(from, size)
  }

  /** Writes the tiles of every level that change from `from` to `size`, from the leaf hashes between them. */
  writeTiles(from: number, size: number, leaves: Uint8Array): void {
    let [begin, hashes] = [from, leaves]
    for (let level = 0; level < tileLevels(size); level++) {
      const first = Math.floor(begin / tileWidth)
      const before = begin % tileWidth
      const row = new Uint8Array(before * 32 + hashes.length)
      if (before > 0) {
        this.readAt(from)
        row.set((this.held(level, first)?.bytes ?? new Uint8Array()).subarray(0, before * 32))
      }
      row.set(hashes, before * 32)
      const tileBytes = tileWidth * 32
      for (let at = 0; at < row.length; at += tileBytes) {
        this.writer.tile(level, first + at / tileBytes, row.subarray(at, at + tileBytes))
      }
      hashes = fullTileRoots(row.subarray(0, row.length - (row.length % tileBytes)))
      begin = first
    }
    this.readAt(size)
  }
}

/** True where every entry is there and is its leaf. */
export function areLeaves(entries: readonly (Uint8Array | undefined)[], leaves: Uint8Array): entries is Uint8Array[] {
  return (
    entries.length * 32 === leaves.length &&
    entries.every(
      (bytes, i) => bytes !== undefined && equalBytes(leafHash(bytes), leaves.subarray(32 * i, 32 * i + 32)),
    )
  )
}
