import { randomUUID } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  fstatSync,
  ftruncateSync,
  linkSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { EvidenceError } from '../core/errors.ts'
import { fsPath, removeFile } from './file-path.ts'
import { fileBounds, openUnread, readBounded, readBoundedText } from './bounded-file.ts'
import { writeNewFile } from './durable-file.ts'
import { lockFile } from './file-lock.ts'
import {
  describeRecord,
  encodeRecord,
  isAlive,
  isHere,
  isRecordOrNothing,
  kernel,
  type LockRecord,
  maxRecordBytes,
  ownRecord,
  parseRecord,
} from './lock-record.ts'

/*
 * Who has a folder. The lock is the kernel's, on the open lock file, and for a whole folder on the folder itself too, so that it holds
 * though somebody removes the file; both for as long as their holder lives. The text in the file is for the message. Where there are no such locks the text decides: of a process that cannot be looked for from here, it counts as alive.
 */

/** Whether a name in a folder is that of its lock, or of one on its way to be it. */
export function isLockName(name: string): boolean {
  return name === 'lock' || /^lock\.[0-9]+-[0-9a-f-]{36}$/.test(name)
}

function recordIn(path: string): LockRecord | undefined {
  try {
    return parseRecord(readBoundedText(path, fileBounds.small, 'latin1'))
  } catch {
    return undefined
  }
}

/** Whether a lock file holds by its text: its holder has no locks of the kernel. */
function holdsByText(path: string, record: LockRecord | undefined): boolean {
  if (record === undefined || record.by === '' || record.by === kernel) return false
  if (!existsSync(fsPath(join(dirname(path), record.by)))) return false
  return !isHere(record) || isAlive(record)
}

/** Whether a lock of the kernel holds, as far as its text tells. */
function mayHoldByKernel(record: LockRecord | undefined): boolean {
  return record?.by === kernel && (!isHere(record) || isAlive(record))
}

/** Who holds the folder, for people; undefined where nobody does. */
export function lockHolder(path: string): string | undefined {
  const found = look(path)
  return found === undefined ? undefined : describeRecord(found.record)
}

function look(path: string): { readonly record: LockRecord | undefined; readonly byKernel: boolean } | undefined {
  let fd: number
  try {
    fd = openUnread(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return isFolderHeld(path) ? { record: undefined, byKernel: true } : undefined
  }
  try {
    const found = lockFile(fd, 'shared')
    const record = recordIn(path)
    const isHeld = found === 'held' || holdsByText(path, record) || (found === 'unsupported' && mayHoldByKernel(record))
    return isHeld ? { record, byKernel: found === 'held' } : undefined
  } finally {
    closeSync(fd)
  }
}

function inUse(path: string, folder: string, record = recordIn(path), lockedByKernel = false): EvidenceError {
  // Of a lock that the kernel holds the process is alive; of another only its own machine and container can tell.
  const isCertain = lockedByKernel || record === undefined || isHere(record)
  const remedy = isCertain ? '' : `; where no such process runs any more, remove ${path}`
  return new EvidenceError('ledger-in-use', `${folder} is in use by ${describeRecord(record)}${remedy}`, {
    where: folder,
  })
}

/** Throws `ledger-in-use` where a live process has the folder. */
export function requireUnlocked(path: string, folder: string): void {
  const found = look(path)
  if (found === undefined) return
  throw existsSync(fsPath(path)) ? inUse(path, folder, found.record, found.byKernel) : folderHeld(folder)
}

/**
 * Runs what reads a folder that nobody has. Where somebody took it meanwhile, what looks like damage is a file half written.
 * Throws `ledger-in-use`, and what `read` throws.
 */
export async function whileUnlocked<T>(path: string, folder: string, read: () => Promise<T>): Promise<T> {
  requireUnlocked(path, folder)
  try {
    return await read()
  } catch (error) {
    requireUnlocked(path, folder)
    throw error
  }
}

/**
 * Takes the folder for this process; gives what releases it, and it alone. Throws `ledger-in-use`; `not-a-lock` where anything else has the lock's
 * name, which stays as it is.
 */
export function takeLock(path: string, folder: string): () => void {
  for (;;) {
    const fd = openLock(path)
    if (fd === undefined) continue
    let taken: (() => void) | 'gone' | 'unsupported' | undefined
    try {
      taken = takeOpen(fd, path, folder)
      if (typeof taken === 'function') return taken
    } finally {
      if (typeof taken !== 'function') closeSync(fd)
    }
    if (taken === 'unsupported') return takeByText(path, folder)
  }
}

/** What opening says of a name that is no file's: a link, a folder, a socket. */
const noFileCodes: readonly unknown[] = ['ELOOP', 'EMLINK', 'EISDIR', 'ENXIO']

/**
 * A lock file, made or as it lies there; undefined where it went meanwhile. The name of a lock is known before, and a folder that came from
 * somebody else (an archive keeps hard links) may have anything under it. Throws `not-a-lock`.
 */
function openLock(path: string): number | undefined {
  const { O_RDWR, O_CREAT, O_EXCL, O_NOFOLLOW, O_NONBLOCK } = constants
  try {
    return openSync(fsPath(path), O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  }
  let fd: number
  try {
    fd = openSync(fsPath(path), O_RDWR | O_NOFOLLOW | O_NONBLOCK)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return undefined
    throw noFileCodes.includes(code) ? notALock(path, 'is no file') : error
  }
  try {
    requireLock(fd, path)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/** Throws `not-a-lock` for an open file into which no lock wrote, or that has another name too. */
function requireLock(fd: number, path: string): void {
  const stat = fstatSync(fd)
  const { uid } = stat
  if (!stat.isFile()) throw notALock(path, 'is no file')
  const own = process.getuid?.()
  // Root may go on where the user of the folder left off.
  if (own !== undefined && uid !== own && uid !== statSync(fsPath(dirname(path))).uid)
    throw notALock(path, `belongs to the user ${uid}`)
  const bytes = Buffer.alloc(maxRecordBytes + 1)
  const length = readSync(fd, bytes, 0, bytes.length, 0)
  if (!isRecordOrNothing(bytes.subarray(0, length))) throw notALock(path, 'holds what no lock writes')
  const beside = besideOf(path, bytes.toString('latin1', 0, length))
  const names = beside !== undefined && isNamed(fd, beside) ? 2 : 1
  if (fstatSync(fd).nlink > names) throw notALock(path, 'is another name of a file that has one already (a hard link)')
}

/** The second name of a lock that holds by its text; undefined for any other. */
function besideOf(path: string, text: string): string | undefined {
  const { by = '' } = parseRecord(text) ?? {}
  return by.startsWith(`${basename(path)}.`) ? join(dirname(path), by) : undefined
}

function notALock(path: string, why: string): EvidenceError {
  return new EvidenceError('not-a-lock', `${path} has the name of a lock, and ${why}`, { where: path })
}

/** The lock of an open file; `gone` where the file has another name by now, or none: its holder has released it. */
function takeOpen(fd: number, path: string, folder: string): (() => void) | 'gone' | 'unsupported' {
  const found = lockExclusively(fd)
  if (found === 'unsupported') return found
  if (!isNamed(fd, path)) return 'gone'
  if (found === 'held') throw inUse(path, folder, recordIn(path), true)
  const record = recordIn(path)
  if (holdsByText(path, record)) throw inUse(path, folder, record)
  ftruncateSync(fd)
  writeSync(fd, encodeRecord(ownRecord(kernel)), 0)
  // Looked at again with the text in it: from here on one that goes by the text leaves it in its place.
  if (!isNamed(fd, path)) return 'gone'
  const whole = holdFolderItself(path)
  if (whole === 'held') {
    removeFile(path)
    throw folderHeld(folder)
  }
  let isReleased = false
  return () => {
    if (isReleased) return
    isReleased = true
    // Removed while it is held: who waits for it finds that it has lost its name.
    if (isNamed(fd, path)) removeFile(path)
    closeSync(fd)
    if (whole !== undefined) closeSync(whole)
  }
}

/** The folder of a lock that is for the whole of it, opened; undefined for another lock, and where there is no such folder. */
function openFolderOf(path: string): number | undefined {
  if (basename(path) !== 'lock') return undefined
  try {
    return openSync(fsPath(dirname(path)), constants.O_RDONLY | constants.O_DIRECTORY)
  } catch {
    return undefined
  }
}

/** Locks the folder itself; gives what holds it. `held` where a process has it whose lock file was removed. */
function holdFolderItself(path: string): number | 'held' | undefined {
  const fd = openFolderOf(path)
  if (fd === undefined) return undefined
  const found = lockExclusively(fd)
  if (found === 'got') return fd
  closeSync(fd)
  return found === 'held' ? found : undefined
}

/** True where a process has the folder whose lock file was removed. */
function isFolderHeld(path: string): boolean {
  const fd = openFolderOf(path)
  if (fd === undefined) return false
  const found = lockFile(fd, 'shared')
  closeSync(fd)
  return found === 'held'
}

function folderHeld(folder: string): EvidenceError {
  return new EvidenceError('ledger-in-use', `${folder} is in use by a process whose lock file was removed: stop it`, {
    where: folder,
  })
}

/** How often a shared lock is waited for: it ends in a moment, but for that of a user who may read the file, and keeps it. */
const looksAtShared = 1000

/** Takes the exclusive lock. A program that only looks shares the lock for a moment, and is waited for; one that goes on sharing it holds it. */
function lockExclusively(fd: number): ReturnType<typeof lockFile> {
  for (let looks = 1; ; looks++) {
    const found = lockFile(fd, 'exclusive')
    if (found !== 'held' || looks === looksAtShared) return found
    if (lockFile(fd, 'shared') === 'held') return 'held'
    lockFile(fd, 'none')
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, Math.ceil(Math.random() * 5))
  }
}

function isNamed(fd: number, path: string): boolean {
  const [own, named] = [fstatSync(fd), statSync(fsPath(path), { throwIfNoEntry: false })]
  return named !== undefined && own.ino === named.ino && own.dev === named.dev
}

/** Takes the folder where there are no locks of the kernel. */
function takeByText(path: string, folder: string): () => void {
  setStaleAside(path, folder)
  // Held for as long as this file is there too: a lock that was released while another process looked at it, and put back, holds nothing.
  const own = `${path}.${process.pid}-${randomUUID()}`
  const mine = encodeRecord(ownRecord(basename(own)))
  writeNewFile(own, mine, 0o600)
  try {
    nameExclusively(own, path)
  } catch (cause) {
    removeFile(own)
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    throw inUse(path, folder)
  }
  return () => {
    removeFile(own)
    if (existsSync(fsPath(path)) && readBoundedText(path, fileBounds.small, 'latin1') === mine) removeFile(path)
  }
}

/** Removes a lock that nobody holds; one that another process took since it was looked at is put back. */
function setStaleAside(path: string, folder: string): void {
  const isHeld = (record: LockRecord | undefined): boolean => holdsByText(path, record) || mayHoldByKernel(record)
  if (isHeld(recordIn(path))) throw inUse(path, folder)
  const aside = `${path}.${process.pid}-${randomUUID()}`
  try {
    renameSync(fsPath(path), fsPath(aside))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  try {
    const record = recordIn(aside)
    if (!isHeld(record)) return
    nameExclusively(aside, path)
    throw inUse(path, folder, record)
  } finally {
    removeFile(aside)
  }
}

/** Gives a file a name that must be free. Throws EEXIST. */
function nameExclusively(from: string, to: string): void {
  try {
    linkSync(fsPath(from), fsPath(to))
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // A file system without hard links, as on a memory stick: made under its name, which is as exclusive, and not as whole.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error
    writeFileSync(fsPath(to), readBounded(from, fileBounds.small), { flag: 'wx', mode: 0o600 })
  }
}
