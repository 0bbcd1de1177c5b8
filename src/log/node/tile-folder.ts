import { join } from 'node:path'
import { maxBundleBytes } from '../../core/bundle.ts'
import { EvidenceError } from '../../core/errors.ts'
import { tileLevels, tilePath, tilesAt, tileWidth, tileWidthAt } from '../../core/merkle/layout.ts'
import { maxNoteBytes } from '../../core/note.ts'
import { readRegularFile } from '../../node/bounded-file.ts'
import { type NamedTile, splitBundle } from '../bundle.ts'
import type { LogSource } from '../log.ts'

/** A level of the tree, or the entries below it. */
export type TileLevel = number | 'entries'

/**
 * A log as files of C2SP tlog-tiles (docs/spec/12-tiles.md): `checkpoint`, `tile/…`, `tile/entries/…`. An export, a backup, a mirror and
 * a monitor's copy lie so. Links are followed; where there is anything but a regular file in the place of one, the file is not there.
 * Nothing that it gives is trusted.
 */
export class TileFolder implements LogSource {
  readonly name: string

  /** @param name the folder's path. */
  constructor(name: string) {
    this.name = name
  }

  /** Path of a file in the folder. */
  path(...parts: readonly string[]): string {
    return join(this.name, ...parts)
  }

  /** Bytes of the checkpoint; undefined where there is none. */
  note(): Uint8Array | undefined {
    return readRegularFile(this.path('checkpoint'), maxNoteBytes)
  }

  checkpoint(): Promise<Uint8Array> {
    const note = this.note()
    if (note !== undefined) return Promise.resolve(note)
    return Promise.reject(new EvidenceError('checkpoint-missing', `${this.name} has tiles and no checkpoint`))
  }

  /** A tile or bundle of a width, or the full one where there is no such file; undefined where there is neither. */
  read(level: TileLevel, n: number, width: number): NamedTile | undefined {
    for (const named of width === tileWidth ? [width] : [width, tileWidth]) {
      if (named === 0) continue
      const bytes = readRegularFile(this.path(tilePath(level, n, named)), maxBundleBytes)
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

/** The levels of a tree of `size` entries, entries first. */
export function levelsOf(size: number): readonly TileLevel[] {
  return ['entries', ...Array.from({ length: tileLevels(size) }, (_, level) => level)]
}

/** Path in the folder, number and width of every tile and bundle of a tree of `size` entries, entries first. */
export function* tilesOf(
  size: number,
): Generator<{ readonly level: TileLevel; readonly n: number; readonly width: number; readonly path: string }> {
  for (const level of levelsOf(size)) {
    const at = level === 'entries' ? 0 : level
    for (let n = 0; n < tilesAt(at, size); n++) {
      const width = tileWidthAt(at, n, size)
      yield { level, n, width, path: tilePath(level, n, width) }
    }
  }
}
