import { afterAll, describe, expect, it } from 'vitest'
import { join } from 'node:path'
import { LevelStorage } from '../../src/ledger/leveldb/level-storage.ts'
import { LookupCodec } from '../../src/ledger/lookup-codec.ts'
import { MemoryStorage } from '../../src/ledger/storage-memory.ts'
import { temporaryFolder } from '../support/folder.ts'
import { storageConformance } from './storage-conformance.ts'

const { path, remove } = temporaryFolder()
afterAll(remove)
const codec = new LookupCodec(new Uint8Array(32).fill(7))
let count = 0
const locations = new WeakMap<object, string>()

storageConformance('memory', () => Promise.resolve(new MemoryStorage(codec)))
storageConformance(
  'LevelDB',
  async () => {
    const location = join(path, `db-${count++}`)
    const storage = await LevelStorage.open(location, codec, { create: true })
    locations.set(storage, location)
    return storage
  },
  async (storage) => {
    await storage.close()
    return LevelStorage.open(locations.get(storage) as string, codec)
  },
)

describe('LevelStorage', () => {
  it('never makes a database in the place of a missing one', async () => {
    await expect(LevelStorage.open(join(path, 'nowhere'), codec)).rejects.toMatchObject({ code: 'database-missing' })
  })

  it('never creates over an existing one', async () => {
    const location = join(path, 'once')
    await (await LevelStorage.open(location, codec, { create: true })).close()
    await expect(LevelStorage.open(location, codec, { create: true })).rejects.toThrow()
  })

  it('says that another process has it', async () => {
    const location = join(path, 'held')
    const storage = await LevelStorage.open(location, codec, { create: true })
    await expect(LevelStorage.open(location, codec)).rejects.toMatchObject({ code: 'ledger-in-use' })
    await storage.close()
  })
})
