import { existsSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { encodeBundle } from '../../core/bundle.ts'
import { equalBytes } from '../../core/bytes.ts'
import { tilePath, tilesAt, tileWidth, tileWidthAt } from '../../core/merkle/layout.ts'
import { readBounded } from '../../node/bounded-file.ts'
import { syncFolder, writeSynced } from '../../node/durable-file.ts'
import { levelsOf } from './tile-folder.ts'

/**
 * Writes a log as the files that `TileFolder` reads. Each file is there as a whole; a file that is there already with the same bytes is
 * left. Their names are durable after {@link sync}, which has to come before the checkpoint that asks for them.
 */
export class TileWriter {
  private readonly root: string
  private readonly put: (path: string, bytes: Uint8Array) => void
  /** Folders whose names are not durable yet. */
  private readonly folders = new Set<string>()

  /** @param put makes a file and the folders that it lacks: 0600 and synced, unless the caller says otherwise. */
  constructor(root: string, put: (path: string, bytes: Uint8Array) => void = writeSynced) {
    this.root = resolve(root)
    this.put = put
  }

  /** Writes a hash tile; its width follows from its bytes. */
  tile(level: number, n: number, bytes: Uint8Array): void {
    this.file(tilePath(level, n, bytes.length / 32), bytes)
  }

  /** Writes an entry bundle. */
  bundle(n: number, entries: readonly Uint8Array[]): void {
    this.file(tilePath('entries', n, entries.length), encodeBundle(entries))
  }

  /** Writes a file of any name in the folder. */
  file(path: string, bytes: Uint8Array): void {
    const at = join(this.root, path)
    this.keep(path)
    const isThere = existsSync(at) && statSync(at).size === bytes.length
    if (!isThere || !equalBytes(readBounded(at, bytes.length), bytes)) this.put(at, bytes)
  }

  /** Takes over a file that an earlier run left: it may have been cut off before {@link sync}. */
  keep(path: string): void {
    this.folders.add(dirname(join(this.root, path)))
  }

  /** Makes the names of all files, and of the folders made for them, durable. */
  sync(): void {
    const all = new Set<string>()
    for (const folder of this.folders) {
      for (let at = folder; at.length >= this.root.length; at = dirname(at)) all.add(at)
    }
    for (const folder of all) syncFolder(folder)
    this.folders.clear()
  }

  /**
   * Removes the partial tiles and bundles of a tree of `before` entries that one of `now` entries has larger ones of: readers fall
   * back on those (tlog-tiles, "Partial Tiles").
   */
  removePartials(before: number, now: number): void {
    for (const level of levelsOf(before)) {
      const at = level === 'entries' ? 0 : level
      const n = tilesAt(at, before) - 1
      const partials = n < 0 ? undefined : join(this.root, `${tilePath(level, n, tileWidth)}.p`)
      if (partials === undefined || !existsSync(partials)) continue
      const width = tileWidthAt(at, n, now)
      for (const name of readdirSync(partials)) {
        if (width === tileWidth || name !== String(width)) rmSync(join(partials, name), { force: true })
      }
      if (readdirSync(partials).length === 0) rmdirSync(partials)
    }
  }
}
