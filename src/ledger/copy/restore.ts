import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { EvidenceError, tilesAt, tileWidth, timeText } from '../../core/index.ts'
import { writeNewFile } from '../../node/index.ts'
import { type DataFolder, dataFolder, folderFormat, readOwnKey } from '../data-folder.ts'
import { writeDurably } from '../durable-file.ts'
import { syncFolder } from '../head-file.ts'
import { createLookupCodec } from '../lookup-secret.ts'
import { readOwnCheckpoint } from '../recovery.ts'
import { type Standing, writeStanding } from '../standing.ts'
import { TimeStampFiles } from '../time-stamp-files.ts'
import { BackupFolder } from './backup-folder.ts'
import { type KnownCheckpoint, requireKnown } from './known.ts'
import type { CopiedConfig, CopiedEntry } from './piece.ts'
import { rebuildDatabase, writeHead } from './rebuild.ts'
import { copyTimeStamps } from './time-stamp-copies.ts'

export interface RestoreOptions {
  readonly from: string
  /** The data folder to make. */
  readonly root: string
  /** Checkpoints that the ledger is known to have signed. */
  readonly known?: readonly KnownCheckpoint[]
  /** The operator's word that the original will never sign again. */
  readonly takeOver?: boolean
  readonly onProgress?: (done: number, total: number) => void
}

export interface RestoreResult {
  readonly size: number
  readonly origin: string
  /** False where the folder stays shut until `evidence promote --take-over`. */
  readonly maySign: boolean
}

/**
 * Makes a data folder of a backup; it appears as a whole or not at all. The private key is not in a backup, so not in the
 * folder. Throws `ledger-exists`, `backup-missing`, `take-over-needed`, the codes of rebuildDatabase and requireKnown.
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreResult> {
  const { from, root, known = [], takeOver = false, onProgress } = options
  const { final, config } = BackupFolder.requireManifest(from)
  const paths = BackupFolder.paths(from)
  if (final && existsSync(paths.taken) && !takeOver) {
    throw new EvidenceError(
      'take-over-needed',
      `the final backup ${from} was restored before: ${readFileSync(paths.taken, 'utf8').trim()}`,
      {
        where: from,
      },
    )
  }
  const key = readOwnKey(paths)
  const note = readFileSync(paths.checkpoint, 'utf8')
  const { size } = readOwnCheckpoint(note, key)
  const backup = new BackupFolder(from, size)
  const maySign = takeOver || final
  await makeFolder(root, async (folder) => {
    const progress = onProgress === undefined ? {} : { onProgress: (done: number) => onProgress(done, size) }
    const entries = bundlesOf(backup, size)
    const codec = createLookupCodec(folder)
    await rebuildDatabase({ location: folder.database, codec, note, key, entries, ...progress }, (_, tree) =>
      requireKnown(tree, known, key),
    )
    if (existsSync(paths.erased)) writeDurably(folder.erased, readFileSync(paths.erased), 0o600)
    copyTimeStamps(new TimeStampFiles(paths.timeStamps), new TimeStampFiles(folder.timeStamps), size)
    await finishFolder(
      folder,
      { note, policy: readFileSync(paths.policy), config },
      maySign ? undefined : 'restored',
      from,
    )
    // Before the folder has its name: a crash costs a repetition with --take-over, not a second signer.
    if (final) markTaken(paths.taken, root)
  })
  return { size, origin: key.name, maySign }
}

/** So that a final backup is not restored twice unawares; a medium that cannot be written is the operator's to keep. */
function markTaken(path: string, root: string): void {
  try {
    writeDurably(path, `${timeText(Date.now())} to ${resolve(root)}\n`)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EROFS' && code !== 'EACCES' && code !== 'EPERM') throw error
  }
}

/** Makes a data folder beside its name, then gives it the name. Throws `ledger-exists`. */
export async function makeFolder(root: string, fill: (folder: DataFolder) => Promise<void>): Promise<void> {
  if (existsSync(root) && readdirSync(root).length > 0) {
    throw new EvidenceError('ledger-exists', `the folder ${root} exists and is not empty`, { where: root })
  }
  const staging = `${resolve(root)}.part`
  rmSync(staging, { recursive: true, force: true })
  mkdirSync(staging, { recursive: true })
  try {
    await fill(dataFolder(staging))
    rmSync(root, { recursive: true, force: true })
    renameSync(staging, root)
    syncFolder(dirname(resolve(root)))
  } catch (error) {
    rmSync(staging, { recursive: true, force: true })
    throw error
  }
}

/** All of a data folder but database and key; the head comes last. */
export async function finishFolder(
  folder: DataFolder,
  parts: { readonly note: string; readonly policy: Uint8Array; readonly config: CopiedConfig },
  standing: Standing['standing'] | undefined,
  of: string,
): Promise<void> {
  const { note, policy, config } = parts
  mkdirSync(folder.keys, { mode: 0o700 })
  writeNewFile(folder.policy, policy, 0o644)
  writeNewFile(folder.config, `${JSON.stringify({ format: folderFormat, ...config }, null, 2)}\n`, 0o644)
  if (standing !== undefined) writeStanding(folder, standing, of)
  await writeHead(folder.head, note)
  syncFolder(folder.root)
}

async function* bundlesOf(backup: BackupFolder, size: number): AsyncGenerator<CopiedEntry[]> {
  for (let n = 0; n < tilesAt(0, size); n++) {
    const entries = backup.bundle(n)
    if (entries === undefined) {
      throw new EvidenceError('entry-missing', `the backup lacks the bundle ${n}`, { index: n * tileWidth })
    }
    const disclosures = backup.disclosures(n)
    yield entries.map((bytes, i) => ({ bytes, disclosures: disclosures.get(n * tileWidth + i) ?? [] }))
  }
}
