import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { EvidenceError, tilePath, tileWidth } from '../../src/core/index.ts'
import { splitBundle } from '../../src/client/index.ts'
import type { LogSource } from '../../src/verify/index.ts'

/** A folder of static tiles, as `evidence export` writes it. */
export class StaticSource implements LogSource {
  readonly name: string

  constructor(folder: string) {
    this.name = folder
    if (!existsSync(join(folder, 'checkpoint'))) {
      throw new EvidenceError('ledger-missing', `there is no checkpoint in ${folder}: it is no export`, {
        where: folder,
      })
    }
  }

  checkpoint(): Promise<Uint8Array> {
    return Promise.resolve(readFileSync(join(this.name, 'checkpoint')))
  }

  private read(level: number | 'entries', n: number, width: number): Uint8Array | undefined {
    for (const held of width === tileWidth ? [width] : [width, tileWidth]) {
      const path = join(this.name, tilePath(level, n, held))
      if (existsSync(path)) return readFileSync(path)
    }
    return undefined
  }

  tile(level: number, n: number, width: number): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.read(level, n, width))
  }

  entries(n: number, width: number): Promise<(Uint8Array | undefined)[]> {
    const bytes = this.read('entries', n, width)
    return Promise.resolve(
      bytes === undefined ? Array.from({ length: width }, () => undefined) : splitBundle(bytes, width),
    )
  }
}
