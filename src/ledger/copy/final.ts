import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { EvidenceError, type VerifierKey } from '../../core/index.ts'
import { dataFolder } from '../data-folder.ts'
import { FolderSource } from '../folder-source.ts'
import { readHead } from '../head-file.ts'
import { takeLock } from '../lock-file.ts'
import { requireNotRotating } from '../rotation-marker.ts'
import { readStanding, requireMaySign, writeStanding } from '../standing.ts'
import { TimeStampFiles } from '../time-stamp-files.ts'
import { type BackupOptions, type BackupResult, makeBackup } from './backup.ts'
import { BackupFolder } from './backup-folder.ts'
import { FolderPieces } from './folder-pieces.ts'

export type FolderBackupOptions = Omit<BackupOptions, 'source' | 'key' | 'move' | 'timeStamps'> & {
  /** The data folder; stopped. */
  readonly root: string
  readonly key: VerifierKey
  /** For moving: the data folder never signs again. */
  readonly final?: boolean
}

/**
 * Backs up a stopped data folder. With `final` the folder is shut for good before the backup says that it is final; a folder that was
 * moved may repeat that into the same backup, and into no other: two final backups would be two ledgers. Throws the codes of
 * FolderSource.open, FolderPieces.of and makeBackup, `ledger-standby`, `ledger-moved`, `rotation-unfinished`.
 */
export async function backUpFolder(options: FolderBackupOptions): Promise<BackupResult> {
  const { root, key, out } = options
  const folder = dataFolder(root)
  const left = readStanding(folder)
  const isRepeated = left?.standing === 'moved' && left.move !== undefined && moveOf(out) === left.move
  // What the moved folder writes into its own final backup leaves that final.
  const final = options.final === true || isRepeated
  if (final && !isRepeated) {
    // A copy that may not sign has no last word to give.
    requireMaySign(folder)
    requireNotRotating(folder)
  }
  const source = await FolderSource.open(root, key)
  try {
    const release = takeLock(folder.lock, root)
    try {
      const pieces = await FolderPieces.of(source)
      requireUnchanged(folder.head, key, source)
      const id = (isRepeated ? left.move : undefined) ?? randomUUID()
      const shut = (): void => {
        // Under the lock: another move may have been quicker.
        if (readStanding(folder)?.move !== id) requireMaySign(folder)
        if (readStanding(folder) === undefined) writeStanding(folder, 'moved', resolve(out), id)
      }
      return await makeBackup({
        ...options,
        source: pieces,
        timeStamps: new TimeStampFiles(folder.timeStamps),
        ...(final ? { move: { id, shut } } : {}),
      })
    } finally {
      release()
    }
  } finally {
    await source.close()
  }
}

/** The move that a backup is, or is about to be, the final one of. */
function moveOf(out: string): string | undefined {
  return existsSync(out) ? BackupFolder.manifest(out)?.move : undefined
}

/** Between reading and locking nobody wrote. */
function requireUnchanged(path: string, key: VerifierKey, { head }: FolderSource): void {
  if (head !== undefined && readHead(path, key).checkpoint.size === head.checkpoint.size) return
  throw new EvidenceError('ledger-in-use', 'the ledger went on while it was opened; try again')
}
