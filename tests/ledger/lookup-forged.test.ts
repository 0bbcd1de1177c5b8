import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readOwnKey } from '../../src/ledger/data-folder.ts'
import { FolderSource } from '../../src/ledger/folder-source.ts'
import { LevelStorage } from '../../src/ledger/leveldb/level-storage.ts'
import { LookupAudit } from '../../src/ledger/lookup-audit.ts'
import { countedLookups, requireLookups } from '../../src/ledger/lookup-check.ts'
import { readLookupCodec } from '../../src/ledger/lookup-secret.ts'
import { addHash, keyHash } from '../../src/ledger/lookup-tally.ts'
import { findingOf } from '../../src/verify/report.ts'
import { walk } from '../../src/verify/walk.ts'
import { editDatabase } from '../support/damage.ts'
import { policyOfFolder, type TestFolder, trialFolder } from '../support/folder.ts'
import { statement } from '../support/statements.ts'

/*
 * Somebody who may write to the folder removes the look-up key by which the status of a deposit finds its retraction, and puts meaningless keys in
 * whose hashes have the same sum under the key that lies beside the database. They were sought for this secret: four lists of 2^18 suffice.
 */
const secret = Buffer.alloc(32, 7)
const deposited = 2
const retracted = 3
const meaningless = ['xa49bi', 'xb5dwj', 'xc5h1r', 'xd1g77']

let test: TestFolder
beforeAll(async () => {
  test = await trialFolder()
  const ledger = await test.open()
  const { index, leafHash } = await ledger.deposit(test.deposit('evidence').presentation)
  const of = { index, leafHash: Buffer.from(leafHash).toString('base64') }
  const retraction = statement(test.depositor, test.origin, 'evidence.retract', { of, reason: 'mistake' })
  const { index: second } = await ledger.deposit(retraction.presentation)
  await ledger.close()
  if (index !== deposited || second !== retracted) throw new Error('the entries stand elsewhere')
  // Its keys rest on no secret, for nothing is sealed: the checksum alone does.
  writeFileSync(test.folder.lookupSecret, `${secret.toString('hex')}\n`)
  const codec = readLookupCodec(test.folder)
  const storage = await LevelStorage.open(test.folder.database, codec)
  const checksum = await countedLookups(storage)
  await storage.close()
  await editDatabase(test.folder.database, (db) =>
    db.put(Buffer.from('mlookups'), Buffer.from(JSON.stringify(checksum))),
  )
})
afterAll(() => test.remove())

async function faults(): Promise<[string, number | undefined][]> {
  const source = await FolderSource.open(test.root, readOwnKey(test.folder))
  try {
    const audit = new LookupAudit(source.storage.codec)
    const report = await walk({ source, policy: policyOfFolder(test), observer: audit })
    const outside = await audit.finish(source.storage, report.size)
    return [...report.faults, ...outside.map((error) => findingOf(error, error.facts.index))].map(({ code, index }) => [
      code,
      index,
    ])
  } finally {
    await source.close()
  }
}

describe('R10: keys whose hashes have the sum of one that was removed', () => {
  it('are found by a re-walk, though the checksum of the database holds', async () => {
    expect(await faults()).toEqual([])
    const codec = readLookupCodec(test.folder)
    const removed = codec.list({ key: { by: 'target', index: deposited }, list: 'depositor' })
    const keys = meaningless.map((text) => Buffer.from(text))
    const sumOf = (list: readonly Buffer[]): number =>
      list.reduce((sum, key) => addHash(sum, keyHash(key, retracted, codec.seed), 1), 0)
    expect(sumOf(keys)).toBe(sumOf([removed]))
    const index = Buffer.alloc(8)
    index.writeBigUInt64BE(BigInt(retracted))
    const stored = (key: Buffer): Buffer => Buffer.concat([Buffer.from('l'), key, index])
    await editDatabase(test.folder.database, async (db) => {
      await db.del(stored(removed))
      for (const key of keys) await db.put(stored(key), Buffer.alloc(0))
      const { count, sum } = JSON.parse(String(await db.get(Buffer.from('mlookups')))) as { count: number; sum: number }
      await db.put(Buffer.from('mlookups'), Buffer.from(JSON.stringify({ count: count + 3, sum })))
    })
    // What an open ledger compares is satisfied: that is what is known of it (docs/design/storage.md).
    const storage = await LevelStorage.open(test.folder.database, codec)
    await requireLookups(storage)
    await storage.close()
    expect(await faults()).toEqual([
      ['lookup-foreign', retracted],
      ['lookup-foreign', retracted],
      ['lookup-foreign', retracted],
      ['lookup-foreign', retracted],
      ['lookup-missing', retracted],
    ])
  })
})
