import { randomUUID } from 'node:crypto'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { EvidenceError } from '../core/index.ts'
import { writeNewFile } from './durable-file.ts'

/*
 * Who has the data folder. LevelDB's own lock keeps two writers apart for good; this file says it before anything of the
 * database is read, in plain words, and lets a verifier see a live server without touching the lock.
 */

/** Whether a name in a folder is that of its lock, or of one on its way to be it. */
export function isLockName(name: string): boolean {
  return name === 'lock' || /^lock\.[0-9]+-[0-9a-f-]{36}$/.test(name)
}

/** Start time of a process in clock ticks: a number used again by another process has another one. */
function startOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
  } catch {
    return ''
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** The live process that holds the folder, if any. */
export function lockHolder(path: string): number | undefined {
  let held: string
  try {
    held = readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
  const [pidText, started] = held.trim().split(' ')
  const pid = Number(pidText)
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isAlive(pid)) return undefined
  return startOf(pid) === (started ?? '') ? pid : undefined
}

/** Throws `ledger-in-use` where a live process has the folder. */
export function requireUnlocked(path: string, folder: string): void {
  const pid = lockHolder(path)
  if (pid !== undefined) {
    throw new EvidenceError('ledger-in-use', `the data folder ${folder} is in use by process ${pid}`, { where: folder })
  }
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

function beingTaken(folder: string): EvidenceError {
  return new EvidenceError('ledger-in-use', `the data folder ${folder} is being taken by another process`, {
    where: folder,
  })
}

/** Gives a file a name that must be free. Throws EEXIST. */
function nameExclusively(from: string, to: string): void {
  try {
    linkSync(from, to)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // A file system without hard links, as on a memory stick: made under its name, which is as exclusive, and not as whole.
    if (code !== 'EPERM' && code !== 'ENOTSUP' && code !== 'EOPNOTSUPP' && code !== 'ENOSYS') throw error
    writeFileSync(to, readFileSync(from), { flag: 'wx', mode: 0o600 })
  }
}

/** Removes a lock that nobody holds; one that another process took since it was looked at is put back. */
function setStaleAside(path: string, folder: string): void {
  const aside = `${path}.${process.pid}-${randomUUID()}`
  try {
    renameSync(path, aside)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  try {
    if (lockHolder(aside) === undefined) return
    nameExclusively(aside, path)
    throw beingTaken(folder)
  } finally {
    rmSync(aside, { force: true })
  }
}

/** Takes the folder for this process; gives what releases it, and it alone. Throws `ledger-in-use`. */
export function takeLock(path: string, folder: string): () => void {
  requireUnlocked(path, folder)
  setStaleAside(path, folder)
  const mine = `${process.pid} ${startOf(process.pid)}\n`
  // Written under another name first: a lock without its holder's number would be taken for one that nobody holds.
  const own = `${path}.${process.pid}-${randomUUID()}`
  writeNewFile(own, mine, 0o600)
  try {
    nameExclusively(own, path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EEXIST') throw cause
    throw beingTaken(folder)
  } finally {
    rmSync(own, { force: true })
  }
  return () => {
    try {
      if (readFileSync(path, 'latin1') === mine) rmSync(path, { force: true })
    } catch {
      // Gone already: nothing to release.
    }
  }
}
