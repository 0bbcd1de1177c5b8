import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { claimsAreShut, readClaimsShut } from '../claims-shut.ts'
import { FolderSource } from '../folder-source.ts'
import { type HeldFolder, whileHeld } from '../held-folder.ts'
import { requireNotRotating } from '../rotation-marker.ts'
import { requireMaySign, writeSigningState } from '../signing-state.ts'
import { TimeStampFiles } from '../time-stamp-files.ts'
import { readPolicyBytes } from '../data-folder.ts'
import { type BackupOptions, type BackupResult, makeBackup } from './backup.ts'
import { BackupFolder } from './backup-folder.ts'
import { FolderPieces } from './folder-pieces.ts'

export type FolderBackupOptions = Omit<
  BackupOptions,
  'source' | 'key' | 'policy' | 'move' | 'isShut' | 'timeStamps'
> & {
  /** The data folder; stopped. */
  readonly root: string
  /** For moving: the data folder never signs again. */
  readonly final?: boolean
}

/**
 * Backs up a stopped data folder. With `final` the folder is shut for good before the backup says that it is final; a folder that was
 * moved may repeat that into the same backup, and into no other: two final backups would be two ledgers. Throws the codes of
 * holdFolder, FolderSource.reading, FolderPieces.of and makeBackup, `ledger-standby`, `ledger-moved`, `rotation-unfinished`.
 */
export function backUpFolder(options: FolderBackupOptions): Promise<BackupResult> {
  return whileHeld(options.root, 'copy', (held) =>
    FolderSource.reading(held, (source) => backUpHeld(held, source, options)),
  )
}

async function backUpHeld(
  { folder, key, signingState: left }: HeldFolder,
  source: FolderSource,
  options: FolderBackupOptions,
): Promise<BackupResult> {
  const { out } = options
  const isRepeated = left?.standing === 'moved' && left.move !== undefined && moveOf(out) === left.move
  // What the moved folder writes into its own final backup leaves that final.
  const final = options.final === true || isRepeated
  if (final && !isRepeated) {
    // A copy that may not sign has no last word to give.
    requireMaySign(folder)
    requireNotRotating(folder)
    // What moves takes along that it lacks no order.
    const shut = readClaimsShut(folder)
    if (shut !== undefined) throw claimsAreShut(shut)
  }
  const id = (isRepeated ? left.move : undefined) ?? randomUUID()
  const shut = (): void => {
    if (left === undefined) writeSigningState(folder, 'moved', resolve(out), id)
  }
  return makeBackup({
    ...options,
    key,
    policy: readPolicyBytes(folder.policy),
    source: await FolderPieces.of(source),
    timeStamps: new TimeStampFiles(folder.timeStamps),
    ...(final ? { move: { id, shut } } : {}),
    isShut: left !== undefined,
  })
}

/** The move that a backup is, or is about to be, the final one of. */
function moveOf(out: string): string | undefined {
  return existsSync(out) ? BackupFolder.manifest(out)?.move : undefined
}
