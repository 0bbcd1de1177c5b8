import { EvidenceError } from '../core/errors.ts'
import type { VerifierKey } from '../core/note.ts'
import { type DataFolder, dataFolder, type FolderConfig, readConfig, readOwnKey } from './data-folder.ts'
import { takeLock } from '../node/lock-file.ts'
import { requireNotRotating } from './rotation-marker.ts'
import { readSigningState, requireMaySign, type SigningState } from './signing-state.ts'

/**
 * What is to be done with a data folder: `sign` new entries, `rotate` its key, sequence its `genesis`, `follow` a leader, or what needs no right
 * to sign: to `copy` it, `index` it anew, `promote` it.
 */
export type FolderWork = 'sign' | 'rotate' | 'genesis' | 'follow' | 'copy' | 'index' | 'promote'

/** A data folder that this process alone works on, from before anything is decided until all is done. */
export interface HeldFolder {
  readonly folder: DataFolder
  readonly release: () => void
  readonly config: FolderConfig
  /** The key that its policy names. */
  readonly key: VerifierKey
  /** Why it may not sign, if so. */
  readonly signingState: SigningState | undefined
}

/**
 * What a folder says of itself, where it may do this now. Means something only while the folder is held. Throws the codes of readConfig and
 * readOwnKey, `ledger-unfinished`, `ledger-exists` (it has its genesis, or follows nobody), `ledger-moved`, `ledger-standby`,
 * `rotation-unfinished`, `config-invalid`.
 */
function allowedNow(folder: DataFolder, work: FolderWork): Omit<HeldFolder, 'folder' | 'release'> {
  const { root } = folder
  const config = readConfig(folder)
  const isAwaiting = config.awaitingGenesis === true
  if (isAwaiting && work !== 'genesis')
    throw new EvidenceError('ledger-unfinished', `the ledger in ${root} has no genesis yet`, { where: root })
  if (!isAwaiting && work === 'genesis')
    throw new EvidenceError('ledger-exists', `the ledger in ${root} has its genesis`, { where: root })
  const signingState = readSigningState(folder)
  if (work === 'follow') {
    if (signingState?.standing !== 'follows')
      throw new EvidenceError('ledger-exists', `the folder ${root} holds a ledger that follows nobody`, { where: root })
  }
  if (work === 'sign' || work === 'rotate' || work === 'genesis') requireMaySign(folder)
  if (work === 'sign') requireNotRotating(folder)
  return { config, key: readOwnKey(folder), signingState }
}

/**
 * Takes a data folder for this process, to be released by the caller, and reads what it may do now. What it refuses it leaves as it was
 * found. Throws `ledger-in-use` and the codes of {@link allowedNow}.
 */
export function holdFolder(root: string, work: FolderWork): HeldFolder {
  const folder = dataFolder(root)
  // No lock is left in a folder that is no ledger's.
  readConfig(folder)
  const release = takeLock(folder.lock, root)
  try {
    return { folder, release, ...allowedNow(folder, work) }
  } catch (error) {
    release()
    throw error
  }
}

/** Takes a data folder, runs `use` with it, and releases it. Throws as {@link holdFolder}, and what `use` throws. */
export async function whileHeld<T>(root: string, work: FolderWork, use: (held: HeldFolder) => Promise<T>): Promise<T> {
  const held = holdFolder(root, work)
  try {
    return await use(held)
  } finally {
    held.release()
  }
}
