import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Level } from 'level'

type Database = Level<Uint8Array, Uint8Array>

type Compacting = {
  compactRange(start: Uint8Array, end: Uint8Array): Promise<void>
  location: string
}

/**
 * Makes a change to a few keys, and leaves no trace of what they held in any table or log of the database: LevelDB keeps a deleted value
 * there until they are rewritten. {@link forgetNames} must follow.
 */
export async function changeWithoutTrace(
  db: Database,
  keys: readonly Uint8Array[],
  change: () => Promise<void>,
): Promise<void> {
  const compacting = db as unknown as Compacting
  // Twice: a value and its deletion that come from the log together lie in one table, which nothing rewrites until a second
  // deletion above it is merged into it.
  for (let round = 0; round < 2; round++) {
    await change()
    for (const key of keys) await compacting.compactRange(key, Buffer.concat([key, Buffer.from([0])]))
  }
}

/**
 * Leaves no trace of keys that are gone: LevelDB names them in LOG when it compacts them, and the keys at the ends of tables that were in the
 * MANIFEST. The database is closed and opened again: nothing else may use it meanwhile.
 */
export async function forgetNames(db: Database, reopen: () => Promise<void>): Promise<void> {
  const { location } = db as unknown as Compacting
  await db.close()
  for (const name of ['LOG', 'LOG.old']) rmSync(join(location, name), { force: true })
  // A new MANIFEST, that names the tables there are.
  await reopen()
}

/** Changes that are written more than once. */
export class Changes {
  readonly operations: (
    | { readonly type: 'put'; readonly key: Uint8Array; readonly value: Uint8Array }
    | { readonly type: 'del'; readonly key: Uint8Array }
  )[] = []

  put(key: Uint8Array, value: Uint8Array): void {
    this.operations.push({ type: 'put', key, value })
  }
  del(key: Uint8Array): void {
    this.operations.push({ type: 'del', key })
  }
}
