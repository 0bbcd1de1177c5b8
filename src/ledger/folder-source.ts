import { attempt, valueOr } from '../core/attempt.ts'
import type { EntryRun } from '../core/bundle.ts'
import { equalBytes } from '../core/bytes.ts'
import { EvidenceError, isEvidenceError } from '../core/errors.ts'
import { tileWidth } from '../core/merkle/layout.ts'
import { rootFromTiles } from '../core/merkle/tiles.ts'
import type { VerifierKey } from '../core/note.ts'
import { openEntry } from '../statements/open.ts'
import type { DisclosedBytes } from '../log/log.ts'
import { type DataFolder, dataFolder, readConfig } from './data-folder.ts'
import { erasedByIndex, readErasures } from './erasures.ts'
import { type Head, readHead } from './head-file.ts'
import type { HeldFolder } from './held-folder.ts'
import { checkDatabase, checkTable, type TableFile } from './leveldb/database-check.ts'
import { LevelStorage } from './leveldb/level-storage.ts'
import { type DatabaseSnapshot, snapshotOf } from './leveldb/table-snapshot.ts'
import { LookupCodec } from './lookup-codec.ts'
import { readLookupCodec } from './lookup-secret.ts'
import { whileUnlocked } from '../node/lock-file.ts'
import { readOwnCheckpoint } from './recovery.ts'
import type { LedgerStorage } from './storage.ts'
import { makeShadow } from './leveldb/shadow.ts'
import { LedgerTree, rootOfTile } from './tree.ts'

/** Reads tables whole, and gives their faults: here, or on other threads. */
export type CheckTables = (tables: readonly TableFile[]) => Promise<EvidenceError[]>

const checkEach: CheckTables = (tables) => Promise.resolve(tables.flatMap((table) => checkTable(table) ?? []))

/**
 * A data folder, closed, as something to verify: read through a stand-in, so that nothing in it changes. What is wrong
 * with the files themselves stands in `faults`.
 */
export class FolderSource {
  readonly name: string
  /** Faults of the database's files and of the head file. */
  readonly faults: readonly EvidenceError[]
  /** Why look-up keys cannot be compared, if so. */
  readonly lookupFault: EvidenceError | undefined
  readonly storage: LedgerStorage
  readonly head: Head | undefined
  /** What threads read by, where it was asked for and can be had. */
  readonly snapshot: DatabaseSnapshot | undefined
  private readonly dispose: () => void
  private tail: Promise<Uint8Array | undefined> | undefined

  private constructor(
    name: string,
    storage: LedgerStorage,
    head: Head | undefined,
    faults: readonly EvidenceError[],
    lookupFault: EvidenceError | undefined,
    snapshot: DatabaseSnapshot | undefined,
    dispose: () => void,
  ) {
    this.name = name
    this.storage = storage
    this.head = head
    this.faults = faults
    this.lookupFault = lookupFault
    this.snapshot = snapshot
    this.dispose = dispose
  }

  /**
   * Opens a folder for verifying. Throws `ledger-missing`, `ledger-in-use`, `ledger-unfinished`, `config-invalid`, and
   * where nothing can be read at all `database-missing`, `database-table-damaged`, `storage-damaged`, `format-version`.
   * @param forThreads whether to make the snapshot by which other threads read.
   */
  static async open(
    root: string,
    key: VerifierKey,
    checkTables: CheckTables = checkEach,
    forThreads = false,
  ): Promise<FolderSource> {
    const folder = dataFolder(root)
    const config = readConfig(folder)
    if (config.awaitingGenesis === true) {
      throw new EvidenceError('ledger-unfinished', `the ledger in ${root} has no genesis yet`, { where: root })
    }
    return whileUnlocked(folder.lock, root, () => FolderSource.read(root, folder, key, checkTables, forThreads))
  }

  /** Opens a folder that the caller holds, under its own key, while `use` reads it. Throws as {@link open} does, and what `use` throws. */
  static async reading<T>({ folder, key }: HeldFolder, use: (source: FolderSource) => Promise<T>): Promise<T> {
    const source = await FolderSource.read(folder.root, folder, key, checkEach, false)
    try {
      return await use(source)
    } finally {
      await source.close()
    }
  }

  private static async read(
    root: string,
    folder: DataFolder,
    key: VerifierKey,
    checkTables: CheckTables,
    forThreads: boolean,
  ): Promise<FolderSource> {
    const report = checkDatabase(folder.database)
    const faults = [...report.faults]
    if (report.isFatal && faults[0] !== undefined) throw faults[0]
    // LevelDB does not look at the checksums of its tables, and ends the process where one cannot be (an assertion of its own).
    const [damaged] = faults.length > 0 ? [] : await checkTables(report.tables)
    if (damaged !== undefined) throw damaged
    const read = attempt(() => readHead(folder.head, key))
    const head = read instanceof EvidenceError ? undefined : read
    if (read instanceof EvidenceError) faults.push(read)
    const shadow = makeShadow(folder.database)
    try {
      // Before LevelDB opens the stand-in, and deletes the logs that it has read.
      const snapshot = forThreads && report.faults.length === 0 ? snapshotOf(shadow.folder) : undefined
      const codec = codecOf(folder)
      const isKnown = codec instanceof LookupCodec
      const storage = await LevelStorage.open(shadow.folder, isKnown ? codec : new LookupCodec(new Uint8Array(32)))
      return new FolderSource(root, storage, head, faults, isKnown ? undefined : codec, snapshot, shadow.dispose)
    } catch (error) {
      shadow.dispose()
      // A database whose files are known to be damaged need not open: the first fault says more than the database does.
      throw faults[0] ?? error
    }
  }

  async close(): Promise<void> {
    await this.storage.close()
    this.dispose()
  }

  async checkpoint(): Promise<Uint8Array> {
    const note = await this.storage.checkpoint()
    if (note === undefined) throw new EvidenceError('checkpoint-missing', 'the database holds no checkpoint')
    return Buffer.from(note)
  }

  /**
   * The tree of what the folder holds, with the checkpoint that signs it. Throws `checkpoint-missing`, `root-mismatch`, the codes of
   * readOwnCheckpoint and LedgerTree.rebuild.
   */
  async signedTree(key: VerifierKey): Promise<{ readonly tree: LedgerTree; readonly note: string }> {
    const note = Buffer.from(await this.checkpoint()).toString('utf8')
    const { size, root } = readOwnCheckpoint(note, key)
    const tree = await LedgerTree.rebuild(this.storage, size)
    if (equalBytes(rootFromTiles(size, tree.read), root)) return { tree, note }
    throw new EvidenceError('root-mismatch', 'the entries and tiles do not make the root that the checkpoint signs')
  }

  entries(n: number, width: number): Promise<(Uint8Array | undefined)[]> {
    return this.storage.entries(n * tileWidth, n * tileWidth + width)
  }

  /** Whole blocks of runs: the walk asks for bundles. */
  entryRuns(begin: number, end: number): Promise<readonly EntryRun[]> {
    return this.storage.entryRuns(begin, end)
  }

  disclosedBytes(begin: number, end: number): Promise<readonly DisclosedBytes[]> {
    return this.storage.disclosedBytes(begin, end)
  }

  disclosuresIn(begin: number, end: number): Promise<Map<number, string[]>> {
    return this.storage.disclosuresIn(begin, end)
  }

  erased(): Promise<ReadonlyMap<number, ReadonlySet<string>>> {
    return Promise.resolve(erasedByIndex(readErasures(dataFolder(this.name).erased)))
  }

  /** Full tiles are stored; the right edge is made of what is: leaf hashes kept with statement ids, roots of full tiles. */
  tile(level: number, n: number, width: number): Promise<Uint8Array | undefined> {
    if (width === tileWidth) return this.storage.tile(level, n)
    if (level > 0) return this.roots(level - 1, n * tileWidth, width)
    this.tail ??= this.tailHashes(n * tileWidth, width)
    return this.tail
  }

  private async roots(level: number, begin: number, width: number): Promise<Uint8Array | undefined> {
    const out = new Uint8Array(width * 32)
    for (let i = 0; i < width; i++) {
      const bytes = await this.storage.tile(level, begin + i)
      if (bytes === undefined) return undefined
      out.set(rootOfTile(bytes), i * 32)
    }
    return out
  }

  private async tailHashes(begin: number, width: number): Promise<Uint8Array | undefined> {
    const out = new Uint8Array(width * 32)
    const missing = new Set(Array.from({ length: width }, (_, i) => begin + i))
    const place = ({ index, leafHash }: { index: number; leafHash: Uint8Array }): void => {
      if (leafHash.length === 32 && missing.delete(index)) out.set(leafHash, (index - begin) * 32)
    }
    const ids = (await this.storage.entries(begin, begin + width)).flatMap((bytes) => statementIdOf(bytes))
    try {
      for (const found of await this.storage.findStatements(ids)) if (found !== undefined) place(found)
      // An entry that was removed, or whose id was altered, does not lead to its record: look through all of them.
      if (missing.size > 0) for await (const page of this.storage.scanStatements()) page.forEach(place)
    } catch (error) {
      if (!isEvidenceError(error)) throw error
    }
    return missing.size === 0 ? out : undefined
  }

  /** Faults that the walk cannot see: entries past the checkpoint, and a head that the database does not reach. */
  async outsideFaults(size: number): Promise<EvidenceError[]> {
    const faults: EvidenceError[] = []
    for (const index of await this.storage.entryIndices(size, 1000)) {
      faults.push(
        new EvidenceError(
          'entry-unexpected',
          `There is an entry ${index}, past the ${size} that the checkpoint signs.`,
          { index },
        ),
      )
    }
    for (const index of (await this.storage.disclosuresIn(size, Number.MAX_SAFE_INTEGER)).keys()) {
      const message = `Disclosures are stored for an entry ${index}, past the ${size} that the checkpoint signs.`
      faults.push(new EvidenceError('stored-disclosure-altered', message, { index }))
    }
    if (this.head !== undefined && this.head.checkpoint.size > size) {
      const { size: answered } = this.head.checkpoint
      faults.push(
        new EvidenceError(
          'database-behind-head',
          `The database has ${size} entries, and the ledger has answered for ${answered}.`,
          {
            expected: String(answered),
            found: String(size),
          },
        ),
      )
    }
    return faults
  }
}

/** Without the secret everything but look-up keys can be read: then with why. */
function codecOf(folder: DataFolder): LookupCodec | EvidenceError {
  return attempt(() => readLookupCodec(folder))
}

function statementIdOf(bytes: Uint8Array | undefined): { iss: string; jti: string }[] {
  if (bytes === undefined) return []
  return valueOr(() => [openEntry(bytes).statement.common], [])
}
