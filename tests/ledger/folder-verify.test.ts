import { cpSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { utf8 } from '../../src/core/bytes.ts'
import { parseSignedCheckpoint, type SignedCheckpoint } from '../../src/core/checkpoint.ts'
import { readOwnKey } from '../../src/ledger/data-folder.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { LookupAudit } from '../../src/ledger/lookup-audit.ts'
import { type Finding, findingOf } from '../../src/verify/report.ts'
import { walk, type WalkReport } from '../../src/verify/walk.ts'
import {
  databaseFiles,
  editDatabase,
  flipBit,
  folderHash,
  type RawDatabase,
  rawDisclosuresKey,
  readRawEntry,
  writeRawEntry,
} from '../support/damage.ts'
import { policyOfFolder, temporaryFolder, type TestFolder, trialFolder } from '../support/folder.ts'
import { sampled } from '../support/long.ts'

let test: TestFolder
let kept: { path: string; remove: () => void }
/** A checkpoint of the first 200 entries. */
let halfway: SignedCheckpoint
const size = 302

beforeAll(async () => {
  test = await trialFolder()
  const ledger = await test.open()
  const sealed = { names: ['a.txt'], case: [{ number: '(2026)沪0104刑初123号' }] }
  const deposits = (from: number, to: number): Promise<unknown> =>
    Promise.all(
      Array.from({ length: to - from }, (_, i) =>
        ledger.deposit(test.deposit(`content ${from + i}`, { sealed }).presentation),
      ),
    )
  await deposits(0, 198)
  halfway = parseSignedCheckpoint(utf8(ledger.reads.checkpoint))
  await deposits(198, size - 2)
  await ledger.close()
  kept = temporaryFolder()
  cpSync(test.root, join(kept.path, 'data'), { recursive: true })
})
afterAll(() => {
  test.remove()
  kept.remove()
})

/** Restores, damages, verifies as the command does; the folder must be the same after. */
async function verifyAfter(
  damage: (db: RawDatabase) => Promise<void>,
  trusted?: SignedCheckpoint,
): Promise<{ report: WalkReport; faults: Finding[] }> {
  rmSync(test.root, { recursive: true })
  cpSync(join(kept.path, 'data'), test.root, { recursive: true })
  await editDatabase(test.folder.database, damage)
  return verify(trusted)
}

/** With a checkpoint, entries below it are hashed again and not judged. */
async function verify(trusted?: SignedCheckpoint): Promise<{ report: WalkReport; faults: Finding[] }> {
  const before = folderHash(test.root)
  const source = await FolderSource.open(test.root, readOwnKey(test.folder))
  const audit = new LookupAudit(source.storage.codec, trusted?.checkpoint.size)
  // As the command does: stored keys are read while the walk goes on.
  const stated = await source
    .checkpoint()
    .then(parseSignedCheckpoint)
    .catch(() => undefined)
  if (stated !== undefined) audit.begin(source.storage, stated.checkpoint.size)
  const report = await walk({
    source,
    policy: policyOfFolder(test),
    observer: audit,
    ...(trusted === undefined ? {} : { trusted }),
  })
  const outside = [
    ...source.faults,
    ...(await source.outsideFaults(report.size)),
    ...(await audit.finish(source.storage, report.size)),
  ]
  await source.close()
  expect(folderHash(test.root)).toBe(before)
  return { report, faults: [...report.faults, ...outside.map((error) => findingOf(error, error.facts.index))] }
}

const at = (faults: Finding[], code: string): (number | undefined)[] =>
  faults.filter((fault) => fault.code === code).map(({ index }) => index)

describe('verifying a data folder', () => {
  it('finds no fault in a sound one', async () => {
    const { report, faults } = await verifyAfter(() => Promise.resolve())
    expect(faults).toEqual([])
    expect(report).toMatchObject({ size, disclosures: { present: 600, withheld: 0, foreign: 0 } })
  })

  it.each(sampled('tests/ledger/folder-verify.test.ts', 'entries', [255, 10, 256, 290, size - 1]))(
    'names entry %i where one byte of it was changed',
    async (index) => {
      const { faults } = await verifyAfter(async (db) => {
        const bytes = await readRawEntry(db, index)
        bytes[bytes.length - 200] = bytes[bytes.length - 200] === 0x41 ? 0x42 : 0x41
        await writeRawEntry(db, index, bytes)
      })
      expect(at(faults, 'entry-altered')).toEqual([index])
    },
  )

  it.each(sampled('tests/ledger/folder-verify.test.ts', 'entries', [10, 280, size - 1]))(
    'names entry %i where it was removed',
    async (index) => {
      const { faults } = await verifyAfter((db) => writeRawEntry(db, index, undefined))
      expect(at(faults, 'entry-missing')).toEqual([index])
    },
  )

  it('names two swapped entries', async () => {
    const { faults } = await verifyAfter(async (db) => {
      const [a, b] = [await readRawEntry(db, 270), await readRawEntry(db, 280)]
      await writeRawEntry(db, 270, b)
      await writeRawEntry(db, 280, a)
    })
    expect(at(faults, 'entry-altered')).toEqual([270, 280])
    expect(at(faults, 'index-wrong')).toEqual([270, 280])
  })

  it('names an inserted entry, and all that it moved', async () => {
    const { faults } = await verifyAfter(async (db) => {
      const entries: Buffer[] = []
      for (let index = 295; index < size; index++) entries.push(await readRawEntry(db, index))
      await writeRawEntry(db, 295, entries[1])
      for (const [i, bytes] of entries.entries()) await writeRawEntry(db, 296 + i, bytes)
    })
    expect(at(faults, 'entry-altered')).toEqual([295, 296, 297, 298, 299, 300, 301])
    expect(at(faults, 'entry-unexpected')).toEqual([size])
  })

  it('reports an erased disclosure as withheld and nothing else', async () => {
    rmSync(test.root, { recursive: true })
    cpSync(join(kept.path, 'data'), test.root, { recursive: true })
    const ledger = await test.open()
    const erased = await ledger.reads.disclosures(await ledger.reads.entry(5))
    expect(erased).toHaveLength(2)
    expect(await ledger.eraseDisclosures(5)).toEqual(['names', 'case'])
    expect(await ledger.eraseDisclosures(6, ['case'])).toEqual(['case'])
    await ledger.close()
    const { report, faults } = await verify()
    expect(faults).toEqual([])
    expect(report.disclosures).toEqual({ present: 597, withheld: 3, foreign: 0 })
    // Gone from the disk, not only from reading.
    for (const path of databaseFiles(test.folder.database, /\.(log|ldb)$/)) {
      for (const text of erased) expect(readFileSync(path).includes(text)).toBe(false)
    }
  })

  it('reports a disclosure put in the place of another', async () => {
    const { faults } = await verifyAfter(async (db) => {
      const key = rawDisclosuresKey(7)
      await db.put(key, (await db.get(rawDisclosuresKey(8))) as Buffer)
    })
    expect(at(faults, 'stored-disclosure-altered')).toEqual([7, 7])
  })

  it('reports look-up keys that are missing or lead astray', async () => {
    const { faults } = await verifyAfter(async (db) => {
      const keys = await db.keys({ gte: Buffer.from('ld'), lt: Buffer.from('le') }).all()
      const moved = Buffer.from(keys[0] as Buffer)
      moved.writeBigUInt64BE(33n, moved.length - 8)
      await db.del(keys[0] as Buffer)
      await db.put(moved, Buffer.alloc(0))
    })
    expect(at(faults, 'lookup-foreign')).toEqual([33])
    expect(at(faults, 'lookup-missing')).toHaveLength(1)
  })

  it('finds, below a trusted checkpoint, what newer entries lack, without a look at every key', async () => {
    const lookupsOf = async (db: RawDatabase, index: number): Promise<Buffer[]> =>
      (await db.keys({ gte: Buffer.from('l'), lt: Buffer.from('m') }).all()).filter(
        (key) => key.readBigUInt64BE(key.length - 8) === BigInt(index),
      )
    expect((await verifyAfter(() => Promise.resolve(), halfway)).faults).toEqual([])
    const { faults, report } = await verifyAfter(async (db) => {
      for (const index of [150, 250]) {
        const keys = await lookupsOf(db, index)
        expect(keys.length).toBeGreaterThan(3)
        for (const key of keys.slice(1, 3)) await db.del(key)
      }
      for (const [key, value] of await db.iterator({ gte: Buffer.from('j'), lt: Buffer.from('k') }).all()) {
        if (value.readBigUInt64BE(0) === 230n) await db.del(key)
        if (value.readBigUInt64BE(0) === 240n)
          await db.put(key, Buffer.concat([value.subarray(0, 39), Buffer.from('x')]))
      }
    }, halfway)
    expect(at(faults, 'lookup-missing')).toEqual([250, 250, 230, 240])
    expect(at(faults, 'lookups-damaged')).toHaveLength(1)
    expect(faults).toHaveLength(5)
    expect(report.notChecked.join(' ')).toContain('keys that lead astray')
  })

  it('BR-M7: names a log that says its sequence numbers twice, at which LevelDB would end the process', async () => {
    rmSync(test.root, { recursive: true })
    cpSync(join(kept.path, 'data'), test.root, { recursive: true })
    const [log = ''] = databaseFiles(test.folder.database, /\.log$/)
    cpSync(log, join(test.folder.database, '999990.log'))
    await expect(verify()).rejects.toMatchObject({
      code: 'database-log-damaged',
      message: expect.stringContaining('comes after'),
    })
    await expect(test.open()).rejects.toMatchObject({ code: 'database-log-damaged' })
  })

  it('reports a damaged log, and still walks what can be read', async () => {
    rmSync(test.root, { recursive: true })
    cpSync(join(kept.path, 'data'), test.root, { recursive: true })
    const [log] = databaseFiles(test.folder.database, /\.log$/)
    flipBit(log as string, 8 * 2000)
    const { faults } = await verify().catch((error: { code: string }) => ({
      faults: [{ code: error.code } as Finding],
    }))
    expect(faults.map(({ code }) => code)).toContain('database-log-damaged')
  })
})
