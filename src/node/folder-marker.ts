import { randomBytes } from 'node:crypto'
import { lstatSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { EvidenceError } from '../core/errors.ts'
import { defined } from '../core/objects.ts'
import { fileBounds, isNameFree, readTextIfThere } from './bounded-file.ts'
import { writeDurably } from './durable-file.ts'
import { isLockName } from './lock-file.ts'

/** The file in a folder that is being filled: it says by which command, and what that command has made so far. */
const markerName = 'unfinished.json'
const stagingName = /^unfinished-[0-9a-f]{32}$/

/** Which command fills the folder, and, where it matters, for what. */
export interface Unfinished {
  readonly by: string
  readonly token?: string
}

/** A name in the folder, and the inode that it had when it was made: a marker that was copied, or invented, names other inodes. */
export interface Made {
  readonly name: string
  readonly inode: string
}

export interface Marker extends Unfinished {
  /** The staging folder. Without an inode it is not there yet, or is empty. */
  readonly staging?: { readonly name: string; readonly inode?: string }
  /** What is being moved out of the staging folder. */
  readonly moving: readonly Made[]
}

/** A name for a staging folder that nobody can know before. */
export function newStagingName(): string {
  return `unfinished-${randomBytes(16).toString('hex')}`
}

export function isStagingName(name: string): boolean {
  return stagingName.test(name)
}

/**
 * What an unfinished folder says of itself; undefined where it is whole, empty, not there or out of reach. Of a marker that is malformed, or
 * cannot be read, nothing is believed but that the folder is not whole.
 */
export function readUnfinished(root: string): Marker | undefined {
  const path = join(root, markerName)
  if (isOutOfReach(path)) return undefined
  try {
    const text = readTextIfThere(path, fileBounds.small)
    if (text === undefined) return undefined
    const { by, token, staging, moving } = JSON.parse(text) as Record<string, unknown>
    const folder = madeIn(staging)
    return {
      by: String(by),
      ...(typeof token === 'string' ? { token } : {}),
      ...(folder === undefined ? {} : { staging: folder }),
      moving: (Array.isArray(moving) ? moving : []).flatMap((one) => {
        const { name, inode } = madeIn(one) ?? {}
        return name === undefined || inode === undefined ? [] : [{ name, inode }]
      }),
    }
  } catch {
    return { by: 'a command', moving: [] }
  }
}

/** Whether nobody can say what is at a path, or nothing is there. */
function isOutOfReach(path: string): boolean {
  try {
    return isNameFree(path)
  } catch {
    return true
  }
}

function madeIn(value: unknown): { name: string; inode?: string } | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { name, inode } = value as { name?: unknown; inode?: unknown }
  if (typeof name !== 'string') return undefined
  return { name, ...defined({ inode: typeof inode === 'string' ? inode : undefined }) }
}

/** Writes the marker, durable when this returns. */
export function writeMarker(root: string, marker: Marker): void {
  writeDurably(join(root, markerName), `${JSON.stringify(marker)}\n`)
}

export function removeMarker(root: string): void {
  rmSync(join(root, markerName), { force: true })
}

/** Throws `folder-unfinished` for a folder that a command began to fill, and did not finish. */
export function requireFinished(root: string): void {
  const unfinished = readUnfinished(root)
  if (unfinished === undefined) return
  throw new EvidenceError(
    'folder-unfinished',
    `the folder ${root} is not whole: "${unfinished.by}" has not finished it`,
    { where: root },
  )
}

/** Names in a folder, but for those of the marker, of a lock, and of what the file system puts there. */
export function namesIn(root: string): string[] {
  return readdirSync(root).filter((name) => {
    if (isLockName(name) || name === markerName || name === `${markerName}.part`) return false
    return name !== 'lost+found' || !lstatSync(join(root, name)).isDirectory()
  })
}
