import { existsSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { EvidenceError, maxBundleBytes, maxNoteBytes, tilePath, tileWidth } from '../../src/core/index.ts'
import { BackupFolder } from '../../src/ledger/index.ts'
import { type LogSource, type NamedTile, splitBundle } from '../../src/log/index.ts'
import { readRegularFile, requireFinished } from '../../src/node/index.ts'

/**
 * A folder of static tiles, as `evidence export` writes it, or a backup, which keeps disclosures as well. Links are followed; where
 * there is anything but a regular file in the place of one, the file is not there.
 */
export class StaticSource implements LogSource {
  readonly name: string
  readonly disclosuresIn?: (begin: number, end: number) => Promise<Map<number, string[]>>

  constructor(folder: string) {
    this.name = folder
    requireFinished(folder)
    if (this.note() === undefined && !isFolder(join(folder, 'tile'))) {
      const why = `there is neither a checkpoint nor a tile in ${folder}: it is no export`
      throw new EvidenceError('ledger-missing', why, { where: folder })
    }
    if (existsSync(BackupFolder.paths(folder).manifest)) this.disclosuresIn = disclosuresOf(new BackupFolder(folder, 0))
  }

  private note(): Uint8Array | undefined {
    return readRegularFile(join(this.name, 'checkpoint'), maxNoteBytes)
  }

  checkpoint(): Promise<Uint8Array> {
    const note = this.note()
    if (note !== undefined) return Promise.resolve(note)
    const missing = new EvidenceError('checkpoint-missing', `${this.name} has tiles and no checkpoint`)
    return Promise.reject(missing)
  }

  private read(level: number | 'entries', n: number, width: number): NamedTile | undefined {
    for (const named of width === tileWidth ? [width] : [width, tileWidth]) {
      const bytes = readRegularFile(join(this.name, tilePath(level, n, named)), maxBundleBytes)
      if (bytes !== undefined) return { bytes, width: named }
    }
    return undefined
  }

  tile(level: number, n: number, width: number): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.read(level, n, width)?.bytes)
  }

  entries(n: number, width: number): Promise<(Uint8Array | undefined)[]> {
    return Promise.resolve(splitBundle(this.read('entries', n, width), width))
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
