import { Level } from 'level'
import { isEvidenceError, parseRun } from '../../core/index.ts'
import { readBody } from '../../evidence/index.ts'
import { readStored } from '../entry-facts.ts'
import { encodeLookup, laterEventsOf, type LookupKey } from '../lookup.ts'
import { lookupKey, metaKey, readNumber8, runKey } from './keys.ts'

type Database = Level<Uint8Array, Uint8Array>

/** Runs of entries that are read at a time: what one synced batch indexes. */
const runsPerBatch = 1024
const none = Buffer.alloc(0)

/**
 * From format 2 to 3: look-up keys by what an entry refers to, and by whose key or participation it ends, so that the
 * status of an entry is found without a scan (docs/design/status.md). Only puts, so a step cut off is run again from the start.
 */
export async function indexLaterEvents(
  folder: string,
  onProgress: (done: number, total: number) => void,
): Promise<void> {
  const db: Database = new Level<Uint8Array, Uint8Array>(folder, {
    keyEncoding: 'buffer',
    valueEncoding: 'buffer',
    createIfMissing: false,
  })
  await db.open()
  try {
    const [last] = await db.iterator({ gte: runKey(0), lt: Buffer.from('c'), reverse: true, limit: 1 }).all()
    const total = last === undefined ? 0 : readNumber8(last[0], 1) + parseRun(last[1]).length
    const runs = db.iterator({ gte: runKey(0), lt: Buffer.from('c'), highWaterMarkBytes: 4 * 1024 * 1024 })
    try {
      for (;;) {
        const found = await runs.nextv(runsPerBatch)
        if (found.length === 0) break
        const batch = db.batch()
        for (const [key, value] of found) {
          const start = readNumber8(key, 1)
          for (const [i, bytes] of entriesOf(value).entries()) {
            for (const lookup of eventsOf(bytes, start + i)) batch.put(lookupKey(encodeLookup(lookup), start + i), none)
          }
          onProgress(Math.min(total, start + 32), total)
        }
        await batch.write({ sync: true })
      }
    } finally {
      await runs.close()
    }
    await db.put(metaKey('format'), Buffer.from('3'), { sync: true })
  } finally {
    await db.close()
  }
}

/** A run or an entry that cannot be read is damage that was there before: verifying names it. */
function entriesOf(value: Uint8Array): Uint8Array[] {
  return readable(() => parseRun(value)) ?? []
}

function eventsOf(bytes: Uint8Array, index: number): LookupKey[] {
  const events = readable(() => {
    const { statement } = readStored(bytes, index)
    return laterEventsOf(statement.header.kid, readBody(statement))
  })
  return events ?? []
}

function readable<T>(read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    if (isEvidenceError(error)) return undefined
    throw error
  }
}
