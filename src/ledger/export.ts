import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { EvidenceError, parseSignedCheckpoint, tileLevels, tilePath, tilesAt, tileWidthAt } from '../core/index.ts'
import { existsSync, readdirSync } from 'node:fs'
import { syncFolder } from './head-file.ts'
import type { LedgerReads } from './reads.ts'
import type { TimeStampFiles } from './time-stamp-files.ts'

/**
 * Writes a ledger as static files of C2SP tlog-tiles: `checkpoint`, `tile/…`, `tile/entries/…`, the policy, and the time-stamp records. No
 * disclosure is among them. The folder appears as a whole. Throws `file-exists`, `storage-damaged`.
 */
export async function exportTiles(
  reads: LedgerReads,
  policy: Uint8Array,
  target: string,
  timeStamps: TimeStampFiles,
  onTile?: (done: number, total: number) => void,
): Promise<{ readonly size: number; readonly files: number }> {
  if (existsSync(target) && readdirSync(target).length > 0) {
    throw new EvidenceError('file-exists', `the folder ${target} exists and is not empty`, { where: target })
  }
  const note = reads.checkpoint
  const { size } = parseSignedCheckpoint(Buffer.from(note)).checkpoint
  const staging = `${resolve(target)}.part`
  rmSync(staging, { recursive: true, force: true })
  mkdirSync(staging, { recursive: true })
  const levels: (number | 'entries')[] = ['entries', ...Array.from({ length: tileLevels(size) }, (_, level) => level)]
  const total = levels.reduce<number>((sum, level) => sum + tilesAt(level === 'entries' ? 0 : level, size), 0)
  let files = 0
  for (const level of levels) {
    const treeLevel = level === 'entries' ? 0 : level
    for (let n = 0; n < tilesAt(treeLevel, size); n++) {
      const width = tileWidthAt(treeLevel, n, size)
      const bytes = await reads.tile({ level, n, width })
      if (bytes === undefined)
        throw new EvidenceError('tile-missing', `the tile ${tilePath(level, n, width)} cannot be read`)
      const path = join(staging, tilePath(level, n, width))
      mkdirSync(dirname(path), { recursive: true })
      writeFileSync(path, bytes)
      onTile?.(++files, total)
    }
  }
  writeFileSync(join(staging, 'checkpoint'), note)
  writeFileSync(join(staging, 'policy'), policy)
  const stamped = timeStamps.sizes().filter((one) => one <= size)
  if (stamped.length > 0) mkdirSync(join(staging, 'timestamps'))
  for (const one of stamped) {
    const bytes = timeStamps.read(one)
    if (bytes !== undefined) writeFileSync(join(staging, 'timestamps', `${one}.time-stamps`), bytes)
  }
  rmSync(target, { recursive: true, force: true })
  renameSync(staging, target)
  syncFolder(dirname(resolve(target)))
  return { size, files: files + 2 + stamped.length }
}
