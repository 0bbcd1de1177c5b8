import { cpSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { latin1 } from '../../src/core/bytes.ts'
import { loggedKeysOf } from '../../src/ledger/leveldb/logged-keys.ts'
import { LevelStorage } from '../../src/ledger/leveldb/level-storage.ts'
import { lookupRanges, scannedLetters, scanStep } from '../../src/ledger/leveldb/lookup-scan.ts'
import { TableReader } from '../../src/ledger/leveldb/table-reader.ts'
import { snapshotOf } from '../../src/ledger/leveldb/table-snapshot.ts'
import { pagesOf } from '../../src/ledger/lookup-check.ts'
import { auditHash, drawAuditKey } from '../../src/ledger/audit-hash.ts'
import { LookupCodec } from '../../src/ledger/lookup-codec.ts'
import { bucketOf, bucketsOf } from '../../src/ledger/lookup-sums.ts'
import { addHash, keyHash } from '../../src/ledger/lookup-tally.ts'
import { editDatabase, type RawDatabase } from '../support/damage.ts'
import { temporaryFolder } from '../support/folder.ts'
import { Random } from '../support/random.ts'

const { path, remove } = temporaryFolder()
afterAll(remove)
const codec = new LookupCodec(new Uint8Array(32).fill(3))
const auditKey = drawAuditKey()
const size = 9000
const folder = join(path, 'database')

const number8 = (value: number): Buffer => {
  const out = Buffer.alloc(8)
  out.writeBigUInt64BE(BigInt(value))
  return out
}

/** Some 20,000 keys, in tables and in a log; some were deleted, some written twice. */
beforeAll(async () => {
  await (await LevelStorage.open(folder, codec, { create: true })).close()
  const random = new Random(5)
  for (let part = 0; part < 3; part++) {
    await editDatabase(folder, async (db) => {
      const batch = db.batch()
      for (let index = 3000 * part; index < 3000 * (part + 1); index++) {
        const list = codec.list({
          key: { by: 'participant', id: random.pick(['a', 'police-9']) },
          list: 'evidence.deposit',
        })
        const digest = codec.list({ key: { by: 'target', index: random.below(size) }, list: 'a' })
        batch.put(Buffer.concat([Buffer.from('l'), list, number8(index)]), Buffer.alloc(0))
        if (index % 9 > 0) batch.put(Buffer.concat([Buffer.from('l'), digest, number8(index)]), Buffer.alloc(0))
        const jti = Buffer.from(Uint8Array.from({ length: 16 }, () => random.below(256)))
        const id = Buffer.concat([Buffer.from('jpolice-9\0'), jti])
        batch.put(id, Buffer.concat([number8(index), Buffer.alloc(32, index % 251)]))
        if (index % 11 === 0) batch.del(id)
        if (index % 13 === 0) batch.put(id, Buffer.concat([number8(index), Buffer.alloc(32, 252)]))
      }
      await batch.write()
    })
  }
})

interface Sums {
  readonly count: number
  readonly sum: number
  readonly buckets: readonly number[]
}

/** The reference: LevelDB's iterator, a key at a time. */
async function byLevel(location: string): Promise<Sums> {
  const storage = await LevelStorage.open(location, codec)
  const buckets = new Array<number>(bucketsOf(size)).fill(0)
  let [count, sum] = [0, 0]
  for await (const page of pagesOf(storage)) {
    for (const { key, index } of page) {
      const hash = auditHash(key, index, auditKey)
      count++
      sum = addHash(sum, keyHash(key, index, codec.seed), 1)
      buckets[bucketOf(index)] = addHash(buckets[bucketOf(index)] as number, hash, 1)
    }
  }
  await storage.close()
  return { count, sum, buckets }
}

/** Undefined where a step could not tell. */
function byTables(location: string): (Sums & { readonly steps: number }) | undefined {
  const snapshot = snapshotOf(location)
  if (snapshot === undefined) return undefined
  const logged = loggedKeysOf(snapshot.logs, scannedLetters)
  if (logged === undefined) return undefined
  const tables = new TableReader(snapshot)
  const sums = new Float64Array(bucketsOf(size))
  let [count, sum, steps] = [0, 0, 0]
  for (const { from, to } of lookupRanges(snapshot)) {
    for (let next: Uint8Array | undefined = from; next !== undefined; steps++) {
      const step = scanStep(tables, { from: next, to }, logged, { sums, size, seed: codec.seed, key: auditKey })
      if (step === undefined) return undefined
      count += step.count
      sum = addHash(sum, step.sum, 1)
      next = step.next
    }
  }
  return { count, sum, buckets: [...sums], steps }
}

describe('a scan of look-up keys out of tables and logs', () => {
  it('gives the sums of all that LevelDB’s iterator gives, in several steps', async () => {
    const found = byTables(folder)
    const copy = join(path, 'copy')
    cpSync(folder, copy, { recursive: true })
    expect(found).toEqual({ ...(await byLevel(copy)), steps: found?.steps })
    expect(found?.count).toBeGreaterThan(20_000)
    expect(found?.steps).toBeGreaterThan(2)
  })

  it('parts the keys without a gap, each letter from its beginning to its end', () => {
    const ranges = lookupRanges(snapshotOf(folder) as NonNullable<ReturnType<typeof snapshotOf>>)
    const bounds = ranges.map(({ from, to }) => [latin1(from), latin1(to)])
    expect([bounds[0]?.[0], bounds.at(-1)?.[1]]).toEqual(['j', 'm'])
    for (const [i, [from]] of bounds.slice(1).entries()) expect([bounds[i]?.[1], 'l']).toContain(from)
  })

  it.each<[string, (db: RawDatabase) => Promise<void>]>([
    ['leads past the end', (db) => db.put(Buffer.concat([Buffer.from('lpx\0\0'), number8(size)]), Buffer.alloc(0))],
    ['leads to no number', (db) => db.put(Buffer.from(`lpx${'\xff'.repeat(8)}`, 'latin1'), Buffer.alloc(0))],
    ['is too short', (db) => db.put(Buffer.from('l12345678'), Buffer.alloc(0))],
    ['is an id without its zero', (db) => db.put(Buffer.from(`jx${'y'.repeat(16)}`), Buffer.alloc(40))],
    ['is an id with a short value', (db) => db.put(Buffer.from(`jx\0${'y'.repeat(16)}`), Buffer.alloc(39))],
  ])('says nothing where a key %s', async (_what, damage) => {
    const copy = join(path, `copy-${_what}`)
    cpSync(folder, copy, { recursive: true })
    await editDatabase(copy, damage)
    expect(byTables(copy)).toBeUndefined()
  })
})
