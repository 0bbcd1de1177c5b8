import { existsSync, rmSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  databaseFormat,
  FolderSource,
  migrate,
  type MigrationStep,
  migrationSteps,
  readOwnKey,
} from '../../src/ledger/index.ts'
import { walk } from '../../src/verify/index.ts'
import { editDatabase, folderHash, type RawDatabase, unpackEntries } from '../support/damage.ts'
import { policyOfFolder, type TestFolder, trialFolder } from '../support/folder.ts'
import { statement } from '../support/statements.ts'

/*
 * A real database in formats that came before: format 1 is the first that there was; the formats 0 and 00 before
 * it are made up, with entries under "x" and "y". Their steps move them a few at a time, and can be cut off after any batch.
 */
const size = 40
let test: TestFolder

async function renameKeys(db: RawDatabase, from: string, to: string, limit: number): Promise<number> {
  const range = { gte: Buffer.from(from), lt: Buffer.from(String.fromCharCode(from.charCodeAt(0) + 1)), limit }
  const found = await db.iterator(range).all()
  const batch = db.batch()
  for (const [key, value] of found) {
    batch.put(Buffer.concat([Buffer.from(to), key.subarray(1)]), value)
    batch.del(key)
  }
  await batch.write({ sync: true })
  return found.length
}

async function setFormat(db: RawDatabase, format: string): Promise<void> {
  await db.put(Buffer.from('mformat'), Buffer.from(format), { sync: true })
}

/** @param cutAfter batches after which the step breaks off, as a crash would. */
function step(
  from: string,
  to: string,
  letters: readonly [string, string],
  cutAfter = Number.POSITIVE_INFINITY,
): MigrationStep {
  return {
    from,
    to,
    what: `moves entries from ${letters[0]} to ${letters[1]}`,
    run: (database, onProgress) =>
      editDatabase(database, async (db) => {
        let moved = 0
        for (let batches = 0; ; batches++) {
          if (batches === cutAfter) throw new Error('cut off')
          const count = await renameKeys(db, letters[0], letters[1], 15)
          moved += count
          onProgress(moved, size)
          if (count === 0) break
        }
        await setFormat(db, to)
      }),
  }
}

const steps = [step('00', '0', ['y', 'x']), step('0', '1', ['x', 'e']), ...migrationSteps]

async function makeOld(format: '0' | '00'): Promise<void> {
  await editDatabase(test.folder.database, async (db) => {
    await unpackEntries(db, format === '0' ? 'x' : 'y')
    await setFormat(db, format)
  })
}

async function faults(): Promise<string[]> {
  const source = await FolderSource.open(test.root, readOwnKey(test.folder))
  const report = await walk({ source, policy: policyOfFolder(test) })
  await source.close()
  expect(report.size).toBe(size)
  return [...source.faults, ...report.faults].map(({ code }) => code)
}

beforeEach(async () => {
  test = await trialFolder()
  const ledger = await test.open()
  await Promise.all(Array.from({ length: size - 2 }, (_, i) => ledger.deposit(test.deposit(`${i}`).presentation)))
  await ledger.close()
})
afterEach(() => test.remove())

describe('the step to format 3', () => {
  /** Keys of the kinds that format 2 did not have. */
  async function laterKeys(db: RawDatabase): Promise<string[]> {
    const keys = await db.keys({ gte: Buffer.from('l'), lt: Buffer.from('m') }).all()
    return keys.filter((key) => 'ruy'.includes(String.fromCharCode(key[1] as number))).map((key) => key.toString('hex'))
  }

  it('adds the keys from an entry to what happened to it later, as a new ledger has them', async () => {
    const ledger = await test.open()
    const { index, leafHash: hash } = await ledger.deposit(test.deposit('target').presentation)
    const of = { index, leafHash: Buffer.from(hash).toString('base64') }
    const retract = statement(test.depositor, test.origin, 'evidence.retract', { of, reason: 'mistake' })
    await ledger.deposit(retract.presentation)
    const revoke = statement(
      test.administrator,
      test.origin,
      'participant.revoke',
      { participant: 'depositor', reason: 'other' },
      { iss: 'administrator' },
    )
    await ledger.deposit(revoke.presentation)
    await ledger.close()
    let before: string[] = []
    await editDatabase(test.folder.database, async (db) => {
      before = await laterKeys(db)
      expect(before.length).toBe(2)
      for (const key of before) await db.del(Buffer.from(key, 'hex'))
      await setFormat(db, '2')
    })
    await expect(test.open()).rejects.toMatchObject({ code: 'migration-needed' })
    await migrate(test.root)
    await editDatabase(test.folder.database, async (db) => expect(await laterKeys(db)).toEqual(before))
  })
})

describe('migration', () => {
  it('is asked for by an older database, which is opened by nobody meanwhile', async () => {
    await makeOld('0')
    const before = folderHash(test.root)
    await expect(test.open()).rejects.toMatchObject({ code: 'migration-needed' })
    await expect(FolderSource.open(test.root, readOwnKey(test.folder))).rejects.toMatchObject({
      code: 'migration-needed',
    })
    expect(folderHash(test.root)).toBe(before)
  })

  it('copies, steps through every format, and leaves a ledger without a fault', async () => {
    await makeOld('00')
    const taken: string[] = []
    const report = await migrate(test.root, { steps, onStep: ({ to }) => taken.push(to) })
    const copy = `${test.folder.database}.format-00`
    expect(report).toEqual({ from: '00', to: databaseFormat, steps: steps.map(({ what }) => what), copy })
    expect(taken).toEqual(['0', '1', '2', databaseFormat])
    expect(await faults()).toEqual([])
    await (await test.open()).close()
    // The copy is the database as it was: put back, it is what an older program would open.
    rmSync(test.folder.database, { recursive: true })
    await editDatabase(copy, async (db) => {
      expect((await db.keys({ gte: Buffer.from('y'), lt: Buffer.from('z') }).all()).length).toBe(size)
      expect((await db.get(Buffer.from('mformat')))?.toString()).toBe('00')
    })
  })

  it.each([0, 1, 2])('goes on after it was cut off in batch %i, and keeps the first copy', async (cutAfter) => {
    await makeOld('0')
    await expect(
      migrate(test.root, { steps: [step('0', '1', ['x', 'e'], cutAfter), ...migrationSteps] }),
    ).rejects.toThrow('cut off')
    await expect(test.open()).rejects.toMatchObject({ code: 'migration-needed' })
    const copy = `${test.folder.database}.format-0`
    const first = folderHash(copy)
    await migrate(test.root, { steps })
    expect(folderHash(copy)).toBe(first)
    expect(await faults()).toEqual([])
  })

  it.each([0, 5, 32, 33])('packs what an earlier run left unpacked, from entry %i on', async (from) => {
    await editDatabase(test.folder.database, async (db) => {
      // Runs of one are all that is there before the first multiple of 32 that is cut at.
      await unpackEntries(db, 'e', from)
      await setFormat(db, '1')
    })
    await migrate(test.root, {})
    expect(await faults()).toEqual([])
    await editDatabase(test.folder.database, async (db) => {
      expect(await db.keys({ gte: Buffer.from('e'), lt: Buffer.from('f') }).all()).toEqual([])
    })
  })

  it('makes no copy where the operator says so, and does nothing to a current database', async () => {
    await makeOld('0')
    expect(await migrate(test.root, { steps, backup: false })).toMatchObject({ copy: undefined })
    expect(existsSync(`${test.folder.database}.format-0`)).toBe(false)
    const before = folderHash(test.root)
    expect(await migrate(test.root, { steps })).toEqual({
      from: databaseFormat,
      to: databaseFormat,
      steps: [],
      copy: undefined,
    })
    expect(folderHash(test.root)).toBe(before)
  })

  it('refuses a format from which no step leads, a newer one, and a ledger in use', async () => {
    await makeOld('0')
    await expect(migrate(test.root, { steps: [] })).rejects.toMatchObject({ code: 'format-version' })
    await editDatabase(test.folder.database, (db) => setFormat(db, '99'))
    const before = folderHash(test.root)
    await expect(migrate(test.root, { steps })).rejects.toMatchObject({ code: 'format-version' })
    await expect(test.open()).rejects.toMatchObject({ code: 'format-version' })
    expect(folderHash(test.root)).toBe(before)
    await editDatabase(test.folder.database, (db) => setFormat(db, '0'))
    await migrate(test.root, { steps })
    const ledger = await test.open()
    await expect(migrate(test.root, { steps })).rejects.toMatchObject({ code: 'ledger-in-use' })
    await ledger.close()
  })

  it('is refused a step that did not do what it says', async () => {
    await makeOld('0')
    const idle: MigrationStep = { ...(steps[1] as MigrationStep), run: () => Promise.resolve() }
    await expect(migrate(test.root, { steps: [idle] })).rejects.toMatchObject({ code: 'format-version' })
  })
})
