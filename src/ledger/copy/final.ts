import { EvidenceError, type VerifierKey } from '../../core/index.ts'
import { dataFolder } from '../data-folder.ts'
import { FolderSource } from '../folder-source.ts'
import { readHead } from '../head-file.ts'
import { takeLock } from '../lock-file.ts'
import { readStanding, requireMaySign, writeStanding } from '../standing.ts'
import { TimeStampFiles } from '../time-stamp-files.ts'
import { type BackupOptions, type BackupResult, makeBackup } from './backup.ts'
import { FolderPieces } from './folder-pieces.ts'

export type FolderBackupOptions = Omit<BackupOptions, 'source' | 'key' | 'beforeFinal' | 'timeStamps'> & {
  /** The data folder; stopped. */
  readonly root: string
  readonly key: VerifierKey
  /** For moving: the data folder never signs again. */
  readonly final?: boolean
}

/**
 * Backs up a stopped data folder. With `final` the folder is shut for good before the backup says that it is final; cut off,
 * it is repeated. Throws the codes of FolderSource.open, FolderPieces.of and makeBackup, `ledger-standby`.
 */
export async function backUpFolder(options: FolderBackupOptions): Promise<BackupResult> {
  const { root, key, final = false, out } = options
  const folder = dataFolder(root)
  // A copy that may not sign has no last word to give.
  if (final && readStanding(folder)?.standing !== 'moved') requireMaySign(folder)
  const source = await FolderSource.open(root, key)
  try {
    const release = takeLock(folder.lock, root)
    try {
      const pieces = await FolderPieces.of(source)
      requireUnchanged(folder.head, key, source)
      const shut = (): void => {
        if (readStanding(folder) === undefined) writeStanding(folder, 'moved', out)
      }
      return await makeBackup({
        ...options,
        source: pieces,
        timeStamps: new TimeStampFiles(folder.timeStamps),
        ...(final ? { beforeFinal: shut } : {}),
      })
    } finally {
      release()
    }
  } finally {
    await source.close()
  }
}

/** Between reading and locking nobody wrote. */
function requireUnchanged(path: string, key: VerifierKey, { head }: FolderSource): void {
  if (head !== undefined && readHead(path, key).checkpoint.size === head.checkpoint.size) return
  throw new EvidenceError('ledger-in-use', 'the ledger went on while it was opened; try again')
}
