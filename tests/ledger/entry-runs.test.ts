import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LevelStorage } from '../../src/ledger/leveldb/level-storage.ts'
import { LookupCodec } from '../../src/ledger/lookup-codec.ts'
import { editDatabase } from '../support/damage.ts'
import { temporaryFolder } from '../support/folder.ts'
import { storedEntry } from './storage-conformance.ts'

let kept: { path: string; remove: () => void }
const codec = new LookupCodec(new Uint8Array(32))
let location: string
let storage: LevelStorage
let epoch: number
let size: number

beforeEach(async () => {
  kept = temporaryFolder()
  location = join(kept.path, 'db')
  storage = await LevelStorage.open(location, codec, { create: true })
  epoch = await storage.claimWriter()
  size = 0
})
afterEach(async () => {
  await storage.close()
  kept.remove()
})

async function append(count: number): Promise<void> {
  const root = Buffer.alloc(32).toString('base64')
  await storage.append({
    expectedSize: size,
    epoch,
    entries: Array.from({ length: count }, (_, i) => storedEntry(size + i)),
    tiles: [],
    checkpoint: `test.example/x\n${size + count}\n${root}\n\n— test.example/x AAAAAAA=\n`,
  })
  size += count
}

async function reopen(): Promise<void> {
  await storage.close()
  storage = await LevelStorage.open(location, codec)
  epoch = await storage.claimWriter()
}

async function texts(begin: number, end: number): Promise<(string | undefined)[]> {
  return (await storage.entries(begin, end)).map((bytes) => bytes && Buffer.from(bytes).toString())
}

/** What `texts` must give: the entries that there are, and undefined after them. */
function expected(begin: number, end: number): (string | undefined)[] {
  return Array.from({ length: end - begin }, (_, i) => (begin + i < size ? `entry ${begin + i}` : undefined))
}

/** First index and length in bytes of every run, as they lie. */
async function runs(): Promise<number[]> {
  const starts: number[] = []
  await storage.close()
  await editDatabase(location, async (db) => {
    const keys = await db.keys({ gte: Buffer.from('b'), lt: Buffer.from('c') }).all()
    starts.push(...keys.map((key) => Number(key.readBigUInt64BE(1))))
  })
  storage = await LevelStorage.open(location, codec)
  epoch = await storage.claimWriter()
  return starts
}

describe('entries in runs', () => {
  it('are read back as they were, whatever the groups were and wherever it was opened anew', async () => {
    const group = fc.record({ count: fc.integer({ min: 1, max: 90 }), reopen: fc.boolean() })
    const window = fc.record({ from: fc.nat(), length: fc.integer({ min: 0, max: 300 }) })
    await fc.assert(
      fc.asyncProperty(fc.array(group, { maxLength: 6 }), window, async (groups, { from, length }) => {
        for (const { count, reopen: again } of groups) {
          await append(count)
          if (again) await reopen()
        }
        const begin = from % (size + 40)
        expect(await texts(begin, begin + length)).toEqual(expected(begin, begin + length))
        expect(await storage.entryIndices(begin, 5)).toEqual(
          Array.from({ length: Math.max(0, Math.min(5, size - begin)) }, (_, i) => begin + i),
        )
      }),
      { numRuns: 60 },
    )
  })

  it('lie as a group brought them, and cross no multiple of 32', async () => {
    await append(40)
    await append(30)
    expect(await runs()).toEqual([0, 32, 40, 64])
  })

  it.each([0, 1, 13, 31])('of one each are written anew as one where 32 are full, opened anew after %i', async (at) => {
    for (let i = 0; i < 33; i++) {
      await append(1)
      if (i === at) await reopen()
    }
    expect(await runs()).toEqual([0, 32])
    expect(await texts(0, 34)).toEqual(expected(0, 34))
  })

  it('are missing one by one where a run is cut off or unreadable, and take nothing else with them', async () => {
    for (const count of [10, 10, 12, 32]) await append(count)
    await editAfterClosing(async (key, get, put) => {
      const run = await get(key(10))
      await put(key(10), run.subarray(0, run.length - 1))
      await put(key(20), Buffer.from([1]))
    })
    const found = await texts(0, 64)
    expect(found.map((text, i) => (text === undefined ? i : -1)).filter((i) => i >= 0)).toEqual(
      Array.from({ length: 22 }, (_, i) => 10 + i),
    )
    // What lies there is there, readable or not.
    expect(await storage.entryIndices(20, 2)).toEqual([20, 32])
  })

  it('past a multiple of 32 are nobody’s, and a key that is none of ours is found', async () => {
    await append(32)
    await editAfterClosing(async (key, get, put) => {
      await put(key(31), await get(key(0)))
      await put(Buffer.from('bx'), Buffer.alloc(0))
    })
    expect(await texts(0, 40)).toEqual([...expected(0, 31), 'entry 0', ...Array.from({ length: 8 }, () => undefined)])
    expect(await storage.entryIndices(32, 40)).toEqual([Number.NaN])
  })
})

type Edit = (
  key: (index: number) => Buffer,
  get: (key: Buffer) => Promise<Buffer>,
  put: (key: Buffer, value: Buffer) => Promise<void>,
) => Promise<void>

async function editAfterClosing(edit: Edit): Promise<void> {
  await storage.close()
  await editDatabase(location, (db) => {
    const key = (index: number): Buffer => {
      const out = Buffer.alloc(9, 'b')
      out.writeBigUInt64BE(BigInt(index), 1)
      return out
    }
    return edit(
      key,
      async (at) => (await db.get(at)) as Buffer,
      (at, value) => db.put(at, value),
    )
  })
  storage = await LevelStorage.open(location, codec)
}
