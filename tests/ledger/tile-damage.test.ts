import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { leafHash } from '../../src/core/entry.ts'
import { readOwnKey } from '../../src/ledger/data-folder.ts'
import { readHead } from '../../src/ledger/head-file.ts'
import { LevelStorage } from '../../src/ledger/leveldb/level-storage.ts'
import { readLookupCodec } from '../../src/ledger/lookup-secret.ts'
import { LedgerReads } from '../../src/ledger/reads.ts'
import { LedgerTree } from '../../src/ledger/tree.ts'
import { examine } from '../../src/ledger/recovery.ts'
import { editDatabase, readRawEntry, writeRawEntry } from '../support/damage.ts'
import { type TestFolder, trialFolder } from '../support/folder.ts'

/*
 * An entry and its tile altered together, deep in the past: the tile above still knows. What opening does not read must be
 * refused when it is served.
 */
let test: TestFolder
const tileKey = (level: number, n: number): Buffer => {
  const key = Buffer.alloc(10)
  key.write('t')
  key[1] = level
  key.writeBigUInt64BE(BigInt(n), 2)
  return key
}

beforeAll(async () => {
  test = await trialFolder()
  const ledger = await test.open()
  await Promise.all(Array.from({ length: 900 }, (_, i) => ledger.deposit(test.deposit(`content ${i}`).presentation)))
  await ledger.close()
})
afterAll(() => test.remove())

describe('an entry altered together with its tile', () => {
  it('is refused when it is read, and so is every proof through the tile', async () => {
    const key = readOwnKey(test.folder)
    const storage = await LevelStorage.open(test.folder.database, readLookupCodec(test.folder))
    const published = await examine(storage, readHead(test.folder.head, key).checkpoint, [key])
    // As a server that has been running: the edge was right when it was opened.
    const tree = await LedgerTree.rebuild(storage, published.state.size)
    await storage.close()
    await editDatabase(test.folder.database, async (db) => {
      const bytes = await readRawEntry(db, 7)
      bytes.write('2001', bytes.indexOf('2026'))
      await writeRawEntry(db, 7, bytes)
      const tile = (await db.get(tileKey(0, 0))) as Buffer
      Buffer.from(leafHash(bytes)).copy(tile, 7 * 32)
      await db.put(tileKey(0, 0), tile)
    })
    const again = await LevelStorage.open(test.folder.database, readLookupCodec(test.folder))
    Reflect.set(tree, 'storage', again)
    const reads = new LedgerReads(again, tree, () => published)
    for (const read of [
      () => reads.entry(7),
      () => reads.entry(8),
      () => reads.inclusion(8, 200),
      () => reads.consistency(100, 600),
      () => reads.tile({ level: 0, n: 0, width: 256 }),
      () => reads.tile({ level: 'entries', n: 0, width: 256 }),
    ]) {
      await expect(read()).rejects.toMatchObject({ code: 'storage-damaged' })
    }
    expect((await reads.entry(300)).index).toBe(300)
    await again.close()
    await expect(test.open()).rejects.toMatchObject({ code: 'root-mismatch' })
  })

  it('is neither hidden nor feigned by the nodes that are kept beside the tile', async () => {
    const folder = await trialFolder()
    const ledger = await folder.open()
    await Promise.all(
      Array.from({ length: 600 }, (_, i) => ledger.deposit(folder.deposit(`content ${i}`).presentation)),
    )
    const right = await ledger.reads.inclusion(70, 600)
    await ledger.close()
    await editDatabase(folder.folder.database, async (db) => {
      const tile = (await db.get(tileKey(0, 0))) as Buffer
      expect(tile.length).toBe((256 + 62) * 32)
      tile.fill(7, 256 * 32)
      await db.put(tileKey(0, 0), tile)
    })
    const again = await folder.open()
    expect(await again.reads.inclusion(70, 600)).toEqual(right)
    await again.close()
    folder.remove()
  })
})
