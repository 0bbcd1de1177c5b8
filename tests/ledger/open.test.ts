import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readOwnKey } from '../../src/ledger/data-folder.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { readHead } from '../../src/ledger/head-file.ts'
import {
  databaseFiles,
  editDatabase,
  flipBit,
  folderHash,
  type RawDatabase,
  readRawEntry,
  writeRawEntry,
} from '../support/damage.ts'
import { temporaryFolder, type TestFolder, trialFolder } from '../support/folder.ts'

/** A refusal must leave the folder as it was found: byte for byte, name for name. */
let test: TestFolder
let kept: { path: string; remove: () => void }
const deposits = 40

beforeAll(async () => {
  test = await trialFolder()
  const ledger = await test.open()
  for (let i = 0; i < deposits; i++) await ledger.deposit(test.deposit(`content ${i}`).presentation)
  await ledger.close()
  kept = temporaryFolder()
  cpSync(test.root, join(kept.path, 'data'), { recursive: true })
})
afterAll(() => {
  test.remove()
  kept.remove()
})

/** Restores the sound folder, damages it, and expects opening to refuse without a trace. */
async function refuses(damage: () => Promise<void> | void, codes: string[]): Promise<void> {
  rmSync(test.root, { recursive: true })
  cpSync(join(kept.path, 'data'), test.root, { recursive: true })
  await damage()
  const before = folderHash(test.root)
  const error = await test.open().then(
    async (ledger) => {
      await ledger.close()
      return undefined
    },
    (reason: { code: string }) => reason,
  )
  expect(codes).toContain(error?.code)
  expect(folderHash(test.root)).toBe(before)
}

const database = (): string => test.folder.database
const logs = (): string[] => databaseFiles(database(), /\.log$/)
/** The log of the sound folder, under the name that it has once restored. */
const soundLog = (): string => {
  const [path] = databaseFiles(join(kept.path, 'data', 'ledger'), /\.log$/)
  return join(database(), basename(path as string))
}
const soundBytes = (): Buffer => readFileSync(join(kept.path, 'data', 'ledger', basename(soundLog())))

describe('opening', () => {
  it('goes on where the ledger stopped', async () => {
    rmSync(test.root, { recursive: true })
    cpSync(join(kept.path, 'data'), test.root, { recursive: true })
    const ledger = await test.open()
    expect(ledger.reads.size).toBe(deposits + 2)
    await ledger.close()
  })

  it('refuses a flipped bit anywhere in the log', async () => {
    const log = soundLog()
    const bits = soundBytes().length * 8
    for (let i = 0; i < 40; i++) {
      const bit = Math.floor((bits * (i + 0.5)) / 40)
      await refuses(
        () => flipBit(log, bit),
        ['database-log-damaged', 'database-behind-head', 'checkpoint-missing', 'database-thinned'],
      )
    }
  })

  it('refuses a log cut short, even where it is cut between records', async () => {
    const log = soundLog()
    const bytes = soundBytes()
    for (const share of [0, 0.3, 0.7, 0.99]) {
      await refuses(
        () => writeFileSync(log, bytes.subarray(0, Math.floor(bytes.length * share))),
        [
          'database-behind-head',
          'database-log-damaged',
          'checkpoint-missing',
          'database-thinned',
          'storage-damaged',
          'database-missing',
          'format-version',
        ],
      )
    }
  })

  it('refuses a log that is gone', async () => {
    await refuses(
      () => logs().forEach((path) => rmSync(path)),
      ['database-behind-head', 'checkpoint-missing', 'format-version', 'storage-damaged'],
    )
  })

  it('refuses where CURRENT, the manifest or the whole database is gone', async () => {
    await refuses(() => rmSync(join(database(), 'CURRENT')), ['database-missing'])
    await refuses(() => databaseFiles(database(), /^MANIFEST/).forEach((path) => rmSync(path)), ['database-missing'])
    await refuses(() => rmSync(database(), { recursive: true }), ['database-missing'])
    expect(existsSync(database())).toBe(false)
  })

  it('refuses a head without a valid slot, a missing head, and a head from elsewhere', async () => {
    await refuses(() => writeFileSync(test.folder.head, Buffer.alloc(8192)), ['head-invalid'])
    await refuses(() => writeFileSync(test.folder.head, 'x'), ['head-invalid'])
    await refuses(() => rmSync(test.folder.head), ['head-missing'])
  })

  it('counts the other slot where one is torn', async () => {
    rmSync(test.root, { recursive: true })
    cpSync(join(kept.path, 'data'), test.root, { recursive: true })
    const key = readOwnKey(test.folder)
    const head = readHead(test.folder.head, key)
    const bytes = readFileSync(test.folder.head)
    bytes.fill(0xff, head.slot * 4096 + 10, head.slot * 4096 + 60)
    writeFileSync(test.folder.head, bytes)
    expect(readHead(test.folder.head, key).checkpoint.size).toBe(head.checkpoint.size - 1)
    const ledger = await test.open()
    // The database is ahead of what is left of the head: rolled forward.
    expect(readHead(test.folder.head, key).checkpoint.size).toBe(deposits + 2)
    await ledger.close()
  })

  it('refuses a database rolled back behind its head', async () => {
    const older = temporaryFolder()
    cpSync(join(kept.path, 'data', 'ledger'), join(older.path, 'ledger'), { recursive: true })
    rmSync(test.root, { recursive: true })
    cpSync(join(kept.path, 'data'), test.root, { recursive: true })
    const ledger = await test.open()
    await ledger.deposit(test.deposit('one more').presentation)
    await ledger.close()
    const head = readFileSync(test.folder.head)
    await refuses(() => {
      writeFileSync(test.folder.head, head)
      rmSync(database(), { recursive: true })
      renameSync(join(older.path, 'ledger'), database())
    }, ['database-behind-head'])
    older.remove()
  })

  it('refuses a thinned database: an entry gone, altered, or too many', async () => {
    await refuses(
      () => editDatabase(database(), (db) => writeRawEntry(db, 20, undefined)),
      ['entry-missing', 'database-thinned'],
    )
    await refuses(
      () =>
        editDatabase(database(), async (db) => {
          const bytes = await readRawEntry(db, 20)
          bytes[40] = (bytes[40] as number) ^ 1
          await writeRawEntry(db, 20, bytes)
        }),
      ['root-mismatch'],
    )
    await refuses(
      () => editDatabase(database(), async (db) => writeRawEntry(db, deposits + 2, Buffer.from('x'))),
      ['entry-unexpected'],
    )
  })

  it('refuses a registry that its look-up keys no longer lead to', async () => {
    await refuses(
      () =>
        editDatabase(database(), async (db) => {
          for await (const key of db.keys({
            gte: Buffer.from('lkparticipant.admit'),
            lt: Buffer.from('lkparticipant.admiu'),
          }))
            await db.del(key)
        }),
      ['database-thinned'],
    )
  })

  it('refuses a folder that a live process has, and one of another format', async () => {
    rmSync(test.root, { recursive: true })
    cpSync(join(kept.path, 'data'), test.root, { recursive: true })
    const ledger = await test.open()
    await expect(test.open()).rejects.toMatchObject({ code: 'ledger-in-use' })
    await ledger.close()
    await refuses(
      () => writeFileSync(test.folder.config, '{"format":2,"reading":"public","openDisclosures":false}'),
      ['format-version'],
    )
    await refuses(() => writeFileSync(test.folder.config, '{"format":1}'), ['config-invalid'])
  })

  it.each(['0', '2', '99', 'x'])('refuses a database whose layout has the number %s', async (number) => {
    const relabel = (db: RawDatabase): Promise<void> => db.put(Buffer.from('mformat'), Buffer.from(number))
    await refuses(() => editDatabase(database(), relabel), ['format-version'])
    await expect(FolderSource.open(test.root, readOwnKey(test.folder))).rejects.toMatchObject({
      code: 'format-version',
    })
  })
})
