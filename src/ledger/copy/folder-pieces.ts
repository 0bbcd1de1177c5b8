import { parseSignedCheckpoint } from '../../core/checkpoint.ts'
import { EvidenceError } from '../../core/errors.ts'
import { tileWidth } from '../../core/merkle/layout.ts'
import { dataFolder, readConfig } from '../data-folder.ts'
import { readErasures } from '../erasures.ts'
import type { FolderSource } from '../folder-source.ts'
import { type CopiedEntry, maxPieceEntries, type Piece, type PieceSource } from './piece.ts'

/** A stopped data folder, in pieces: read through the stand-in of {@link FolderSource}. */
export class FolderPieces implements PieceSource {
  readonly name: string
  private readonly source: FolderSource

  /** Throws the first of the folder's faults, `database-behind-head`. */
  static async of(source: FolderSource): Promise<FolderPieces> {
    const { size } = parseSignedCheckpoint(await source.checkpoint()).checkpoint
    const [fault] = [...source.faults, ...(await source.outsideFaults(size))]
    if (fault !== undefined) throw fault
    return new FolderPieces(source)
  }

  private constructor(source: FolderSource) {
    this.name = source.name
    this.source = source
  }

  async piece(from: number, erasures: number): Promise<Piece> {
    const { storage } = this.source
    const folder = dataFolder(this.name)
    const checkpoint = Buffer.from(await this.source.checkpoint()).toString('utf8')
    const { size } = parseSignedCheckpoint(Buffer.from(checkpoint)).checkpoint
    const end = Math.min(size, from - (from % tileWidth) + maxPieceEntries)
    const entries = end <= from ? [] : await copiedEntries(storage, from, end)
    const erased = readErasures(folder.erased)
    const { reading, openDisclosures } = readConfig(folder)
    return {
      from,
      entries,
      size,
      checkpoint,
      erased: erased.slice(erasures),
      erasures: erased.length,
      config: { reading, openDisclosures },
    }
  }
}

/** A run of entries with their disclosures. Throws `entry-missing`, `storage-damaged`. */
export async function copiedEntries(
  storage: FolderSource['storage'],
  begin: number,
  end: number,
): Promise<CopiedEntry[]> {
  const [entries, disclosed] = await Promise.all([storage.entries(begin, end), storage.disclosuresIn(begin, end)])
  return entries.map((bytes, i) => {
    const index = begin + i
    if (bytes === undefined) throw new EvidenceError('entry-missing', `entry ${index} cannot be read`, { index })
    return { bytes, disclosures: disclosed.get(index) ?? [] }
  })
}
