import { Level } from 'level'
import { encodeBundle, EvidenceError } from '../../core/index.ts'
import { runWidth } from './entry-runs.ts'
import { metaKey, oldEntryKey, readNumber8, runKey } from './keys.ts'

type Database = Level<Uint8Array, Uint8Array>

/** Blocks of {@link runWidth} entries that one synced batch moves. */
const blocksPerBatch = 64

/**
 * From format 1, where each entry lay under a key of its own, to 2, where 32 lie together. Each batch moves whole entries or
 * none, so that a step cut off goes on where it was. Throws `storage-damaged` for a key that is no index.
 */
export async function packEntries(folder: string, onProgress: (done: number, total: number) => void): Promise<void> {
  const db: Database = new Level<Uint8Array, Uint8Array>(folder, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    createIfMissing: false,
  })
  await db.open()
  try {
    const [last] = await db.keys({ gte: oldEntryKey(0), lt: Buffer.from('f'), reverse: true, limit: 1 }).all()
    const total = last === undefined ? 0 : indexOf(last, folder) + 1
    while (await packSome(db, folder, total, onProgress));
    await db.put(metaKey('format'), Buffer.from('2'), { sync: true })
  } finally {
    await db.close()
  }
}

/** Moves the first blocks that are left; false where none were. */
async function packSome(
  db: Database,
  where: string,
  total: number,
  onProgress: (done: number, total: number) => void,
): Promise<boolean> {
  const range = { gte: oldEntryKey(0), lt: Buffer.from('f'), limit: blocksPerBatch * runWidth }
  const found = await db.iterator({ ...range, highWaterMarkBytes: 4 * 1024 * 1024 }).all()
  if (found.length === 0) return false
  const batch = db.batch()
  for (let at = 0; at < found.length; ) {
    const start = indexOf((found[at] as [Uint8Array, Uint8Array])[0], where)
    const run: Uint8Array[] = []
    do {
      const [key, value] = found[at] as [Uint8Array, Uint8Array]
      const index = indexOf(key, where)
      // A gap is damage that was there before: the run ends at it, and verifying names what is missing.
      if (index !== start + run.length) break
      run.push(value)
      batch.del(key)
      at++
    } while (at < found.length && (start + run.length) % runWidth !== 0)
    batch.put(runKey(start), encodeBundle(run))
    onProgress(start + run.length, total)
  }
  await batch.write({ sync: true })
  return true
}

function indexOf(key: Uint8Array, where: string): number {
  const index = key.length === 9 ? readNumber8(key, 1) : Number.NaN
  if (Number.isSafeInteger(index)) return index
  throw new EvidenceError('storage-damaged', 'a key among the entries is not an index', { where })
}
