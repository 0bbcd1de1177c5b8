import { randomUUID } from 'node:crypto'
import { copyFileSync, lstatSync, readdirSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { isEvidenceError } from '../../core/errors.ts'
import { takeLock } from '../../node/lock-file.ts'
import { makeNewPrivateFolder } from '../../node/private-folder.ts'

const prefix = 'evidence-shadow-'
const lockEnding = '.lock'
const shadowName = new RegExp(`^${prefix}[0-9a-f-]{36}`)

/**
 * Removes what killed processes left, of this user: a copied log may hold what has been erased since. A stand-in is made and
 * removed under its lock, which the kernel releases with its process, in whatever container: one that is not locked is nobody's.
 */
function sweepShadows(): void {
  const names = readdirSync(tmpdir()).flatMap((name) => shadowName.exec(name)?.[0] ?? [])
  for (const name of new Set(names)) {
    try {
      const path = join(tmpdir(), name)
      if ([path, `${path}${lockEnding}`].some(isOfAnother)) continue
      const release = takeLock(`${path}${lockEnding}`, path)
      try {
        rmSync(path, { recursive: true, force: true })
      } finally {
        release()
      }
    } catch {
      // In use, or not to be removed by this process: it is looked at again next time.
    }
  }
}

/** Whether another user has put something at a path: that is not followed, and not removed. */
function isOfAnother(path: string): boolean {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  return stat !== undefined && (stat.isSymbolicLink() || stat.uid !== (process.getuid?.() ?? stat.uid))
}

/**
 * A new name, locked before a folder of it is there: no other process ever finds that without its lock. Another process that sweeps may
 * take the lock first, in the moment between its file and itself: then the name is left to it.
 */
function lockNewName(): { readonly shadow: string; readonly release: () => void } {
  for (;;) {
    const shadow = join(tmpdir(), `${prefix}${randomUUID()}`)
    try {
      return { shadow, release: takeLock(`${shadow}${lockEnding}`, shadow) }
    } catch (error) {
      if (!isEvidenceError(error, 'ledger-in-use')) throw error
    }
  }
}

/**
 * A stand-in for a closed database, to be opened in its place: tables are linked (LevelDB never changes one), log, MANIFEST
 * and CURRENT are copied. Opening a LevelDB database replays its log, deletes it and writes new files: with the stand-in
 * all that happens elsewhere, and what is examined stays as it was found.
 */
export function makeShadow(folder: string): { readonly folder: string; readonly dispose: () => void } {
  sweepShadows()
  const { shadow, release } = lockNewName()
  const dispose = (): void => {
    rmSync(shadow, { recursive: true, force: true })
    release()
  }
  try {
    makeNewPrivateFolder(shadow)
    for (const file of readdirSync(folder)) {
      const source = resolve(folder, file)
      if (/\.(ldb|sst)$/.test(file)) symlinkSync(source, join(shadow, file))
      else if (file === 'CURRENT' || /^MANIFEST-|\.log$/.test(file)) copyFileSync(source, join(shadow, file))
    }
  } catch (error) {
    dispose()
    throw error
  }
  return { folder: shadow, dispose }
}
