import { randomUUID } from 'node:crypto'
import { copyFileSync, readdirSync, symlinkSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { isEvidenceError } from '../../core/errors.ts'
import { takeLock } from '../../node/lock-file.ts'
import { type OwnPlace, ownPlace } from '../../node/own-place.ts'
import { makeNewPrivateFolder } from '../../node/private-folder.ts'
import { removeTree } from '../../node/remove-tree.ts'

const lockEnding = '.lock'
const shadowName = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:\.lock)?$/

/**
 * Removes what killed processes left in this user's own place, and looks nowhere else: a copied log may hold what has been erased since. A stand-in
 * is made and removed under its lock, which the kernel releases with its process, in whatever container: one that is not locked is nobody's.
 */
function sweepShadows({ path: place }: OwnPlace): void {
  const names = readdirSync(place).flatMap((name) => shadowName.exec(name)?.[1] ?? [])
  for (const name of new Set(names)) {
    try {
      const path = join(place, name)
      const release = takeLock(`${path}${lockEnding}`, path)
      try {
        removeTree(path)
      } finally {
        release()
      }
    } catch {
      // In use, or not to be removed by this process: it is looked at again next time.
    }
  }
}

/**
 * A new name, locked before a folder of it is there: no other process of this user ever finds that without its lock. Another that sweeps may
 * take the lock first, in the moment between its file and itself: then the name is left to it.
 */
function lockNewName({ path: place }: OwnPlace): { readonly shadow: string; readonly release: () => void } {
  for (;;) {
    const shadow = join(place, randomUUID())
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
 * all that happens elsewhere, and what is examined stays as it was found. It lies where no other user reaches (own-place.ts). Throws
 * `file-unwritable`, and what the file system throws.
 */
export function makeShadow(folder: string): { readonly folder: string; readonly dispose: () => void } {
  const place = ownPlace()
  if (!place.isNew) sweepShadows(place)
  const { shadow, release } = lockNewName(place)
  const dispose = (): void => {
    removeTree(shadow)
    release()
    if (place.isNew) removeTree(place.path)
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
