import { closeSync, constants, fstatSync, lstatSync, openSync, realpathSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { EvidenceError } from '../core/errors.ts'
import { whyOf } from './bounded-file.ts'
import { makePrivateFolder, makeUnknownFolder } from './private-folder.ts'

/*
 * Where this user keeps what only lives for a moment, out of every other user's reach (docs/design/recovery.md). The temporary folder is mostly everybody's: a name
 * in it that another user can know before, or finds in a list, is one that they make first, or exchange.
 */
const name = 'evidence-stand-ins'

/** Bits of a mode by which others write; a folder that has the sticky bit keeps them from what is not theirs. */
const othersWrite = 0o022
const sticky = 0o1000

/** A folder of this user alone. */
export interface OwnPlace {
  readonly path: string
  /** True where it was made for this call, and is to be removed in the end; false where it stays, and processes that were killed may have left something. */
  readonly isNew: boolean
}

/** Whether nobody but this user, and who owns the root of the file system, can exchange the folder or one above it. `path` has no link in it. */
function isSettled(path: string): boolean {
  const own = process.getuid?.()
  if (own === undefined) return true
  const trusted = [own, 0, lstatSync('/').uid]
  for (let at = path; ; at = dirname(at)) {
    const { uid, mode } = lstatSync(at)
    if (!trusted.includes(uid) || ((mode & othersWrite) !== 0 && (mode & sticky) === 0)) return false
    if (at === dirname(at)) return true
  }
}

/** Whether an open folder is this user's alone: of them, and 0700. */
function isOwn(fd: number): boolean {
  const { uid, mode } = fstatSync(fd)
  const own = process.getuid?.()
  return own === undefined || (uid === own && (mode & 0o077) === 0)
}

/** The folder of our name in one that is this user's, made where it is missing; undefined where any other user has a hand in it. */
function lastingIn(parent: string): OwnPlace | undefined {
  try {
    const real = realpathSync(parent)
    const { uid, mode } = lstatSync(real)
    const own = process.getuid?.()
    if (own !== undefined && (uid !== own || (mode & othersWrite) !== 0)) return undefined
    if (!isSettled(real)) return undefined
    const path = join(real, name)
    makePrivateFolder(path)
    const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW)
    try {
      return isOwn(fd) ? { path, isNew: false } : undefined
    } finally {
      closeSync(fd)
    }
  } catch {
    return undefined // not there, or not to be written
  }
}

/** The user's own cache folder, where they have one. A relative name is not heeded, as XDG asks. */
function cacheFolder(): string {
  const base = process.env['XDG_CACHE_HOME'] ?? ''
  return isAbsolute(base) ? base : join(homedir(), '.cache')
}

/** The temporary folder, if no other user can exchange what this one makes there. Throws `file-unwritable`. */
export function temporaryFolder(): string {
  const path = tmpdir()
  const refuse = (why: string, cause?: unknown): EvidenceError =>
    new EvidenceError(
      'file-unwritable',
      `the temporary folder ${path} ${why}: set TMPDIR to a folder of your own`,
      { where: path },
      { cause },
    )
  let real: string
  try {
    real = realpathSync(path)
  } catch (cause) {
    throw refuse(`cannot be used (${whyOf(cause)})`, cause)
  }
  if (!isSettled(real)) throw refuse('can be exchanged by other users, or what is in it')
  return real
}

/**
 * A folder of this user alone: in the temporary folder, where that is their own; else in their cache folder, where they have one; else a new one
 * in the temporary folder, of a name that nobody can know before. Throws `file-unwritable`.
 */
export function ownPlace(): OwnPlace {
  const lasting = lastingIn(tmpdir()) ?? lastingIn(cacheFolder())
  if (lasting !== undefined) return lasting
  const parent = temporaryFolder()
  try {
    return { path: makeUnknownFolder(join(parent, 'evidence-')), isNew: true }
  } catch (cause) {
    const why = `nothing can be made in the temporary folder ${parent} (${whyOf(cause)}): set TMPDIR to a folder of your own`
    throw new EvidenceError('file-unwritable', why, { where: parent }, { cause })
  }
}
