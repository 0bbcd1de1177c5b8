import { copyFileSync, mkdtempSync, readdirSync, readlinkSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const prefix = 'evidence-shadow-'

/** The number of this process's PID namespace: containers may share the temporary folder, and not the numbers of their processes. */
function namespace(): string {
  try {
    return /[0-9]+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? '0'
  } catch {
    return '0'
  }
}

/**
 * Removes what killed processes left: a copied log may hold what has been erased since. What processes of another container left, or
 * are using, is theirs to remove.
 */
function sweep(own: string): void {
  for (const name of readdirSync(tmpdir())) {
    const [, space, number] = new RegExp(`^${prefix}([0-9]+)-([0-9]+)-`).exec(name) ?? []
    const pid = Number(number)
    if (space !== own || !Number.isSafeInteger(pid) || pid === process.pid) continue
    try {
      process.kill(pid, 0)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH')
        rmSync(join(tmpdir(), name), { recursive: true, force: true })
    }
  }
}

/**
 * A stand-in for a closed database, to be opened in its place: tables are linked (LevelDB never changes one), log, MANIFEST
 * and CURRENT are copied. Opening a LevelDB database replays its log, deletes it and writes new files: with the stand-in
 * all that happens elsewhere, and what is examined stays as it was found.
 */
export function makeShadow(folder: string): { readonly folder: string; readonly dispose: () => void } {
  const own = namespace()
  sweep(own)
  const shadow = mkdtempSync(join(tmpdir(), `${prefix}${own}-${process.pid}-`))
  try {
    for (const file of readdirSync(folder)) {
      const source = resolve(folder, file)
      if (/\.(ldb|sst)$/.test(file)) symlinkSync(source, join(shadow, file))
      else if (file === 'CURRENT' || /^MANIFEST-|\.log$/.test(file)) copyFileSync(source, join(shadow, file))
    }
  } catch (error) {
    rmSync(shadow, { recursive: true, force: true })
    throw error
  }
  return { folder: shadow, dispose: () => rmSync(shadow, { recursive: true, force: true }) }
}
