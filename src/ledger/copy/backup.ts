import { rmSync } from 'node:fs'
import { equalBytes } from '../../core/bytes.ts'
import { parseSignedCheckpoint } from '../../core/checkpoint.ts'
import { EvidenceError } from '../../core/errors.ts'
import { tileLevels, tilesAt, tileWidth, tileWidthAt } from '../../core/merkle/layout.ts'
import { maxNoteBytes, type VerifierKey } from '../../core/note.ts'
import { defined } from '../../core/objects.ts'
import { TileWriter } from '../../log/node/tile-writer.ts'
import { bodyOfEntry } from '../../statements/open.ts'
import { erasedBy, sealedDigestsOf } from '../../statements/said.ts'
import { readTextIfThere } from '../../node/bounded-file.ts'
import { holdPrivateFolder } from '../../node/folder-filling.ts'
import { syncFolder, writeDurably } from '../../node/durable-file.ts'
import {
  addErasures,
  byOperator,
  type ErasedDigests,
  type Erasure,
  keptBy,
  keptIn,
  listedIn,
  noLongerKept,
  readErasures,
  relistErasures,
} from '../erasures.ts'
import type { StandingOrder } from '../orders.ts'
import { TimeStampFiles } from '../time-stamp-files.ts'
import { LedgerTree } from '../tree.ts'
import { BackupFolder, backupFormat, type BackupManifest } from './backup-folder.ts'
import { type ChainEnd, chainEndOf, chainStart, checkNext, requireKept } from './chain-check.ts'
import { judgedOrders } from './judged-orders.ts'
import { type AcceptFault, MissingClaims } from './missing-claims.ts'
import { type CopiedEntry, GatheredErasures, type Piece, type PieceSource, requireGives } from './piece.ts'
import { requireSignedTree } from './replay.ts'
import { readTaken, takenText } from './taken.ts'
import { copyTimeStamps } from './time-stamp-copies.ts'
import { relisted, unvouchedIn, vouched } from './vouched-erasures.ts'

export interface BackupOptions {
  readonly source: PieceSource
  readonly out: string
  readonly key: VerifierKey
  /** The policy file's bytes. */
  readonly policy: Uint8Array
  readonly onProgress?: (done: number, total: number) => void
  /** The source's time stamps, where it is a folder. */
  readonly timeStamps?: TimeStampFiles
  /** Takes note of claims that the source, or the backup, has lost; without it nothing is taken over. */
  readonly acceptMissing?: AcceptFault
  /** Erases here too what the source's operator erased without an order; the last backup of a move always does. */
  readonly operatorErasures?: boolean
  /** The last backup of a ledger that moves: its id, and what shuts the source for good before the backup says that it is final. */
  readonly move?: { readonly id: string; readonly shut: () => void }
  /** True where the source may not sign: a copy, or what a move left behind. */
  readonly isShut?: boolean
}

export interface BackupResult {
  readonly size: number
  /** Entries that this run added, and erasures that it was told of. */
  readonly added: number
  readonly erased: number
  /** Erasures of the source's operator, of this run and those before, that are not done here. */
  readonly kept: number
  readonly final: boolean
}

/**
 * Writes a backup, or brings one up to date (docs/design/backup-and-follow.md): verified before its checkpoint is taken over.
 * Throws `file-exists` (also for the final backup of another move), `ledger-in-use` (another run), `disclosures-missing`, the codes of checkNext and requireSignedTree, `consistency-invalid`
 * where the source is behind the backup or of another history.
 */
export async function makeBackup(options: BackupOptions): Promise<BackupResult> {
  const { out } = options
  BackupFolder.manifest(out)
  return holdPrivateFolder(out, () => new BackupRun(options).run())
}

/**
 * Shows that a run takes no move's last word from a backup: with its id goes what keeps the folder that was left behind shut
 * (docs/design/backup-and-follow.md). A move that was called off has none, and one that is not final yet may have been cut off before
 * its folder was shut; a source that is shut is not that folder. Throws `file-exists`.
 */
function requireNoOtherMove({ out, move, isShut = false }: BackupOptions): void {
  const before = BackupFolder.manifest(out)
  if (before?.move === undefined || before.move === move?.id) return
  if (!before.final && !isShut) return
  const taken = readTaken(BackupFolder.paths(out).taken)
  if (taken?.id === before.move) return
  const what = taken === undefined ? '' : `, which ${takenText(taken)}`
  throw new EvidenceError(
    'file-exists',
    `the folder ${out} is the final backup of a ledger that moves${what}; back up into another folder`,
    { where: out },
  )
}

class BackupRun {
  private readonly options: BackupOptions
  private readonly writer: TileWriter
  private tree!: LedgerTree
  private end: ChainEnd = chainStart
  /** The bundle at the right edge, as far as it has come. */
  private bundle: Uint8Array[] = []
  private disclosures = new Map<number, readonly string[]>()
  private readonly missing = new MissingClaims()
  /** Whether an entry that this run took orders an erasure. */
  private hasOrders = false

  constructor(options: BackupOptions) {
    this.options = options
    this.writer = new TileWriter(options.out)
  }

  async run(): Promise<BackupResult> {
    const { source, out, key, policy, onProgress } = this.options
    requireNoOtherMove(this.options)
    const paths = BackupFolder.paths(out)
    // A cut-off run may have got as far as the checkpoint and not to the manifest.
    const before = readTextIfThere(paths.checkpoint, maxNoteBytes)
    const sizeBefore = before === undefined ? 0 : parseSignedCheckpoint(Buffer.from(before)).checkpoint.size
    await this.resume(before, sizeBefore)
    const known = readErasures(paths.erased)
    const gathered = new GatheredErasures()
    let piece: Piece
    for (;;) {
      const asked = { from: this.tree.size, erasures: known.length + gathered.list.length }
      piece = await source.piece(asked.from, asked.erasures)
      this.requireSame(piece, before)
      requireGives(piece, asked, source.name)
      gathered.add(piece.erased, source.name)
      for (const entry of piece.entries) await this.take(entry)
      onProgress?.(this.tree.size, piece.size)
      if (this.tree.size >= piece.size && known.length + gathered.list.length >= piece.erasures) break
    }
    const erased = gathered.list
    requireSignedTree(piece.checkpoint, key, this.tree)
    const { ordered, all } = this.judged(sizeBefore, [...known.filter(({ by = -1 }) => by >= sizeBefore), ...erased])
    this.missing.excuse([...known, ...erased, ...ordered])
    this.missing.settle(this.options.acceptMissing)
    await this.writeEdge()
    this.writer.file('policy', policy)
    this.writer.sync()
    if (piece.checkpoint !== before) writeDurably(paths.checkpoint, piece.checkpoint)
    // What an order takes goes by the order, which was judged here, and not by the list.
    const follows = this.options.operatorErasures === true || this.options.move !== undefined
    const orderedBy = (by: number): readonly ErasedDigests[] => all.find((order) => order.by === by)?.of ?? []
    const told = await vouched(erased, { size: this.tree.size }, orderedBy)
    const listed = listedIn(told, follows)
    const range = { from: sizeBefore, size: this.tree.size }
    const { list, claimed } = await relisted(known, range, orderedBy, follows)
    const keptBefore = [...keptIn(known), ...claimed]
    this.applyErasures([...(follows ? keptBefore : []), ...byOperator(listed), ...ordered])
    // After the claims are gone: a crash in between leaves them to be removed again.
    relistErasures(paths.erased, list)
    if (follows && keptBefore.length > 0) noLongerKept(paths.erased)
    addErasures(paths.erased, listed)
    const { timeStamps } = this.options
    if (timeStamps !== undefined) copyTimeStamps(timeStamps, new TimeStampFiles(paths.timeStamps), this.tree.size)
    this.writeManifest(known.length + erased.length, piece.config)
    this.writer.removePartials(sizeBefore, this.tree.size)
    const final = this.options.move !== undefined
    const kept = unvouchedIn(readErasures(paths.erased), this.tree.size)
    return { size: this.tree.size, added: this.tree.size - sizeBefore, erased: erased.length, kept, final }
  }

  /**
   * The last word. A move goes in three steps, each durable before the next: the backup has the move's id; the source is shut under
   * it; the backup is final. Cut off, it is repeated into this backup, and into no other.
   */
  private writeManifest(erasures: number, config: BackupManifest['config']): void {
    const { out, move } = this.options
    const { manifest: path, taken } = BackupFolder.paths(out)
    const id = move?.id
    const write = (final: boolean): void => {
      const manifest: BackupManifest = {
        format: backupFormat,
        erasures,
        ordersBelow: this.tree.size,
        final,
        ...defined({ move: id }),
        config,
      }
      writeDurably(path, `${JSON.stringify(manifest, null, 2)}\n`)
    }
    const before = BackupFolder.manifest(out)
    if (move === undefined || before?.move !== id) {
      write(false)
      // What was made of an earlier state says nothing of this one.
      rmSync(taken, { force: true })
      syncFolder(out)
    }
    if (move === undefined) return
    move.shut()
    write(true)
  }

  /** Goes on from what an earlier run wrote: its tree must make the root that its checkpoint signs. */
  private async resume(note: string | undefined, size: number): Promise<void> {
    const folder = new BackupFolder(this.options.out, size)
    // The right edge is rebuilt from the last bundle and the roots of full tiles, as on opening a ledger.
    this.tree = await LedgerTree.rebuild(folder, size)
    if (note === undefined) return
    requireSignedTree(note, this.options.key, this.tree)
    const last = Math.ceil(size / tileWidth) - 1
    const entries = folder.bundle(last) as Uint8Array[]
    this.end = chainEndOf(entries[entries.length - 1] as Uint8Array)
    if (size % tileWidth === 0) return
    this.bundle = entries
    for (const [index, texts] of folder.disclosures(last)) if (index < size) this.disclosures.set(index, texts)
    // They are written again, beside what is new: what was lost of them must not be taken over.
    entries.forEach((bytes, i) => this.noteClaims(last * tileWidth + i, bytes))
  }

  /** A source that lost entries, or has others, is a discovery: the backup stays as it is. */
  private requireSame(piece: Piece, note: string | undefined): void {
    const { source } = this.options
    if (piece.size < this.tree.size) {
      throw new EvidenceError(
        'consistency-invalid',
        `${source.name} has ${piece.size} entries, and the backup ${this.tree.size}: the source has lost some`,
        { expected: `at least ${this.tree.size}`, found: String(piece.size) },
      )
    }
    if (note === undefined || piece.size > this.tree.size) return
    const [ours, theirs] = [note, piece.checkpoint].map((text) => parseSignedCheckpoint(Buffer.from(text)).checkpoint)
    if (ours?.size === theirs?.size && !equalBytes(ours?.root as Uint8Array, theirs?.root as Uint8Array))
      throw new EvidenceError('consistency-invalid', `${source.name} has another history than the backup`)
  }

  private async take(entry: CopiedEntry): Promise<void> {
    const index = this.end.size
    this.end = checkNext(this.end, entry.bytes)
    this.tree.append(this.end.link)
    this.bundle.push(entry.bytes)
    if (entry.disclosures.length > 0) this.disclosures.set(index, entry.disclosures)
    this.noteClaims(index, entry.bytes)
    if (this.end.size % tileWidth === 0) await this.completeBundle(Math.floor(index / tileWidth))
  }

  /** Holds what is kept for an entry against what it seals. Throws `stored-disclosure-altered`. */
  private noteClaims(index: number, bytes: Uint8Array): void {
    const body = bodyOfEntry(bytes)
    const sealed = body === undefined ? [] : sealedDigestsOf(body)
    this.hasOrders ||= erasedBy(body).length > 0
    const disclosures = this.disclosures.get(index) ?? []
    requireKept(index, disclosures, sealed)
    this.missing.note(index, sealed, disclosures)
  }

  private async completeBundle(n: number): Promise<void> {
    this.writeBundle(n)
    for (const { level, n: at, tile } of this.tree.completedTiles()) this.writer.tile(level, at, tile.bytes())
    this.tree.releaseCompleted()
    this.bundle = []
    this.disclosures = new Map()
    // Between bundles others get a turn: a signal, a progress bar.
    await new Promise((resolve) => setImmediate(resolve))
  }

  private writeBundle(n: number): void {
    this.writer.bundle(n, this.bundle)
    new BackupFolder(this.options.out, this.end.size).writeDisclosures(this.writer, n, this.disclosures)
  }

  /** The partial tiles of the right edge. */
  private async writeEdge(): Promise<void> {
    const { size } = this.tree
    if (this.bundle.length > 0) this.writeBundle(Math.floor(size / tileWidth))
    for (let level = 0; level < tileLevels(size); level++) {
      const n = tilesAt(level, size) - 1
      const width = tileWidthAt(level, n, size)
      if (width === tileWidth) continue
      const tile = (await this.tree.load([{ level, n }]))(level, n)
      this.writer.tile(level, n, tile?.bytes(width) as Uint8Array)
    }
  }

  private applyErasures(erased: readonly ErasedDigests[]): void {
    const { out } = this.options
    const folder = new BackupFolder(out, this.tree.size)
    for (const erasure of erased) {
      const n = Math.floor(erasure.index / tileWidth)
      const disclosures = folder.disclosures(n)
      const held = disclosures.get(erasure.index)
      if (held === undefined) continue
      disclosures.set(erasure.index, keptBy(erasure, held))
      folder.writeDisclosures(this.writer, n, disclosures)
    }
    this.writer.sync()
  }

  /**
   * The orders of the backup from the first on that is named by a line, each judged by the rulebook, over all entries of the backup; and what those take that
   * were not executed here.
   */
  private judged(
    sizeBefore: number,
    lines: readonly Erasure[],
  ): { readonly ordered: readonly ErasedDigests[]; readonly all: readonly StandingOrder[] } {
    const { out, key } = this.options
    const { size } = this.tree
    const from = BackupFolder.manifest(out)?.ordersBelow ?? 0
    const named = lines.flatMap(({ by }) => (by === undefined || by >= size ? [] : [by]))
    if (!this.hasOrders && from >= sizeBefore && named.length === 0) return { ordered: [], all: [] }
    const folder = new BackupFolder(out, size)
    // The bundle at the right edge is written last.
    const bundle = (n: number): readonly Uint8Array[] | undefined =>
      (n + 1) * tileWidth > size ? this.bundle : folder.bundle(n)
    const first = named.reduce((least, by) => Math.min(least, by), from)
    const all = judgedOrders({ size, bundle }, key.name, first)
    return { ordered: all.filter(({ by }) => by >= from).flatMap(({ of }) => of), all }
  }
}
