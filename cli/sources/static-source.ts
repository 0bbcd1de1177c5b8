import { existsSync, statSync } from 'node:fs'
import { EvidenceError } from '../../src/core/errors.ts'
import { tileWidth } from '../../src/core/merkle/layout.ts'
import { BackupFolder } from '../../src/ledger/copy/backup-folder.ts'
import { erasedByIndex, readErasures } from '../../src/ledger/erasures.ts'
import type { LogSource } from '../../src/log/log.ts'
import { TileFolder } from '../../src/log/node/tile-folder.ts'
import { requireFinished } from '../../src/node/folder-marker.ts'

/** A folder of static tiles that somebody names, as `evidence export` writes it; or a backup, which keeps disclosures as well. */
export class StaticSource extends TileFolder {
  readonly disclosuresIn?: (begin: number, end: number) => Promise<Map<number, string[]>>
  readonly erased?: () => Promise<ReadonlyMap<number, ReadonlySet<string>>>

  /** Throws `ledger-missing` where the folder holds neither checkpoint nor tile, and the codes of requireFinished. */
  constructor(folder: string) {
    super(folder)
    requireFinished(folder)
    if (this.note() === undefined && !isFolder(this.path('tile'))) {
      const why = `there is neither a checkpoint nor a tile in ${folder}: it is no export`
      throw new EvidenceError('ledger-missing', why, { where: folder })
    }
    const { manifest, erased } = BackupFolder.paths(folder)
    if (!existsSync(manifest)) return
    this.disclosuresIn = disclosuresOf(new BackupFolder(folder, 0))
    this.erased = () => Promise.resolve(erasedByIndex(readErasures(erased)))
  }
}

function disclosuresOf(backup: BackupFolder): NonNullable<LogSource['disclosuresIn']> {
  return (begin, end) => {
    const found = new Map<number, string[]>()
    for (let n = Math.floor(begin / tileWidth); n * tileWidth < end; n++) {
      for (const [index, texts] of backup.disclosures(n)) if (index >= begin && index < end) found.set(index, texts)
    }
    return Promise.resolve(found)
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
