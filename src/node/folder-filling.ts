import { chmodSync, existsSync, lstatSync, readdirSync, rmdirSync, rmSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { defined, EvidenceError } from '../core/index.ts'
import { fileBounds, readBoundedText } from './bounded-file.ts'
import { syncFolder, syncTree, writeDurably } from './durable-file.ts'
import { isLockName, takeLock } from './lock-file.ts'
import { makePrivateFolder, makePublicFolder } from './private-folder.ts'

/*
 * How a folder is made that is there as a whole or not at all, in place: a service user may have no right to write beside it, and a
 * mount point cannot be renamed. The marker is written first and removed last; who opens the folder in between is refused.
 */
const markerName = 'unfinished.json'
const lockName = 'lock'

/** What a marker says: which command fills the folder, and, where it matters, for what. */
export interface Unfinished {
  readonly by: string
  readonly token?: string
}

export interface FillOptions extends Unfinished {
  /** The code that refuses a folder which is not empty. */
  readonly taken?: 'ledger-exists' | 'file-exists'
  /** For everybody to read, where the user's umask lets them. */
  readonly isPublic?: boolean
}

/** A folder that is being filled. One of the two ends it. */
export interface Filling {
  /** All is written: the folder counts from here on, durably. `isSynced` false: its files are not worth a sync each. */
  finish(isSynced?: boolean): void
  /** Removes what was written, and the folder if it was made here. */
  abandon(): void
}

/** What an unfinished folder says of itself; undefined where it is whole, empty or not there. */
export function readUnfinished(root: string): Unfinished | undefined {
  let text: string
  try {
    text = readBoundedText(join(root, markerName), fileBounds.small)
  } catch {
    return undefined
  }
  try {
    const { by, token } = JSON.parse(text) as { by?: unknown; token?: unknown }
    return { by: String(by), ...(typeof token === 'string' ? { token } : {}) }
  } catch {
    return { by: 'a command' }
  }
}

/** Throws `folder-unfinished` for a folder that a command began to fill, and did not finish. */
export function requireFinished(root: string): void {
  const unfinished = readUnfinished(root)
  if (unfinished === undefined) return
  throw new EvidenceError(
    'folder-unfinished',
    `the folder ${root} is not whole: "${unfinished.by}" has not finished it`,
    {
      where: root,
    },
  )
}

/** Names in a folder, but for those of the marker, of a lock, and of what the file system puts there. */
function namesIn(root: string): string[] {
  return readdirSync(root).filter((name) => {
    if (isLockName(name) || name === markerName || name === `${markerName}.part`) return false
    return name !== 'lost+found' || !lstatSync(join(root, name)).isDirectory()
  })
}

/** Whether a command finds a folder that it may fill: missing, empty, or left unfinished by itself. */
export function isFillable(root: string, by: string): boolean {
  return !existsSync(root) || namesIn(root).length === 0 || readUnfinished(root)?.by === by
}

/** Throws what refuses a folder that a command cannot fill: `file-exists` or `ledger-exists`, `folder-unfinished` of another command. */
export function requireFillable(root: string, { by, taken = 'ledger-exists' }: FillOptions): void {
  if (existsSync(root) && !statSync(root).isDirectory())
    throw new EvidenceError('file-exists', `${root} is no folder`, { where: root })
  if (isFillable(root, by)) return
  requireFinished(root)
  throw new EvidenceError(taken, `the folder ${root} exists and is not empty`, { where: root })
}

function clear(root: string): void {
  for (const name of namesIn(root)) rmSync(join(root, name), { recursive: true, force: true })
}

/**
 * Begins to fill a folder: one that is missing, is empty, or was left unfinished by the same command (its content is removed: it was empty when that
 * began). Throws `ledger-exists` or `file-exists` where it is not empty, `folder-unfinished` of another command, `ledger-in-use` where another process fills it, `file-unreadable`
 * where it cannot be written.
 */
export function beginFolder(root: string, options: FillOptions): Filling {
  const { by, token, isPublic = false } = options
  requireFillable(root, options)
  const isNew = !existsSync(root)
  if (isNew) (isPublic ? makePublicFolder : makePrivateFolder)(root)
  else if (!isPublic) shut(root)
  const release = takeLock(join(root, lockName), root)
  const marker = join(root, markerName)
  const leave = (): void => {
    release()
    if (!isNew) return
    try {
      rmdirSync(root)
    } catch {
      // Somebody else has put something there.
    }
  }
  try {
    requireFillable(root, options)
    clear(root)
    writeDurably(marker, `${JSON.stringify({ by, ...defined({ token }) })}\n`)
  } catch (error) {
    leave()
    throw error
  }
  return {
    finish: (isSynced = true) => {
      if (isSynced) syncTree(root)
      else syncFolder(root)
      rmSync(marker)
      syncFolder(root)
      if (isNew) syncParent(root)
      release()
    },
    abandon: () => {
      clear(root)
      rmSync(marker, { force: true })
      leave()
    },
  }
}

/**
 * Makes a folder that grows run by run, 0700; an empty one that is there becomes so. One that is not empty stays as its owner has set
 * it: a mirror may be opened to a web server.
 */
export function openPrivateFolder(root: string): void {
  if (!existsSync(root)) makePrivateFolder(root)
  else if (namesIn(root).length === 0) shut(root)
}

/** An empty folder that was there: its owner's alone from now on. One of another owner stays as it is; `doctor` tells of it. */
function shut(root: string): void {
  try {
    if ((statSync(root).mode & 0o077) !== 0) chmodSync(root, 0o700)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') throw error
  }
}

/** The name of a folder that was made. Where the parent cannot be read the file system's own order has to do. */
function syncParent(root: string): void {
  try {
    syncFolder(dirname(resolve(root)))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'EACCES' && code !== 'EPERM') throw error
  }
}
