import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EvidenceError, tilePath, tileWidth } from '../../src/core/index.ts'
import { type NamedTile, splitBundle } from '../../src/client/index.ts'
import { BackupFolder, erasedByIndex, readErasures } from '../../src/ledger/index.ts'
import { requireFinished } from '../../src/node/index.ts'
import type { LogSource } from '../../src/verify/index.ts'

/** A folder of static tiles, as `evidence export` writes it, or a backup, which keeps disclosures as well. */
export class StaticSource implements LogSource {
  readonly name: string
  readonly disclosuresIn?: (begin: number, end: number) => Promise<Map<number, string[]>>
  readonly erased?: () => Promise<ReadonlyMap<number, ReadonlySet<string>>>

  constructor(folder: string) {
    this.name = folder
    requireFinished(folder)
    if (!existsSync(join(folder, 'checkpoint'))) {
      throw new EvidenceError('ledger-missing', `there is no checkpoint in ${folder}: it is no export`, {
        where: folder,
      })
    }
    const { manifest, erased } = BackupFolder.paths(folder)
    if (!existsSync(manifest)) return
    this.disclosuresIn = disclosuresOf(new BackupFolder(folder, 0))
    this.erased = () => Promise.resolve(erasedByIndex(readErasures(erased)))
  }

  checkpoint(): Promise<Uint8Array> {
    return Promise.resolve(readFileSync(join(this.name, 'checkpoint')))
  }

  private read(level: number | 'entries', n: number, width: number): NamedTile | undefined {
    for (const named of width === tileWidth ? [width] : [width, tileWidth]) {
      const path = join(this.name, tilePath(level, n, named))
      if (existsSync(path)) return { bytes: readFileSync(path), width: named }
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
