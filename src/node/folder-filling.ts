import { chmodSync, existsSync, lstatSync, readdirSync, renameSync, rmdirSync, statSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { EvidenceError } from '../core/errors.ts'
import { defined } from '../core/objects.ts'
import { syncFolder, syncTree } from './durable-file.ts'
import {
  isStagingName,
  type Made,
  type Marker,
  namesIn,
  newStagingName,
  readUnfinished,
  removeMarker,
  requireFinished,
  type Unfinished,
  writeMarker,
} from './folder-marker.ts'
import { takeLock } from './lock-file.ts'
import { inMadeFolder, makePrivateFolder, makePublicFolder, unmakeFolder } from './private-folder.ts'
import { removeTree } from './remove-tree.ts'

/*
 * How a folder is made that is there as a whole or not at all, in place: a service user may have no right to write beside it, and a
 * mount point cannot be renamed. All is written in a staging folder within, under a name that nobody can know before, and moved to its
 * place when it is whole. The marker is written first and removed last; who opens the folder in between is refused.
 */
const lockName = 'lock'

export interface FillOptions extends Unfinished {
  /** The code that refuses a folder which is not empty. */
  readonly taken?: 'ledger-exists' | 'file-exists'
  /** For everybody to read, where the user's umask lets them. */
  readonly isPublic?: boolean
  /** The paths of files that the command writes, relative to the folder: of what an earlier run left no other file is removed. */
  readonly writes: RegExp
}

/** A folder that is being filled. One of the two functions ends it. */
export interface Filling {
  /** Where its content is to be written; moved to its place by {@link finish}. */
  readonly folder: string
  /** All is written: the folder counts from here on, durably. `isSynced` false: its files are not worth a sync each. */
  finish(isSynced?: boolean): void
  /** Removes what was written, and the folder if it was made here. */
  abandon(): void
}

/** Whether a command fills a folder rather than opening it: missing, empty, or left unfinished by itself. */
export function isFillable(root: string, by: string): boolean {
  return !existsSync(root) || namesIn(root).length === 0 || readUnfinished(root)?.by === by
}

/**
 * Throws what refuses a folder that a command cannot fill: `folder-unfinished` of another command; `file-exists` or `ledger-exists`
 * where it holds anything that no earlier run of this command is known to have made.
 */
export function requireFillable(root: string, options: FillOptions): void {
  if (existsSync(root) && !statSync(root).isDirectory())
    throw new EvidenceError('file-exists', `${root} is no folder`, { where: root })
  if (!existsSync(root)) return
  leftovers(root, options)
}

/** Names in the folder that an earlier run of the command made. Throws as {@link requireFillable}. */
function leftovers(root: string, { by, taken = 'ledger-exists', writes }: FillOptions): string[] {
  const names = namesIn(root)
  if (names.length === 0) return []
  const marker = readUnfinished(root)
  if (marker === undefined)
    throw new EvidenceError(taken, `the folder ${root} exists and is not empty`, { where: root })
  if (marker.by !== by) requireFinished(root)
  const foreign = foreignIn(root, names, marker, writes)
  if (foreign === undefined) return names
  const where = join(root, foreign)
  throw new EvidenceError(
    taken,
    `the folder ${root} was left unfinished by "${by}", and ${where} is not known to be of that run: nothing was removed; move it away, or choose another folder`,
    { where },
  )
}

/** The path of the first thing in a folder that is not shown to be of the run whose marker it has. */
function foreignIn(
  root: string,
  names: readonly string[],
  { staging, moving }: Marker,
  writes: RegExp,
): string | undefined {
  for (const name of names) {
    const found = lstatSync(join(root, name), { bigint: true })
    const isStaging = name === staging?.name && isStagingName(name) && found.isDirectory()
    const inode = isStaging ? staging.inode : moving.find((one) => one.name === name)?.inode
    const isEmpty = isStaging && readdirSync(join(root, name)).length === 0
    if (inode === undefined ? !isEmpty : inode !== String(found.ino))
      return foreignUnder(join(root, name), name, noFile) ?? name
    const foreign = foreignUnder(join(root, name), isStaging ? '' : name, writes)
    if (foreign !== undefined) return relative(root, join(root, isStaging ? name : '', foreign))
  }
  return undefined
}

const noFile = /^(?!)/

/** The first thing at or under a path that is no folder, and no file that the command writes; `as` is the path that it is written for. */
function foreignUnder(path: string, as: string, writes: RegExp): string | undefined {
  const stat = lstatSync(path)
  if (stat.isFile()) return writes.test(as) ? undefined : as
  if (!stat.isDirectory()) return as
  for (const name of readdirSync(path)) {
    const foreign = foreignUnder(join(path, name), as === '' ? name : `${as}/${name}`, writes)
    if (foreign !== undefined) return foreign
  }
  return undefined
}

/** Removes what this command, now or in an earlier run, made in a folder. Throws as {@link requireFillable}, and removes nothing then. */
function clear(root: string, options: FillOptions): void {
  for (const name of leftovers(root, options)) removeTree(join(root, name))
}

function inodeOf(path: string): string {
  return String(lstatSync(path, { bigint: true }).ino)
}

/**
 * Begins to fill a folder: one that is missing, is empty, or was left unfinished by the same command. What that run is shown to have
 * made is removed; nothing else ever is. Throws `ledger-exists` or `file-exists` where it holds anything else, `folder-unfinished` of another
 * command, `ledger-in-use` where another process fills it, `file-unreadable` where it cannot be written.
 */
export function beginFolder(root: string, options: FillOptions): Filling {
  const { by, token, isPublic = false } = options
  requireFillable(root, options)
  const isNew = !existsSync(root)
  const parents = isNew ? (isPublic ? makePublicFolder : makePrivateFolder)(root) : undefined
  if (!isNew && !isPublic) shut(root)
  const release = takeLock(join(root, lockName), root)
  const name = newStagingName()
  const folder = join(root, name)
  const mark = (staging: Marker['staging'], moving: readonly Made[] = []): void =>
    writeMarker(root, { by, ...defined({ token }), ...defined({ staging }), moving })
  const leave = (): void => {
    release()
    unmakeFolder(root, parents)
  }
  let staging: Made
  try {
    clear(root, options)
    mark({ name })
    makePrivateFolder(folder)
    staging = { name, inode: inodeOf(folder) }
    mark(staging)
  } catch (error) {
    leave()
    throw error
  }
  return {
    folder,
    finish: (isSynced = true) => {
      if (isSynced) syncTree(folder)
      const made = readdirSync(folder).map((one) => ({ name: one, inode: inodeOf(join(folder, one)) }))
      mark(staging, made)
      for (const one of made) moveOut(root, folder, one.name, options)
      rmdirSync(folder)
      syncFolder(root)
      removeMarker(root)
      syncFolder(root)
      if (isNew) syncParent(root)
      release()
    },
    abandon: () => {
      try {
        // This process made it, under a name that nobody knew.
        removeTree(folder)
        clear(root, options)
        removeMarker(root)
      } finally {
        leave()
      }
    },
  }
}

/** Moves a finished file or folder to its place, where nothing may be. */
function moveOut(root: string, folder: string, name: string, { taken = 'ledger-exists' }: FillOptions): void {
  const to = join(root, name)
  if (existsSync(to))
    throw new EvidenceError(taken, `${to} was put there while the folder was made; move it away`, { where: to })
  renameSync(join(folder, name), to)
}

/**
 * Runs what writes into a folder that grows run by run. It is made, 0700, where it is missing; an empty one that is there becomes so. One that is not
 * empty stays as its owner has set it: a mirror may be opened to a web server. What was made here, and has nothing in it in the end, is gone again. Throws
 * what `use` throws.
 */
export function inPrivateFolder<T>(root: string, use: () => T | Promise<T>): Promise<T> {
  if (existsSync(root) && namesIn(root).length === 0) shut(root)
  return inMadeFolder(root, use)
}

/** As {@link inPrivateFolder}, of a folder that no other process may use meanwhile, by a lock in it. Throws `ledger-in-use` as well. */
export function holdPrivateFolder<T>(root: string, use: () => T | Promise<T>): Promise<T> {
  return inPrivateFolder(root, async () => {
    const release = takeLock(join(root, lockName), root)
    try {
      return await use()
    } finally {
      release()
    }
  })
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
