import { resolve } from 'node:path'
import { EvidenceError } from '../../core/errors.ts'
import { readClaimsShut, shutClaims } from '../claims-shut.ts'
import { FolderSource } from '../folder-source.ts'
import { type HeldFolder, whileHeld } from '../held-folder.ts'
import { clearSigningState, type SigningState } from '../signing-state.ts'
import { BackupFolder } from './backup-folder.ts'
import type { FolderConfig } from '../data-folder.ts'
import { FolderPieces } from './folder-pieces.ts'
import { type KnownCheckpoint, requireKnown } from './known.ts'
import { readTaken, type Taken, takenText, writeTaken } from './taken.ts'

export interface PromoteOptions {
  readonly root: string
  readonly known?: readonly KnownCheckpoint[]
  /** The operator's word that the original will never sign again. */
  readonly takeOver: boolean
}

export interface PromoteResult {
  readonly size: number
  /** Who may read, as the copy was told by its source: nothing signs that. */
  readonly reading: FolderConfig['reading']
  readonly openDisclosures: boolean
  /** What the folder was; undefined where it could sign before. */
  readonly was: SigningState | undefined
  /** Whether no sealed claim is shown until its operator says that it has every order. */
  readonly claimsShut: boolean
  /** The final backup of a move that was called off, where it could not be marked: it must be destroyed. */
  readonly unmarked?: string
}

/**
 * Marks the final backup of a move that is called off, so that nothing is restored of it without a word; false where it cannot be
 * reached, or written, or is shown to be another's. A record of a restore forbids, whatever else of the backup can be read. Throws `ledger-moved`.
 */
function callOff({ of, move }: SigningState, root: string): boolean {
  const { taken: path } = BackupFolder.paths(of)
  const taken = readable(() => readTaken(path))
  // Out of reach.
  if (taken === unreadable) return false
  const manifest = readable(() => BackupFolder.manifest(of))
  // By the move's id: repeated after a crash, it finds its own word.
  if (taken !== undefined && taken.id === move) return true
  if (manifest !== unreadable && manifest?.move !== move) return false
  if (taken !== undefined) throw restored(of, taken, root)
  if (move === undefined || manifest === unreadable) return false
  try {
    writeTaken(path, move, `nothing: the move was called off in ${resolve(root)}`)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') return false
  }
  const quicker = readTaken(path)
  if (quicker === undefined || quicker.id === move) return true
  throw restored(of, quicker, root)
}

const unreadable = Symbol('cannot be read')

function readable<T>(read: () => T): T | typeof unreadable {
  try {
    return read()
  } catch {
    return unreadable
  }
}

function restored(of: string, taken: Taken, root: string): EvidenceError {
  return new EvidenceError(
    'ledger-moved',
    `the final backup ${of} ${takenText(taken)}: the move cannot be called off here`,
    { where: root },
  )
}

/**
 * Lets a copy sign from now on. Throws `take-over-needed`, `ledger-moved` (the final backup was restored), `ledger-in-use` (stop the follower first), the faults of the folder,
 * and the codes of requireKnown; the folder then stays shut.
 */
export function promote({ root, known = [], takeOver }: PromoteOptions): Promise<PromoteResult> {
  return whileHeld(root, 'promote', async (held) => {
    const { folder, signingState: was } = held
    const size = await FolderSource.reading(held, (source) => checkedSize(held, source, known))
    const promoted = { size, reading: held.config.reading, openDisclosures: held.config.openDisclosures }
    if (was === undefined) return { ...promoted, was, claimsShut: readClaimsShut(folder) !== undefined }
    if (!takeOver) {
      const what = was.standing === 'moved' ? `was moved to ${was.of}` : `is a copy: ${was.standing} (${was.of})`
      throw new EvidenceError(
        'take-over-needed',
        `the ledger in ${root} ${what}; if another copy signs as well, there are two histories`,
        { where: root },
      )
    }
    const isMarked = was.standing !== 'moved' || callOff(was, root)
    // A follower may lag behind an order that its leader answered. Shut before it may sign: cut off in between, it is shut and a copy still.
    if (was.standing === 'follows') shutClaims(folder, was.of, size)
    clearSigningState(folder)
    return {
      ...promoted,
      was,
      claimsShut: readClaimsShut(folder) !== undefined,
      ...(isMarked ? {} : { unmarked: was.of }),
    }
  })
}

/** The size of what the folder holds, which is what its checkpoint signs, and goes on from what is known. */
async function checkedSize(
  { key }: HeldFolder,
  source: FolderSource,
  known: readonly KnownCheckpoint[],
): Promise<number> {
  await FolderPieces.of(source)
  const { tree } = await source.signedTree(key)
  await requireKnown(tree, known, key)
  return tree.size
}
