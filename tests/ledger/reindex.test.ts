import {
  chownSync,
  cpSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { reindex } from '../../src/ledger/reindex.ts'
import { giveFolder } from '../../src/node/give-folder.ts'
import { editDatabase, folderHash, readRawEntry, writeRawEntry } from '../support/damage.ts'
import type { TestFolder } from '../support/folder.ts'
import { judgeFolder } from '../support/folder-faults.ts'
import { type KeptLedger, keptLedger } from '../support/kept-ledger.ts'

const size = 600
let held: KeptLedger
let test: TestFolder

beforeAll(async () => {
  held = await keptLedger(size - 2, { case: [{ number: '(2026)沪0104刑初123号' }] })
  test = held.test
})
beforeEach(() => held.restore())
afterAll(() => held.remove())

const faults = async (): Promise<string[]> => (await judgeFolder(test)).codes

describe('reindex', () => {
  it('changes nothing that anybody can see in a sound ledger', async () => {
    expect(await reindex(test.root)).toEqual({
      size,
      lookups: { missing: 0, foreign: 0 },
      statementIds: { missing: 0, foreign: 0 },
      tiles: 0,
      registrySeal: false,
    })
    expect(await faults()).toEqual([])
    const ledger = await test.open()
    expect(ledger.reads.size).toBe(size)
    await ledger.close()
    expect(existsSync(`${test.folder.database}.old`) || existsSync(`${test.folder.database}.new`)).toBe(false)
  })

  it.skipIf(process.getuid?.() !== 0)('by root leaves the database to the owner of the one before', async () => {
    const { database } = test.folder
    const owners = (folder: string): number[] => [
      ...new Set([folder, ...readdirSync(folder).map((name) => join(folder, name))].map((path) => statSync(path).uid)),
    ]
    expect(owners(database)).toEqual([0])
    chownSync(database, 65534, 65534)
    await reindex(test.root)
    expect(owners(database)).toEqual([65534])
    // What others put into its place is not given away.
    const planted = `${database}.planted`
    mkdirSync(planted)
    writeFileSync(join(planted, 'file'), '')
    linkSync(join(planted, 'file'), `${planted}.other`)
    giveFolder(planted, database)
    expect([statSync(planted).uid, statSync(`${planted}.other`).uid]).toEqual([65534, 0])
    chownSync(planted, 65533, 65533)
    giveFolder(planted, database)
    expect(statSync(planted).uid).toBe(65533)
  })

  it('mends look-up keys, statement ids, tiles and the registry checksum, and says how many', async () => {
    await editDatabase(test.folder.database, async (db) => {
      const lookups = await db.keys({ gte: Buffer.from('ld'), lt: Buffer.from('le') }).all()
      await db.del(lookups[3] as Buffer)
      await db.del(lookups[4] as Buffer)
      const moved = Buffer.from(lookups[5] as Buffer)
      moved.writeBigUInt64BE(33n, moved.length - 8)
      await db.put(moved, Buffer.alloc(0))
      const ids = await db.keys({ gte: Buffer.from('j'), lt: Buffer.from('k') }).all()
      await db.del(ids[7] as Buffer)
      // A registry entry that nobody would find, and a seal that says that none is missing.
      for (const key of await db.keys({ gte: Buffer.from('lkpart'), lt: Buffer.from('lkpas') }).all()) await db.del(key)
      await db.put(Buffer.from('mregistry'), Buffer.from('{"count":1,"hash":"00"}'))
      const tile = Buffer.concat([Buffer.from('t'), Buffer.alloc(9)])
      await db.put(tile, Buffer.alloc(8192))
    })
    expect(await faults()).toEqual(expect.arrayContaining(['lookup-missing', 'lookup-foreign', 'database-thinned']))
    await expect(test.open()).rejects.toThrow()
    expect(await reindex(test.root)).toEqual({
      size,
      lookups: { missing: 3, foreign: 1 },
      statementIds: { missing: 1, foreign: 0 },
      tiles: 1,
      registrySeal: true,
    })
    expect(await faults()).toEqual([])
    await (await test.open()).close()
  })

  it('changes nothing where the entries themselves do not hold', async () => {
    await editDatabase(test.folder.database, async (db) => {
      const bytes = await readRawEntry(db, 300)
      bytes[bytes.length - 100] = bytes[bytes.length - 100] === 0x41 ? 0x42 : 0x41
      await writeRawEntry(db, 300, bytes)
    })
    const before = folderHash(test.root)
    await expect(reindex(test.root)).rejects.toMatchObject({ facts: { index: 300 } })
    expect(folderHash(test.root)).toBe(before)
  })

  it('is refused of a ledger in use', async () => {
    const ledger = await test.open()
    await expect(reindex(test.root)).rejects.toMatchObject({ code: 'ledger-in-use' })
    await ledger.close()
  })

  it.each(['building', 'between the two names', 'before the old one was removed'])(
    'is finished by another run after a crash %s',
    async (when) => {
      const { database } = test.folder
      if (when === 'building') cpSync(database, `${database}.new`, { recursive: true })
      else cpSync(database, `${database}.old`, { recursive: true })
      if (when === 'between the two names') renameSync(database, `${database}.new`)
      expect(await reindex(test.root)).toMatchObject({ size, lookups: { missing: 0, foreign: 0 } })
      expect(await faults()).toEqual([])
      expect(existsSync(`${database}.old`) || existsSync(`${database}.new`)).toBe(false)
    },
  )
})
