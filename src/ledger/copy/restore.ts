import { randomUUID } from 'node:crypto'
import { resolve } from 'node:path'
import { disclosureDigest } from '../../core/disclosure.ts'
import { EvidenceError } from '../../core/errors.ts'
import { tilesAt, tileWidth } from '../../core/merkle/layout.ts'
import { maxNoteBytes } from '../../core/note.ts'
import { readBoundedText } from '../../node/bounded-file.ts'
import { writeNewFile } from '../../node/durable-file.ts'
import { beginFolder, requireFillable } from '../../node/folder-filling.ts'
import type { Unfinished } from '../../node/folder-marker.ts'
import { makePrivateFolder } from '../../node/private-folder.ts'
import {
  type CopiedConfig,
  dataFolder,
  type DataFolder,
  folderFiles,
  folderFormat,
  readOwnKey,
  readPolicyBytes,
} from '../data-folder.ts'
import { shutClaims } from '../claims-shut.ts'
import { addErasures, byOperator, type Erasure, erasedByIndex, readErasures } from '../erasures.ts'
import { createLookupCodec } from '../lookup-secret.ts'
import { readOwnCheckpoint } from '../recovery.ts'
import { type SigningState, writeSigningState } from '../signing-state.ts'
import { TimeStampFiles } from '../time-stamp-files.ts'
import { BackupFolder } from './backup-folder.ts'
import { type KnownCheckpoint, requireKnown } from './known.ts'
import type { AcceptFault } from './missing-claims.ts'
import type { CopiedEntry } from './piece.ts'
import { rebuildDatabase, writeHead } from './rebuild.ts'
import { Claim } from './taken.ts'
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
  /** Takes note of claims that the backup has lost; without it such a backup is refused. */
  readonly acceptMissing?: AcceptFault
}

export interface RestoreResult {
  readonly size: number
  readonly origin: string
  /** False where the folder stays shut until `evidence promote --take-over`. */
  readonly maySign: boolean
}

/** The command that fills the folder. */
const restoring = 'evidence restore'

/**
 * Makes a data folder of a backup, as a whole or not at all. The private key is not in a backup, so not in the folder. Throws
 * `backup-missing`, `take-over-needed`, `disclosures-missing`, `stored-disclosure-altered`, the codes of beginFolder, rebuildDatabase and requireKnown.
 */
export async function restoreBackup(options: RestoreOptions): Promise<RestoreResult> {
  const { from, root, known = [], takeOver = false, onProgress, acceptMissing } = options
  const { final, config } = BackupFolder.requireManifest(from)
  const paths = BackupFolder.paths(from)
  const key = readOwnKey(paths)
  const note = readBoundedText(paths.checkpoint, maxNoteBytes)
  const { size } = readOwnCheckpoint(note, key)
  const backup = new BackupFolder(from, size)
  const maySign = takeOver || final
  requireFillable(root, { by: restoring, writes: folderFiles.copied })
  const claim = maySign ? Claim.ask({ from, root, final, takeOver, id: randomUUID() }) : undefined
  const fill = async (folder: DataFolder): Promise<void> => {
    claim?.make()
    const progress = onProgress === undefined ? {} : { onProgress: (done: number) => onProgress(done, size) }
    const erasures = readErasures(paths.erased)
    // What an order takes goes by the order, which the new database judges, and not by the list; what the backup kept is restored.
    const listed = byOperator(erasures)
    const entries = bundlesOf(backup, size, listed)
    const codec = createLookupCodec(folder)
    await rebuildDatabase({ location: folder.database, codec, note, key, entries, ...progress }, (_, tree, missing) => {
      missing.excuse(erasures)
      missing.settle(acceptMissing)
      return requireKnown(tree, known, key)
    })
    addErasures(folder.erased, erasures)
    copyTimeStamps(new TimeStampFiles(paths.timeStamps), new TimeStampFiles(folder.timeStamps), size)
    await finishFolder(
      folder,
      { note, policy: readPolicyBytes(paths.policy), config },
      maySign ? undefined : 'restored',
      resolve(from),
    )
    // A move has no later orders, for what it left behind takes none: but for one that was called off, or restored before.
    if (!final || takeOver) shutClaims(folder, resolve(from), size)
    claim?.requireHeld()
  }
  try {
    await fillDataFolder(root, { by: restoring, ...(claim === undefined ? {} : { token: claim.id }) }, fill)
  } catch (error) {
    claim?.release()
    throw error
  }
  return { size, origin: key.name, maySign }
}

/** Fills a data folder, as a whole or not at all. Throws the codes of beginFolder, and what `fill` throws. */
export async function fillDataFolder(
  root: string,
  unfinished: Unfinished,
  fill: (folder: DataFolder) => Promise<void>,
): Promise<void> {
  const filling = beginFolder(root, { ...unfinished, writes: folderFiles.copied })
  try {
    await fill(dataFolder(filling.folder))
    filling.finish()
  } catch (error) {
    filling.abandon()
    throw error
  }
}

/** All of a data folder but database and key; the head comes last. */
export async function finishFolder(
  folder: DataFolder,
  parts: { readonly note: string; readonly policy: Uint8Array; readonly config: CopiedConfig },
  standing: SigningState['standing'] | undefined,
  of: string,
): Promise<void> {
  const { note, policy, config } = parts
  makePrivateFolder(folder.keys)
  writeNewFile(folder.policy, policy, 0o600)
  writeNewFile(folder.config, `${JSON.stringify({ format: folderFormat, ...config }, null, 2)}\n`, 0o600)
  if (standing !== undefined) writeSigningState(folder, standing, of)
  await writeHead(folder.head, note)
}

/** What these lines say is erased is not restored, whatever else the files hold. */
async function* bundlesOf(
  backup: BackupFolder,
  size: number,
  erasures: readonly Erasure[],
): AsyncGenerator<CopiedEntry[]> {
  const erased = erasedByIndex(erasures)
  for (let n = 0; n < tilesAt(0, size); n++) {
    const entries = backup.bundle(n)
    if (entries === undefined) {
      throw new EvidenceError('entry-missing', `the backup lacks the bundle ${n}`, { index: n * tileWidth })
    }
    const disclosures = backup.disclosures(n)
    yield entries.map((bytes, i) => {
      const index = n * tileWidth + i
      const gone = erased.get(index)
      const held = disclosures.get(index) ?? []
      return { bytes, disclosures: held.filter((text) => gone?.has(disclosureDigest(text)) !== true) }
    })
  }
}
