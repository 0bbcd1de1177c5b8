import { parseSignedCheckpoint } from '../core/checkpoint.ts'
import { EvidenceError } from '../core/errors.ts'
import { beginFolder } from '../node/folder-filling.ts'
import { putPrivateFile, putPublicFile } from '../node/private-folder.ts'
import { tilesOf } from '../log/node/tile-folder.ts'
import { TileWriter } from '../log/node/tile-writer.ts'
import type { LedgerReads } from './reads.ts'
import type { TimeStampFiles } from './time-stamp-files.ts'

export interface ExportOptions {
  /** The policy file's bytes. */
  readonly policy: Uint8Array
  readonly timeStamps: TimeStampFiles
  /** Everybody may read the ledger's entries, so everybody may read the files: for a web server. */
  readonly isPublic: boolean
  readonly onTile?: (done: number, total: number) => void
}

/** Files of an export, relative to its folder. */
const exportedFiles = /^(checkpoint|policy|timestamps\/[0-9]+\.time-stamps|tile\/[0-9a-z./]+)$/

/**
 * Writes a ledger as static files of C2SP tlog-tiles: `checkpoint`, `tile/…`, `tile/entries/…`, the policy, and the time-stamp records. No
 * disclosure is among them. The folder is there as a whole or not at all. Throws the codes of beginFolder (`file-exists` where it is
 * not empty), `tile-missing`, `storage-damaged`.
 */
export async function exportTiles(
  reads: LedgerReads,
  target: string,
  options: ExportOptions,
): Promise<{ readonly size: number; readonly files: number }> {
  const { isPublic } = options
  const filling = beginFolder(target, { by: 'evidence export', taken: 'file-exists', isPublic, writes: exportedFiles })
  try {
    const written = await writeTiles(reads, filling.folder, options)
    filling.finish(false)
    return written
  } catch (error) {
    filling.abandon()
    throw error
  }
}

async function writeTiles(
  reads: LedgerReads,
  target: string,
  { policy, timeStamps, isPublic, onTile }: ExportOptions,
): Promise<{ readonly size: number; readonly files: number }> {
  const note = reads.checkpoint
  const { size } = parseSignedCheckpoint(Buffer.from(note)).checkpoint
  const writer = new TileWriter(target, isPublic ? putPublicFile : putPrivateFile)
  const tiles = [...tilesOf(size)]
  for (const [i, { path, ...named }] of tiles.entries()) {
    const bytes = await reads.tile(named)
    if (bytes === undefined) throw new EvidenceError('tile-missing', `the tile ${path} cannot be read`)
    writer.file(path, bytes)
    onTile?.(i + 1, tiles.length)
  }
  const stamped = timeStamps.sizes().filter((one) => one <= size)
  for (const one of stamped) {
    const bytes = timeStamps.read(one)
    if (bytes !== undefined) writer.file(`timestamps/${one}.time-stamps`, bytes)
  }
  writer.file('policy', policy)
  writer.file('checkpoint', Buffer.from(note))
  return { size, files: tiles.length + 2 + stamped.length }
}
