import { readFileSync, rmSync } from 'node:fs'
import { EvidenceError } from '../core/index.ts'
import { writeNewFile } from './durable-file.ts'

/*
 * Who has the data folder. LevelDB's own lock keeps two writers apart for good; this file says it before anything of the
 * database is read, in plain words, and lets a verifier see a live server without touching the lock.
 */

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

/** Takes the folder for this process; gives what releases it, and it alone. Throws `ledger-in-use`. */
export function takeLock(path: string, folder: string): () => void {
  requireUnlocked(path, folder)
  rmSync(path, { force: true })
  const mine = `${process.pid} ${startOf(process.pid)}\n`
  try {
    writeNewFile(path, mine, 0o644)
  } catch (cause) {
    if (!(cause instanceof EvidenceError) || cause.code !== 'file-exists') throw cause
    requireUnlocked(path, folder)
    // Made just now, and not yet written by whoever made it.
    throw new EvidenceError('ledger-in-use', `the data folder ${folder} is being taken by another process`, {
      where: folder,
    })
  }
  return () => {
    try {
      if (readFileSync(path, 'latin1') === mine) rmSync(path, { force: true })
    } catch {
      // Gone already: nothing to release.
    }
  }
}
