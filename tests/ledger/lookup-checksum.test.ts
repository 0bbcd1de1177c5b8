import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { folderChecks } from '../../cli/doctor/folder.ts'
import { readLookupCodec } from '../../src/ledger/lookup-secret.ts'
import type { LookupKey } from '../../src/ledger/lookup.ts'
import { changeChecksum, keyHash, type LookupChecksum } from '../../src/ledger/lookup-tally.ts'
import { reindex } from '../../src/ledger/reindex.ts'
import { editDatabase, type RawDatabase } from '../support/damage.ts'
import type { TestFolder } from '../support/folder.ts'
import { judgeFolder } from '../support/folder-faults.ts'
import { type KeptLedger, keptLedger } from '../support/kept-ledger.ts'
import { sha256Hex } from '../support/statements.ts'
import { everything } from '../../src/ledger/lookup-scope.ts'

const caseNumber = '(2026)沪0104刑初123号'
const byCase: LookupKey = { by: 'case', number: caseNumber }
const byExhibit: LookupKey = { by: 'exhibit', number: 'EX-12' }
let held: KeptLedger
let test: TestFolder

beforeAll(async () => {
  held = await keptLedger(8, { case: [{ number: caseNumber }], collection: { exhibit: 'EX-12' } })
  test = held.test
})
afterAll(() => held.remove())

async function keysFrom(db: RawDatabase, letters: string): Promise<Buffer[]> {
  const next = Buffer.from(letters)
  next[next.length - 1] = (next[next.length - 1] as number) + 1
  return db.keys({ gte: Buffer.from(letters), lt: next }).all()
}

/** A list's entry with another index. */
function elsewhere(key: Buffer, index: bigint): Buffer {
  const moved = Buffer.from(key)
  moved.writeBigUInt64BE(index, moved.length - 8)
  return moved
}

const one = async (db: RawDatabase, letters: string): Promise<Buffer> => (await keysFrom(db, letters))[1] as Buffer
const none = Buffer.alloc(0)

/** What may befall the look-up keys of a database. */
const damages: readonly { readonly name: string; readonly damage: (db: RawDatabase) => Promise<void> }[] = [
  { name: 'a key by digest deleted', damage: async (db) => db.del(await one(db, 'ld')) },
  { name: 'a key by case deleted', damage: async (db) => db.del(await one(db, 'lc')) },
  { name: 'a key by exhibit deleted', damage: async (db) => db.del(await one(db, 'le')) },
  {
    name: 'all look-up keys of a kind of entry deleted',
    damage: async (db) => {
      for (const key of await keysFrom(db, 'lkevidence')) await db.del(key)
    },
  },
  { name: 'a key added', damage: async (db) => db.put(elsewhere(await one(db, 'ld'), 1n), none) },
  {
    name: 'a key altered: it leads to another entry',
    damage: async (db) => {
      const key = await one(db, 'ld')
      await db.del(key)
      await db.put(elsewhere(key, 3n), none)
    },
  },
  {
    name: 'a key altered: another digest',
    damage: async (db) => {
      const key = await one(db, 'ld')
      const other = Buffer.from(key)
      other[9] = (other[9] as number) ^ 1
      await db.del(key)
      await db.put(other, none)
    },
  },
  {
    name: 'a key in another list',
    damage: async (db) => {
      const key = await one(db, 'lpdepositor')
      await db.del(key)
      await db.put(Buffer.from(key.toString('latin1').replace('evidence', 'evidencf'), 'latin1'), none)
    },
  },
  { name: 'a statement id deleted', damage: async (db) => db.del(await one(db, 'jdepositor')) },
  {
    name: 'a statement id that leads to another entry',
    damage: async (db) => {
      const key = await one(db, 'jdepositor')
      const value = Buffer.from((await db.get(key)) as Buffer)
      value.writeBigUInt64BE(0n)
      await db.put(key, value)
    },
  },
  { name: 'the seal deleted', damage: (db) => db.del(Buffer.from('mlookups')) },
  { name: 'the seal altered', damage: (db) => db.put(Buffer.from('mlookups'), Buffer.from('{"count":1,"sum":2}')) },
  { name: 'the seal made unreadable', damage: (db) => db.put(Buffer.from('mlookups'), Buffer.from('{')) },
]

const verifyCodes = async (): Promise<string[]> => (await judgeFolder(test)).codes

async function doctorSays(): Promise<string | undefined> {
  return (await folderChecks(test.root, Date.now())).find(({ name }) => name === 'look-ups')?.status
}

describe('F-M3: look-up keys of an open ledger', () => {
  it('are compared after each start, and searched when they are as they were stored', async () => {
    held.restore()
    const ledger = await test.open()
    expect(await ledger.reads.search(byCase, everything, -1, 100)).toEqual([2, 3, 4, 5, 6, 7, 8, 9])
    expect(ledger.lookupState).toBe('verified')
    await ledger.deposit(test.deposit('one more', { sealed: { case: [{ number: caseNumber }] } }).presentation)
    await ledger.eraseDisclosures(4)
    await ledger.close()
    const again = await test.open()
    expect(await again.reads.search(byCase, everything, 2, 100)).toEqual([3, 5, 6, 7, 8, 9, 10])
    expect(await again.reads.search(byExhibit, everything, 2, 100)).toEqual([3, 5, 6, 7, 8, 9])
    await again.close()
    expect(await doctorSays()).toBe('ok')
    expect(await verifyCodes()).toEqual([])
  })

  it('compares what was there at the start, whatever is deposited meanwhile', async () => {
    held.restore()
    for (let i = 0; i < 3; i++) {
      const ledger = await test.open()
      const sent = Array.from({ length: 30 }, (_, k) => ledger.deposit(test.deposit(`at once ${i} ${k}`).presentation))
      await Promise.all(sent)
      expect(await ledger.reads.search({ by: 'kind', kind: 'participant.admit' }, everything, -1, 9)).toEqual([1])
      expect(ledger.lookupState).toBe('verified')
      await ledger.close()
    }
    expect(await verifyCodes()).toEqual([])
  })

  it.each(damages)('F-M3: $name: nothing is searched or sealed, and reindex mends it', async ({ damage }) => {
    held.restore()
    await editDatabase(test.folder.database, damage)
    const ledger = await test.open()
    const digest: LookupKey = { by: 'digest', algorithm: 'sha256', hex: sha256Hex('content 3') }
    for (const key of [byCase, digest, undefined])
      await expect(ledger.reads.search(key, everything, -1, 9)).rejects.toMatchObject({ code: 'lookups-damaged' })
    expect(ledger.lookupState).toBe('damaged')
    expect(() => ledger.requireReady()).toThrow('look-up keys')
    await expect(ledger.deposit(test.deposit('later').presentation)).rejects.toMatchObject({ code: 'lookups-damaged' })
    // What needs no look-up goes on.
    expect((await ledger.reads.entry(3)).index).toBe(3)
    await ledger.close()
    expect(await doctorSays()).toBe('fail')
    expect(await verifyCodes()).toContain('lookups-damaged')
    await reindex(test.root)
    expect(await doctorSays()).toBe('ok')
    const mended = await test.open()
    for (const key of [byCase, byExhibit])
      expect(await mended.reads.search(key, everything, -1, 100)).toEqual([2, 3, 4, 5, 6, 7, 8, 9])
    await mended.close()
  })

  it('R8: are made by reindex for a database of before there were keys by exhibit, which opens, and is told of', async () => {
    held.restore()
    const { seed } = readLookupCodec(test.folder)
    await editDatabase(test.folder.database, async (db) => {
      let checksum = JSON.parse(String(await db.get(Buffer.from('mlookups')))) as LookupChecksum
      for (const key of await keysFrom(db, 'le')) {
        const index = Number(key.readBigUInt64BE(key.length - 8))
        checksum = changeChecksum(checksum, keyHash(key.subarray(1, -8), index, seed), -1)
        await db.del(key)
      }
      await db.put(Buffer.from('mlookups'), Buffer.from(JSON.stringify(checksum)))
    })
    const older = await test.open()
    expect(await older.reads.search(byCase, everything, -1, 2)).toEqual([2, 3])
    expect(await older.reads.search(byExhibit, everything, -1, 2)).toEqual([])
    await older.close()
    expect(new Set(await verifyCodes())).toEqual(new Set(['lookup-missing']))
    expect((await reindex(test.root)).lookups).toEqual({ missing: 8, foreign: 0 })
    const mended = await test.open()
    expect(await mended.reads.search(byExhibit, everything, -1, 100)).toEqual([2, 3, 4, 5, 6, 7, 8, 9])
    await mended.close()
    expect(await verifyCodes()).toEqual([])
  })

  it.each([
    ['missing', (file: string) => rmSync(file)],
    ['cut short', (file: string) => writeFileSync(file, 'ab\n')],
  ])('F-M3: a secret that is %s keeps the ledger shut until it is reindexed', async (_name, damage) => {
    held.restore()
    damage(test.folder.lookupSecret)
    await expect(test.open()).rejects.toMatchObject({ code: 'lookups-damaged' })
    expect(await doctorSays()).toBe('fail')
    await reindex(test.root)
    const ledger = await test.open()
    expect(await ledger.reads.search(byCase, everything, -1, 3)).toEqual([2, 3, 4])
    await ledger.close()
  })

  it('F-M3: another secret than that of the keys is noticed', async () => {
    held.restore()
    const { lookupSecret } = test.folder
    writeFileSync(
      lookupSecret,
      readFileSync(lookupSecret, 'utf8').replace(/^./, (c) => (c === 'a' ? 'b' : 'a')),
    )
    const ledger = await test.open()
    await expect(ledger.reads.search(byCase, everything, -1, 9)).rejects.toMatchObject({ code: 'lookups-damaged' })
    await ledger.close()
    await reindex(test.root)
    expect(await doctorSays()).toBe('ok')
  })

  it('F-L: case numbers stand in look-up keys under the ledger’s own secret', async () => {
    held.restore()
    await editDatabase(test.folder.database, async (db) => {
      const [key] = await keysFrom(db, 'lc')
      const hash = readLookupCodec(test.folder).key(byCase)
      expect((key as Buffer).includes(hash)).toBe(true)
      expect((key as Buffer).includes(Buffer.from(sha256Hex(caseNumber), 'hex'))).toBe(false)
    })
  })
})
