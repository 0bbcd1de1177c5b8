import { existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { parseBundle } from '../../core/bundle.ts'
import { fromUtf8 } from '../../core/bytes.ts'
import { EvidenceError } from '../../core/errors.ts'
import { tileIndexPath, tileWidth, tileWidthAt } from '../../core/merkle/layout.ts'
import { TileFolder } from '../../log/node/tile-folder.ts'
import type { TileWriter } from '../../log/node/tile-writer.ts'
import { fileBounds, isNameFree, readBounded, readBoundedText } from '../../node/bounded-file.ts'
import { isLockName } from '../../node/lock-file.ts'
import { copiedConfigSchema } from '../data-folder.ts'

/** Version of the layout of a backup. */
export const backupFormat = 1

const manifestSchema = z.strictObject({
  format: z.number(),
  /** Erasures that were applied. */
  erasures: z.int().min(0),
  /** Orders to erase in entries below this were executed; none where it is missing. */
  ordersBelow: z.int().min(0).optional(),
  /** True where the original signs no more. */
  final: z.boolean(),
  /** Id of the move that this is the final backup of, or is about to be; the folder that was left behind has it as well. */
  move: z.string().optional(),
  config: copiedConfigSchema,
})
export type BackupManifest = z.infer<typeof manifestSchema>

const disclosuresSchema = z.strictObject({ index: z.int().min(0), disclosures: z.array(z.string()).min(1) })

/** A backup on the disk: static tiles, and beside them disclosures, erasures, and what it is. */
export class BackupFolder {
  readonly root: string
  private readonly tiles: TileFolder
  /** Entries that the checkpoint signs: which partial tiles count. */
  private readonly size: number

  constructor(root: string, size: number) {
    this.root = root
    this.tiles = new TileFolder(root)
    this.size = size
  }

  static paths(
    root: string,
  ): Readonly<Record<'checkpoint' | 'policy' | 'erased' | 'manifest' | 'taken' | 'lock' | 'timeStamps', string>> {
    const at = (name: string): string => join(root, name)
    return {
      checkpoint: at('checkpoint'),
      policy: at('policy'),
      erased: at('erased'),
      manifest: at('backup.json'),
      taken: at('taken'),
      lock: at('lock'),
      timeStamps: at('timestamps'),
    }
  }

  /** What the folder says that it is; undefined where it is empty or not there. Throws `file-exists`, `format-version`, `backup-missing`. */
  static manifest(root: string): BackupManifest | undefined {
    const { manifest } = BackupFolder.paths(root)
    if (isNameFree(manifest)) {
      const others = existsSync(root) ? readdirSync(root).filter((name) => !isLockName(name)) : []
      // What a first run left that was cut off may be gone over again.
      if (
        others.every((name) =>
          ['tile', 'disclosures', 'policy', 'checkpoint', 'erased', 'timestamps', 'lost+found'].includes(
            name.split('.')[0] ?? '',
          ),
        )
      )
        return undefined
      throw new EvidenceError('file-exists', `the folder ${root} is not empty, and no backup`, { where: root })
    }
    let json: unknown
    try {
      json = JSON.parse(readBoundedText(manifest, fileBounds.large))
      const { format } = json as { format?: unknown }
      if (typeof format === 'number' && format !== backupFormat) {
        throw new EvidenceError('format-version', `the backup has the format ${format}, not ${backupFormat}`, {
          where: manifest,
        })
      }
      return manifestSchema.parse(json)
    } catch (cause) {
      if (cause instanceof EvidenceError) throw cause
      throw new EvidenceError('backup-missing', `${manifest} cannot be read`, { where: manifest }, { cause })
    }
  }

  /** As {@link manifest}, of a folder that must be a backup. Throws `backup-missing` as well. */
  static requireManifest(root: string): BackupManifest {
    const manifest = existsSync(root) ? BackupFolder.manifest(root) : undefined
    if (manifest === undefined) throw new EvidenceError('backup-missing', `${root} is no whole backup`, { where: root })
    return manifest
  }

  /** The entries of bundle `n`, or undefined where its file is missing. Throws `bundle-malformed`. */
  bundle(n: number): Uint8Array[] | undefined {
    const width = tileWidthAt(0, n, this.size)
    const found = this.tiles.read('entries', n, width)
    return found === undefined ? undefined : parseBundle(found.bytes, found.width).slice(0, width)
  }

  /** For {@link LedgerTree}: a run within one bundle or over many. */
  entries(begin: number, end: number): Promise<(Uint8Array | undefined)[]> {
    const out: (Uint8Array | undefined)[] = []
    for (let n = Math.floor(begin / tileWidth); n * tileWidth < end; n++) {
      const entries = this.bundle(n) ?? []
      const from = Math.max(begin - n * tileWidth, 0)
      for (let i = from; i < Math.min(tileWidth, end - n * tileWidth); i++) out.push(entries[i])
    }
    return Promise.resolve(out)
  }

  /** For {@link LedgerTree}: full tiles alone. */
  tile(level: number, n: number): Promise<Uint8Array | undefined> {
    return this.tiles.tile(level, n, tileWidth)
  }
  async tileView(level: number, n: number): Promise<{ bytes: Uint8Array } | undefined> {
    const bytes = await this.tile(level, n)
    return bytes === undefined ? undefined : { bytes }
  }

  /**
   * Disclosures of bundle `n`, by index. Read strictly: lines as they are written, ascending, of this bundle. Throws
   * `stored-disclosure-altered`.
   */
  disclosures(n: number): Map<number, string[]> {
    const where = this.tiles.path(disclosuresPath(n))
    if (statSync(where, { throwIfNoEntry: false }) === undefined) return new Map()
    const bytes = readBounded(where, fileBounds.large)
    try {
      return parseDisclosures(n, fromUtf8(bytes, 'file'))
    } catch (cause) {
      throw new EvidenceError('stored-disclosure-altered', `${where} cannot be read`, { where }, { cause })
    }
  }

  /** Writes the disclosures of bundle `n`. Where there are none, and no file, nothing is written. */
  writeDisclosures(writer: TileWriter, n: number, disclosures: ReadonlyMap<number, readonly string[]>): void {
    const path = disclosuresPath(n)
    const lines = [...disclosures]
      .filter(([, texts]) => texts.length > 0)
      .sort(([a], [b]) => a - b)
      .map(([index, texts]) => disclosuresLine(index, texts))
    if (lines.length > 0 || existsSync(join(this.root, path))) writer.file(path, Buffer.from(lines.join('')))
  }
}

function disclosuresLine(index: number, disclosures: readonly string[]): string {
  return `${JSON.stringify({ index, disclosures })}\n`
}

/** Throws where a line is not spelt as {@link disclosuresLine} does, does not ascend, or is of another bundle. */
function parseDisclosures(n: number, text: string): Map<number, string[]> {
  const found = new Map<number, string[]>()
  let next = n * tileWidth
  for (const line of text.split('\n').slice(0, -1)) {
    const { index, disclosures } = disclosuresSchema.parse(JSON.parse(line))
    if (index < next || index >= (n + 1) * tileWidth) throw new Error(`a line is of entry ${index}`)
    if (`${line}\n` !== disclosuresLine(index, disclosures)) throw new Error('a line is spelt otherwise')
    found.set(index, disclosures)
    next = index + 1
  }
  if (text !== '' && !text.endsWith('\n')) throw new Error('the last line has no end')
  return found
}

function disclosuresPath(n: number): string {
  return `disclosures/${tileIndexPath(n)}`
}
